#include <algorithm>
#include <array>
#include <cmath>

#include "feature/row.h"

namespace davy::feature {
namespace {

using event::Directory;
using event::FileClass;
using event::Flag;
using event::LibraryClass;
using event::Peak;
using event::Sum;

/// Bottom-k estimate: the k smallest of n uniform hashes reach as far as k/n of their range (Bar-Yossef et al. 2002).
double distinct_directories(const Measures& m) {
  const auto& held = m.activity.directories;
  if (m.armed_cpu_s <= 0) return kUnknown;
  if (!held.full()) return static_cast<double>(held.size());
  const double reach = static_cast<double>(held[held.size() - 1].hash) / 0x1p64;
  return ratio(static_cast<double>(held.size() - 1), reach, static_cast<double>(held.size()));
}

template <FileClass... Classes>
double opens_of(const Measures& m) {
  return m.per_armed_s(m.opens({Classes...}));
}

/// Share of the opens whose path was seen; few opens draw it to 0.
double share_of_opens(const Measures& m, double opens) { return share(opens, m[Sum::kOpensSeen] + 5); }

template <LibraryClass... Classes>
double libraries_of(const Measures& m) {
  return m.activity.has(Flag::kMemoryMapped) ? m.libraries({Classes...}) : kUnknown;
}

constexpr auto kRows = std::to_array<Row>({
    {"directories", "count", Scale::kLog, 3, "Different directories in which it opened something.",
     distinct_directories},
    {"opens_program", "1/cpu s", Scale::kLog, 0.5,
     "Programs and libraries of packages opened per CPU second: something is being started.",
     opens_of<FileClass::kPackageBinary, FileClass::kPackageLibrary>},
    {"opens_package_data", "1/cpu s", Scale::kLog, 0.5, "Data of installed packages opened per CPU second.",
     opens_of<FileClass::kPackageData>},
    {"opens_work", "1/cpu s", Scale::kLog, 0.5,
     "Files of its own work (home, application and working directories) opened per CPU second.",
     opens_of<FileClass::kHome, FileClass::kAdded, FileClass::kRelative, FileClass::kOther>},
    {"opens_state", "1/cpu s", Scale::kLog, 0.1, "State, logs and caches opened per CPU second.",
     opens_of<FileClass::kState, FileClass::kLog, FileClass::kCache, FileClass::kRun>},
    {"opens_configuration", "1/cpu s", Scale::kLog, 0.1, "Configuration opened per CPU second.",
     opens_of<FileClass::kConfiguration>},
    {"opens_gpu", "1/cpu s", Scale::kLog, 0, "Devices of GPUs opened per CPU second.", opens_of<FileClass::kDeviceGpu>},
    {"opens_writing", "share", Scale::kLinear, 0, "Share of the files it opens that it opens for writing.",
     [](const Measures& m) { return share_of_opens(m, m[Sum::kOpensWriting]); }},
    {"opens_hidden", "share", Scale::kLinear, 0, "Share of the files it opens that are hidden by a dot.",
     [](const Measures& m) { return share_of_opens(m, m[Sum::kOpensHidden]); }},
    {"code_files", "count", Scale::kLog, 8, "Files mapped as code: the executable and its libraries.",
     [](const Measures& m) { return m[Peak::kExecutableFiles] > 0 ? m[Peak::kExecutableFiles] : kUnknown; }},
    {"exe_static", "yes", Scale::kLinear, 0, "Whether its executable needs no libraries at all.",
     [](const Measures& m) { return m.activity.has(Flag::kMemoryMapped) ? m.has(Flag::kExeStatic) : kUnknown; }},
    {"libraries_numeric", "count", Scale::kLog, 0, "Libraries for numerical and parallel computing it has mapped.",
     libraries_of<LibraryClass::kLinearAlgebra, LibraryClass::kThreading>},
    {"libraries_crypto", "count", Scale::kLog, 0, "Libraries for cryptography and encrypted connections.",
     libraries_of<LibraryClass::kCryptography, LibraryClass::kTransportSecurity>},
    {"libraries_topology", "count", Scale::kLog, 0, "Libraries that tell how CPUs and memory are laid out.",
     libraries_of<LibraryClass::kHardwareTopology>},
    {"libraries_gpu", "count", Scale::kLog, 0, "Libraries that drive GPUs.", libraries_of<LibraryClass::kGpu>},
    {"libraries_media", "count", Scale::kLog, 0, "Libraries for pictures, sound, video and desktops.",
     libraries_of<LibraryClass::kMedia, LibraryClass::kImage, LibraryClass::kDesktop>},
    {"libraries_runtime", "count", Scale::kLog, 0, "Libraries of language runtimes: Java, JavaScript, Python, scripts.",
     libraries_of<LibraryClass::kJava, LibraryClass::kJavaScript, LibraryClass::kPython, LibraryClass::kScripting>},
    {"libraries_data", "count", Scale::kLog, 0, "Libraries for databases, compression and transfers.",
     libraries_of<LibraryClass::kDatabase, LibraryClass::kCompression, LibraryClass::kTransfer>},
    {"libraries_private", "count", Scale::kLog, 0, "Libraries that are of no package.",
     libraries_of<LibraryClass::kPrivate>},
});

}  // namespace

std::span<const Row> library_rows() { return kRows; }

}  // namespace davy::feature
