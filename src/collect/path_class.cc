#include "collect/path_class.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <span>

#include "base/hash.h"

namespace davy::collect {
namespace {

using event::FileClass;

/// A path after lexical resolution: its first components and what is known of the rest.
struct Resolved {
  static constexpr std::size_t kLimit = 24;
  std::array<std::string_view, kLimit> parts;
  std::size_t depth = 0;                    // components, those beyond kLimit included
  std::size_t hidden_at = ~std::size_t{0};  // the first component that starts with a dot
  bool absolute = false;

  [[nodiscard]] std::size_t kept() const { return std::min(depth, kLimit); }

  void push(std::string_view part) {
    if (part.front() == '.') hidden_at = std::min(hidden_at, depth);
    if (depth < kLimit) parts[depth] = part;
    ++depth;
  }
  void pop() {
    if (depth > 0) --depth;
    if (hidden_at >= depth) hidden_at = ~std::size_t{0};
  }
};

/// Calls `take` with each component of `path` in turn, empty ones left out.
template <typename Take>
void for_each_part(std::string_view path, Take take) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) take(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
}

Resolved resolve(std::string_view path) {
  Resolved resolved;
  resolved.absolute = path.starts_with('/');
  for_each_part(path, [&](std::string_view part) {
    if (part == ".") return;
    if (part == "..") {
      resolved.pop();
    } else {
      resolved.push(part);
    }
  });
  return resolved;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A row holds for every path that starts with these components. "#" is any number, "*" any component, "x*" any that
/// starts with x.
struct Row {
  std::string_view pattern;
  FileClass file_class;
};

/// Rows of one first component; the first row that holds decides, `otherwise` if none does.
struct Place {
  std::string_view first;
  std::span<const Row> rows;
  FileClass otherwise;
};

constexpr std::array kSys{
    Row{"devices/system/node/*/hugepages", FileClass::kHugePageSettings},
    Row{"devices/system/cpu", FileClass::kCpuTopology},
    Row{"devices/cpu*", FileClass::kCpuTopology},
    Row{"bus/cpu", FileClass::kCpuTopology},
    Row{"devices/system/node", FileClass::kNumaTopology},
    Row{"bus/node", FileClass::kNumaTopology},
    Row{"kernel/mm/hugepages", FileClass::kHugePageSettings},
    Row{"kernel/mm/transparent_hugepage", FileClass::kHugePageSettings},
    Row{"module/msr", FileClass::kMsr},
    Row{"class/msr", FileClass::kMsr},
    Row{"devices/virtual/msr", FileClass::kMsr},
    Row{"class/dmi", FileClass::kDmi},
    Row{"devices/virtual/dmi", FileClass::kDmi},
    Row{"firmware", FileClass::kDmi},
    Row{"fs/cgroup", FileClass::kCgroupFiles},
};
constexpr std::array kProc{
    Row{"cpuinfo", FileClass::kCpuTopology},
    Row{"cgroups", FileClass::kCgroupFiles},
    Row{"mounts", FileClass::kProcSelf},
    Row{"sys/vm/nr_hugepages*", FileClass::kHugePageSettings},
    Row{"sys/vm/nr_overcommit_hugepages", FileClass::kHugePageSettings},
    Row{"sys/vm/hugetlb_shm_group", FileClass::kHugePageSettings},
    Row{"driver/nvidia*", FileClass::kDeviceGpu},
};
constexpr std::array kDev{
    Row{"cpu/#/msr", FileClass::kMsr},
    Row{"shm", FileClass::kSharedMemory},
    Row{"hugepages*", FileClass::kHugePageSettings},
    Row{"nvidia*", FileClass::kDeviceGpu},
    Row{"dri", FileClass::kDeviceGpu},
    Row{"kfd", FileClass::kDeviceGpu},
    Row{"random", FileClass::kDeviceRandom},
    Row{"urandom", FileClass::kDeviceRandom},
    Row{"hwrng", FileClass::kDeviceRandom},
};
constexpr std::array kEtc{
    Row{"ld.so.cache", FileClass::kPackageLibrary}, Row{"shadow*", FileClass::kCredentials},
    Row{"gshadow*", FileClass::kCredentials},       Row{"sudoers*", FileClass::kCredentials},
    Row{"ssh/ssh_host_*", FileClass::kCredentials}, Row{"ssl/private", FileClass::kCredentials},
    Row{"kubernetes", FileClass::kCredentials},     Row{"rancher", FileClass::kCredentials},
    Row{"krb5.keytab", FileClass::kCredentials},    Row{"cron*", FileClass::kPersistence},
    Row{"anacrontab", FileClass::kPersistence},     Row{"systemd/system", FileClass::kPersistence},
    Row{"systemd/user", FileClass::kPersistence},   Row{"rc.local", FileClass::kPersistence},
    Row{"rc*.d", FileClass::kPersistence},          Row{"init.d", FileClass::kPersistence},
    Row{"init", FileClass::kPersistence},           Row{"inittab", FileClass::kPersistence},
    Row{"ld.so.preload", FileClass::kPersistence},  Row{"profile", FileClass::kPersistence},
    Row{"profile.d", FileClass::kPersistence},      Row{"bash.bashrc", FileClass::kPersistence},
    Row{"xdg/autostart", FileClass::kPersistence},
};
constexpr std::array kUsr{
    Row{"local", FileClass::kAdded},
    Row{"lib/systemd/system", FileClass::kPersistence},
    Row{"lib/systemd/user", FileClass::kPersistence},
    Row{"bin", FileClass::kPackageBinary},
    Row{"sbin", FileClass::kPackageBinary},
    Row{"libexec", FileClass::kPackageBinary},
    Row{"games", FileClass::kPackageBinary},
    Row{"lib*", FileClass::kPackageLibrary},
    Row{"share", FileClass::kPackageData},
    Row{"include", FileClass::kPackageData},
};
constexpr std::array kLib{
    Row{"systemd/system", FileClass::kPersistence},
    Row{"systemd/user", FileClass::kPersistence},
};
constexpr std::array kVar{
    Row{"tmp", FileClass::kTemporary},
    Row{"spool/cron", FileClass::kPersistence},
    Row{"spool/anacron", FileClass::kPersistence},
    Row{"run/secrets", FileClass::kCredentials},
    Row{"run/shm", FileClass::kSharedMemory},
    Row{"run", FileClass::kRun},
    Row{"lib", FileClass::kState},
    Row{"log", FileClass::kLog},
    Row{"cache", FileClass::kCache},
};
constexpr std::array kRunRows{
    Row{"secrets", FileClass::kCredentials},
    Row{"shm", FileClass::kSharedMemory},
    Row{"systemd/system", FileClass::kPersistence},
};
// Below a home directory.
constexpr std::array kHomeRows{
    Row{".docker/config.json", FileClass::kCredentials},
    Row{".config/gcloud", FileClass::kCredentials},
    Row{".git-credentials", FileClass::kCredentials},
    Row{".netrc", FileClass::kCredentials},
    Row{".pgpass", FileClass::kCredentials},
    Row{".my.cnf", FileClass::kCredentials},
    Row{".bashrc", FileClass::kPersistence},
    Row{".bash_profile", FileClass::kPersistence},
    Row{".bash_login", FileClass::kPersistence},
    Row{".profile", FileClass::kPersistence},
    Row{".zshrc", FileClass::kPersistence},
    Row{".config/systemd", FileClass::kPersistence},
    Row{".config/autostart", FileClass::kPersistence},
};
constexpr std::array kMnt{Row{"huge*", FileClass::kHugePageSettings}};

constexpr std::array kPlaces{
    Place{"proc", kProc, FileClass::kProcSystem},
    Place{"sys", kSys, FileClass::kSysOther},
    Place{"dev", kDev, FileClass::kDeviceOther},
    Place{"usr", kUsr, FileClass::kOther},
    Place{"etc", kEtc, FileClass::kConfiguration},
    Place{"lib", kLib, FileClass::kPackageLibrary},
    Place{"lib32", {}, FileClass::kPackageLibrary},
    Place{"lib64", {}, FileClass::kPackageLibrary},
    Place{"libx32", {}, FileClass::kPackageLibrary},
    Place{"bin", {}, FileClass::kPackageBinary},
    Place{"sbin", {}, FileClass::kPackageBinary},
    Place{"tmp", {}, FileClass::kTemporary},
    Place{"var", kVar, FileClass::kOther},
    Place{"run", kRunRows, FileClass::kRun},
    Place{"home", {}, FileClass::kHome},
    Place{"root", kHomeRows, FileClass::kHome},
    Place{"opt", {}, FileClass::kAdded},
    Place{"srv", {}, FileClass::kAdded},
    Place{"app", {}, FileClass::kAdded},
    Place{"mnt", kMnt, FileClass::kOther},
    Place{"hugepages", {}, FileClass::kHugePageSettings},
};

// Directories that hold keys wherever they stand.
constexpr std::array<std::string_view, 6> kKeyDirectories{".ssh", ".aws", ".azure", ".kube", ".gnupg", ".oci"};

using Parts = std::span<const std::string_view>;

bool part_holds(std::string_view pattern, std::string_view part) {
  if (pattern == "#") return is_number(part);
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == part;
  const std::string_view tail = pattern.substr(star + 1);
  return part.size() + 1 >= pattern.size() && part.starts_with(pattern.substr(0, star)) && part.ends_with(tail);
}

bool row_holds(std::string_view pattern, Parts parts) {
  bool holds = true;
  std::size_t at = 0;
  for_each_part(pattern, [&](std::string_view wanted) {
    holds = holds && at < parts.size() && part_holds(wanted, parts[at]);
    ++at;
  });
  return holds;
}

FileClass first_that_holds(std::span<const Row> rows, Parts parts, FileClass otherwise) {
  for (const Row& row : rows) {
    if (row_holds(row.pattern, parts)) return row.file_class;
  }
  return otherwise;
}

bool names_a_key_directory(const Resolved& path) {
  for (std::size_t i = path.hidden_at; i < path.kept(); ++i) {
    if (std::find(kKeyDirectories.begin(), kKeyDirectories.end(), path.parts[i]) != kKeyDirectories.end()) return true;
  }
  return false;
}

bool is_own(std::string_view number, OwnPids own) {
  std::uint32_t pid = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), pid);
  return error == std::errc{} && pid != 0 && (pid == own.host || pid == own.in_namespace);
}

/// `parts`: below /proc.
FileClass classify_proc(Parts parts, OwnPids own) {
  if (parts.empty()) return FileClass::kProcSystem;
  const bool number = is_number(parts[0]);
  if (parts[0] == "self" || parts[0] == "thread-self" || (number && is_own(parts[0], own))) {
    return parts.size() > 1 && parts[1] == "cgroup" ? FileClass::kCgroupFiles : FileClass::kProcSelf;
  }
  return number ? FileClass::kProcOthers : first_that_holds(kProc, parts, FileClass::kProcSystem);
}

FileClass classify_place(const Place& place, Parts parts, OwnPids own) {
  if (place.first == "proc") return classify_proc(parts, own);
  if (place.first == "home" && parts.size() > 1) return first_that_holds(kHomeRows, parts.subspan(1), FileClass::kHome);
  return first_that_holds(place.rows, parts, place.otherwise);
}

/// Whether a relative path may name a kernel place: the class must be more than what the first word alone gives, since
/// projects have directories of their own called dev or proc.
bool stands_when_relative(const Place& place, FileClass found) {
  const bool kernel = place.first == "sys" || place.first == "proc" || place.first == "dev";
  return kernel && found != place.otherwise;
}

FileClass classify_resolved(const Resolved& path, OwnPids own) {
  const FileClass unplaced = path.absolute ? FileClass::kOther : FileClass::kRelative;
  if (names_a_key_directory(path)) return FileClass::kCredentials;
  if (path.kept() == 0) return unplaced;
  const Parts parts(path.parts.data(), path.kept());
  const auto* place = std::find_if(kPlaces.begin(), kPlaces.end(), [&](const Place& p) { return p.first == parts[0]; });
  if (place == kPlaces.end()) return unplaced;
  const FileClass found = classify_place(*place, parts.subspan(1), own);
  return path.absolute || stands_when_relative(*place, found) ? found : unplaced;
}

}  // namespace

event::FileClass classify(std::string_view path, OwnPids own) { return classify_resolved(resolve(path), own); }

bool is_hidden(std::string_view path) {
  const Resolved resolved = resolve(path);
  return resolved.hidden_at < resolved.depth;
}

std::uint64_t directory_hash(std::string_view path, std::uint64_t seed) {
  constexpr std::size_t kLongest = 4096;
  std::array<char, kLongest + 1> text;
  std::size_t size = 0;
  if (path.starts_with('/')) text[size++] = '/';
  const std::size_t root = size;
  const auto drop_last = [&] {
    while (size > root && text[size - 1] != '/') --size;
    if (size > root) --size;
  };
  for_each_part(path.substr(0, kLongest), [&](std::string_view part) {
    if (part == ".") return;
    if (part == "..") return drop_last();
    if (size > root) text[size++] = '/';
    size = static_cast<std::size_t>(std::copy(part.begin(), part.end(), text.begin() + static_cast<long>(size)) -
                                    text.begin());
  });
  drop_last();
  return hash64(std::string_view(text.data(), size), seed);
}

}  // namespace davy::collect
