#include "collect/origin.h"

#include "collect/path_class.h"
#include "event/counters.h"

namespace davy::collect {
namespace {

using event::FileClass;
using event::Flag;

constexpr std::string_view kDeleted = " (deleted)";
constexpr std::chrono::minutes kYoung{10};
/// Change times have whole seconds on some paths to us: less than that apart tells nothing.
constexpr std::chrono::seconds kClockGrain{1};

class Flags {
 public:
  void set_if(Flag flag, bool holds) { bits_ |= std::uint64_t{holds} << static_cast<unsigned>(flag); }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }

 private:
  std::uint64_t bits_ = 0;
};

bool is_memfd(std::string_view path) { return path.starts_with("/memfd:") || path.starts_with("memfd:"); }

bool is_packaged(FileClass place) {
  return place == FileClass::kPackageBinary || place == FileClass::kPackageLibrary || place == FileClass::kPackageData;
}

void set_place(Flags& flags, std::string_view path) {
  const FileClass place = classify(path, {});
  // By place, not by class: keys and start-up files below a home directory are in it all the same.
  const bool home = path.starts_with("/home/") || path.starts_with("/root/");
  flags.set_if(Flag::kExeTemporary, place == FileClass::kTemporary);
  flags.set_if(Flag::kExeSharedMemory, place == FileClass::kSharedMemory);
  flags.set_if(Flag::kExeHome, place == FileClass::kHome || home);
  flags.set_if(Flag::kExePackaged, is_packaged(place));
  flags.set_if(Flag::kExeHidden, is_hidden(path));
}

void set_age(Flags& flags, const ExeFacts& facts) {
  if (!facts.changed) return;
  if (facts.executed) flags.set_if(Flag::kExeYoung, *facts.executed < *facts.changed + kYoung);
  if (facts.container_started) {
    flags.set_if(Flag::kExeAdded, *facts.changed > *facts.container_started + kClockGrain);
  }
}

}  // namespace

std::uint64_t origin_flags(const ExeFacts& facts) {
  Flags flags;
  const std::string_view path = shown_path(facts.path);
  const bool memfd = is_memfd(path);
  flags.set_if(Flag::kExeMemfd, memfd);
  // A memfd has no name from the start; deleted is said of files that had one.
  flags.set_if(Flag::kExeDeleted, !memfd && facts.deleted.value_or(facts.path.ends_with(kDeleted)));
  if (!memfd && !path.empty()) set_place(flags, path);
  if (!memfd) set_age(flags, facts);
  if (facts.loader_mapped) flags.set_if(Flag::kExeStatic, !*facts.loader_mapped);
  return flags.bits();
}

std::string_view shown_path(std::string_view path) {
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  return path;
}

}  // namespace davy::collect
