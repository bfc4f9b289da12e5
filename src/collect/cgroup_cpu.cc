#include "collect/cgroup_cpu.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace davy::collect {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool has_word(std::string_view list, std::string_view word, char separator) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

/// A space-separated word of a mountinfo line with \040 and kin turned back.
std::string unescaped(const std::string& word) {
  std::string plain;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && i + 3 < word.size()) {
      plain += static_cast<char>(std::strtol(word.substr(i + 1, 3).c_str(), nullptr, 8));
      i += 3;
    } else {
      plain += word[i];
    }
  }
  return plain;
}

void take_v1(CgroupMounts& mounts, const std::string& options, const std::filesystem::path& point) {
  const std::pair<std::string_view, std::filesystem::path*> wanted[] = {
      {"cpu", &mounts.cpu}, {"cpuacct", &mounts.cpuacct}, {"cpuset", &mounts.cpuset}};
  for (const auto& [controller, path] : wanted) {
    if (has_word(options, controller, ',')) *path = point;
  }
}

struct MountLine {
  std::string point;
  std::string type;
  std::string options;  // of the super block
};

/// "36 35 98:0 /root /point options... - type source super-options"
MountLine mount_line(const std::string& line) {
  MountLine mount;
  std::istringstream words(line);
  std::string word;
  for (int i = 0; i < 5 && words >> word; ++i) mount.point = word;
  while (words >> word && word != "-") {
  }
  std::string source;
  words >> mount.type >> source >> mount.options;
  mount.point = unescaped(mount.point);
  return mount;
}

CgroupMounts::Mode mode_of(const CgroupMounts& mounts, bool any_v1) {
  using Mode = CgroupMounts::Mode;
  if (mounts.unified.empty()) return any_v1 ? Mode::kV1 : Mode::kNone;
  return any_v1 ? Mode::kHybrid : Mode::kUnified;
}

template <typename Int>
std::optional<Int> number(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

/// The number behind "key " at the start of a line.
std::optional<std::uint64_t> field(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      return number<std::uint64_t>(line.substr(key.size() + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

/// A mounted hierarchy; reads small files below it.
class Hierarchy {
 public:
  explicit Hierarchy(const std::filesystem::path& root) {
    if (!root.empty()) root_ = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  ~Hierarchy() {
    if (root_ >= 0) ::close(root_);
  }
  Hierarchy(const Hierarchy&) = delete;
  Hierarchy& operator=(const Hierarchy&) = delete;

  /// Valid until the next call.
  std::optional<std::string_view> read(std::string_view cgroup, std::string_view file) {
    if (root_ < 0) return std::nullopt;
    name_.assign(".").append(cgroup).append("/").append(file);
    const int fd = ::openat(root_, name_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    const ssize_t size = ::read(fd, text_.data(), text_.size());
    ::close(fd);
    if (size < 0) return std::nullopt;  // ENODEV: removed between the two
    return std::string_view(text_.data(), static_cast<std::size_t>(size));
  }

  std::optional<std::uint64_t> read_number(std::string_view cgroup, std::string_view file) {
    const auto text = read(cgroup, file);
    return text ? number<std::uint64_t>(*text) : std::nullopt;
  }

 private:
  int root_ = -1;
  std::string name_;
  std::array<char, 4096> text_;
};

std::string_view parent_of(std::string_view cgroup) {
  return cgroup.substr(0, std::min(cgroup.rfind('/'), cgroup.size()));
}

constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

/// quota / period x 1000; a quota of 0 cannot be.
std::uint64_t milli(std::uint64_t quota, std::uint64_t period) {
  return period == 0 ? kUnlimited : std::max<std::uint64_t>(1, quota * 1000 / period);
}

class Reader : public CgroupCpu {
 public:
  Reader(const CgroupMounts& mounts, std::uint32_t online)
      : unified_(mounts.unified),
        cpu_(mounts.cpu),
        cpuacct_(mounts.cpuacct),
        cpuset_(mounts.cpuset),
        online_milli_(std::max(online, 1U) * 1000),
        by_v1_(!mounts.cpuacct.empty()) {}

  std::optional<CgroupUse> use(std::string_view path) override {
    const std::string_view cgroup = trimmed(path);
    Known& known = known_[std::string(cgroup)];
    auto use = by_v1_ ? use_v1(cgroup, known.milli != 0 && !known.own_quota) : std::nullopt;
    if (!use) use = use_unified(cgroup);
    if (!use && known.read) ++vanished_;
    known.read = use.has_value();
    return use;
  }

  std::uint32_t available_milli(std::string_view path, BootTime now) override {
    const std::string_view cgroup = trimmed(path);
    Known& known = known_[std::string(cgroup)];
    if (known.milli == 0 || now - known.looked >= kLimitsKept) {
      known.milli = limit(cgroup);
      known.own_quota = by_v1_ && quota_v1(cgroup) != kUnlimited;
      known.looked = now;
    }
    known.asked = now;
    return known.milli;
  }

  void sweep(BootTime before) override {
    std::erase_if(known_, [&](const auto& entry) { return entry.second.asked < before; });
  }

  [[nodiscard]] std::uint64_t vanished() const override { return vanished_; }

 private:
  struct Known {
    bool read = false;
    bool own_quota = false;   // v1
    std::uint32_t milli = 0;  // 0: never looked
    BootTime looked{};
    BootTime asked{};
  };

  static std::string_view trimmed(std::string_view path) { return path == "/" ? std::string_view{} : path; }

  std::optional<CgroupUse> use_unified(std::string_view cgroup) {
    const auto text = unified_.read(cgroup, "cpu.stat");
    if (!text) return std::nullopt;
    const auto usage = field(*text, "usage_usec");
    if (!usage) return std::nullopt;
    return CgroupUse{.cpu_us = *usage, .throttled_us = field(*text, "throttled_usec").value_or(0)};
  }

  /// Without a quota of its own a cgroup is never throttled: one file less to read.
  std::optional<CgroupUse> use_v1(std::string_view cgroup, bool never_throttled) {
    const auto usage = cpuacct_.read_number(cgroup, "cpuacct.usage");
    if (!usage) return std::nullopt;
    if (never_throttled) return CgroupUse{.cpu_us = *usage / 1000, .throttled_us = 0};
    const auto stat = cpu_.read(cgroup, "cpu.stat");
    const std::uint64_t throttled = stat ? field(*stat, "throttled_time").value_or(0) : 0;
    return CgroupUse{.cpu_us = *usage / 1000, .throttled_us = throttled / 1000};
  }

  std::uint32_t limit(std::string_view cgroup) {
    std::uint64_t least = online_milli_;
    std::uint32_t cpus = 0;
    for (std::string_view at = cgroup;; at = parent_of(at)) {
      least = std::min({least, quota_unified(at), quota_v1(at)});
      if (cpus == 0) cpus = cpus_of(at);
      if (at.empty()) break;
    }
    if (cpus != 0) least = std::min<std::uint64_t>(least, std::uint64_t{cpus} * 1000);
    return static_cast<std::uint32_t>(least);
  }

  /// cpu.max: "max 100000" or "50000 100000".
  std::uint64_t quota_unified(std::string_view cgroup) {
    const auto text = unified_.read(cgroup, "cpu.max");
    if (!text) return kUnlimited;
    const auto quota = number<std::uint64_t>(*text);
    const std::size_t space = text->find(' ');
    const auto period = space == std::string_view::npos ? std::nullopt : number<std::uint64_t>(text->substr(space + 1));
    return quota && period ? milli(*quota, *period) : kUnlimited;
  }

  std::uint64_t quota_v1(std::string_view cgroup) {
    const auto quota = cpu_.read_number(cgroup, "cpu.cfs_quota_us");  // "-1" is no number here: no quota
    if (!quota) return kUnlimited;
    return milli(*quota, cpu_.read_number(cgroup, "cpu.cfs_period_us").value_or(0));
  }

  std::uint32_t cpus_of(std::string_view cgroup) {
    if (const auto list = cpuset_.read(cgroup, "cpuset.effective_cpus")) return cpus_in_list(*list);
    if (const auto list = unified_.read(cgroup, "cpuset.cpus.effective")) return cpus_in_list(*list);
    return 0;
  }

  Hierarchy unified_;
  Hierarchy cpu_;
  Hierarchy cpuacct_;
  Hierarchy cpuset_;
  std::uint32_t online_milli_;
  bool by_v1_;
  std::unordered_map<std::string, Known> known_;
  std::uint64_t vanished_ = 0;
};

}  // namespace

std::string_view name_of(CgroupMounts::Mode mode) {
  constexpr std::array<std::string_view, 4> kNames{"none", "v2", "hybrid", "v1"};
  return kNames[static_cast<std::size_t>(mode)];
}

CgroupMounts cgroup_mounts_from(std::string_view mountinfo, std::string_view controllers) {
  CgroupMounts mounts;
  bool any_v1 = false;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    const MountLine mount = mount_line(line);
    if (mount.type == "cgroup2" && mounts.unified.empty()) mounts.unified = mount.point;
    if (mount.type != "cgroup") continue;
    any_v1 = true;
    take_v1(mounts, mount.options, mount.point);
  }
  mounts.mode = mode_of(mounts, any_v1);
  while (controllers.ends_with('\n')) controllers.remove_suffix(1);
  mounts.unified_has_cpu = has_word(controllers, "cpu", ' ');
  return mounts;
}

CgroupMounts cgroup_mounts() {
  const std::string mountinfo = slurp("/proc/self/mountinfo");
  const CgroupMounts found = cgroup_mounts_from(mountinfo, {});
  return cgroup_mounts_from(mountinfo, slurp(found.unified / "cgroup.controllers"));
}

std::uint32_t cpus_in_list(std::string_view list) {
  std::uint32_t count = 0;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view range = list.substr(0, end);
    const auto first = number<std::uint32_t>(range);
    if (!first) return count;
    const std::size_t dash = range.find('-');
    const auto last = dash == std::string_view::npos ? first : number<std::uint32_t>(range.substr(dash + 1));
    if (last && *last >= *first) count += *last - *first + 1;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return count;
}

std::unique_ptr<CgroupCpu> CgroupCpu::create(CgroupMounts mounts, std::uint32_t online_cpus) {
  return std::make_unique<Reader>(mounts, online_cpus);
}

}  // namespace davy::collect
