#include "collect/proc/proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <memory>
#include <utility>

namespace davy::collect {
namespace {

/// Takes numbers off the front of a text; a missing or strange one is 0.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  std::string_view word() {
    const std::size_t start = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    rest_.remove_prefix(start);
    const std::size_t end = std::min(rest_.find_first_of(" \t\n"), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return word;
  }
  template <typename Int>
  Int next(int base = 10) {
    const std::string_view text = word();
    Int value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} ? value : Int{};
  }
  void skip(int words) {
    for (int i = 0; i < words; ++i) word();
  }
  /// What stands before the first of `marks`, which is taken as well.
  std::string_view until(char mark) {
    const std::size_t end = std::min(rest_.find(mark), rest_.size());
    const std::string_view before = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return before;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::uint32_t bits_in(std::string_view mask) {
  int bits = 0;
  for (const char c : mask) {
    unsigned digit = 0;
    if (std::from_chars(&c, &c + 1, digit, 16).ec == std::errc{}) bits += __builtin_popcount(digit);
  }
  return static_cast<std::uint32_t>(bits);
}

/// "NSpid:  4711 17": one id for each namespace from ours inwards.
void take_namespaces(Fields& fields, ProcStatus& status) {
  std::uint32_t levels = 0;
  for (std::string_view word = fields.word(); !word.empty(); word = fields.word()) {
    ++levels;
    status.namespace_pid = Fields(word).next<std::uint32_t>();
  }
  status.namespace_depth = levels > 0 ? levels - 1 : 0;
}

std::optional<std::uint64_t*> size_row(std::string_view key, ProcStatus& status) {
  const std::pair<std::string_view, std::uint64_t*> rows[] = {
      {"VmSize:", &status.virtual_kib},
      {"VmLck:", &status.locked_kib},
      {"VmRSS:", &status.rss_kib},
      {"RssAnon:", &status.rss_anonymous_kib},
      {"RssShmem:", &status.rss_shared_kib},
      {"VmSwap:", &status.swapped_kib},
      {"HugetlbPages:", &status.hugetlb_kib},
      {"voluntary_ctxt_switches:", &status.switches_voluntary},
      {"nonvoluntary_ctxt_switches:", &status.switches_involuntary},
  };
  for (const auto& [name, row] : rows) {
    if (name == key) return row;
  }
  return std::nullopt;
}

void take_status_line(std::string_view line, ProcStatus& status) {
  Fields fields(line);
  const std::string_view key = fields.word();
  if (key == "Uid:") {
    status.uid = fields.next<std::uint32_t>();
  } else if (key == "NSpid:") {
    take_namespaces(fields, status);
  } else if (key == "Cpus_allowed:") {
    status.cpus_allowed = bits_in(fields.word());
  } else if (const auto row = size_row(key, status)) {
    **row = fields.next<std::uint64_t>();
  }
}

bool has_controller(std::string_view list, std::string_view wanted) {
  Fields fields(list);
  while (!fields.done()) {
    if (fields.until(',') == wanted) return true;
  }
  return false;
}

std::uint32_t map_flags(std::string_view permissions) {
  std::uint32_t flags = 0;
  if (permissions.size() < 3) return flags;
  if (permissions[0] == 'r') flags |= DAVY_MAP_READ;
  if (permissions[1] == 'w') flags |= DAVY_MAP_WRITE;
  if (permissions[2] == 'x') flags |= DAVY_MAP_EXEC;
  return flags;
}

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, DirectoryCloser>;

Directory open_directory(int at, const char* name) {
  const int fd = ::openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  Directory directory(fdopendir(fd));
  if (!directory) ::close(fd);
  return directory;
}

}  // namespace

std::optional<ProcStat> parse_stat(std::string_view text) {
  // The name stands in brackets and may hold anything, brackets too: the last one ends it.
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  ProcStat stat;
  stat.comm = text.substr(open + 1, close - open - 1);
  Fields fields(text.substr(close + 1));
  fields.skip(1);  // state
  stat.parent = fields.next<std::uint32_t>();
  fields.skip(1);  // process group
  stat.session = fields.next<std::uint32_t>();
  fields.skip(2);  // terminal
  stat.flags = fields.next<std::uint32_t>();
  stat.faults_minor = fields.next<std::uint64_t>();
  fields.skip(1);
  stat.faults_major = fields.next<std::uint64_t>();
  fields.skip(1);
  stat.user_ticks = fields.next<std::uint64_t>();
  stat.system_ticks = fields.next<std::uint64_t>();
  fields.skip(3);  // of children; priority
  stat.nice = fields.next<std::int32_t>();
  stat.threads = fields.next<std::uint32_t>();
  fields.skip(1);
  stat.start_ticks = fields.next<std::uint64_t>();
  fields.skip(18);  // 23 to 40
  stat.policy = fields.next<std::uint32_t>();
  return stat;
}

ProcStatus parse_status(std::string_view text) {
  ProcStatus status;
  Fields lines(text);
  while (!lines.done()) take_status_line(lines.until('\n'), status);
  return status;
}

std::optional<ProcSchedule> parse_schedule(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Fields fields(text);
  ProcSchedule schedule;
  schedule.cpu_ns = fields.next<std::uint64_t>();
  schedule.delay_ns = fields.next<std::uint64_t>();
  return schedule;
}

ProcCgroup parse_cgroup(std::string_view text) {
  ProcCgroup cgroup;
  Fields lines(text);
  while (!lines.done()) {
    Fields line(lines.until('\n'));
    const std::string_view number = line.until(':');
    const std::string_view controllers = line.until(':');
    const std::string_view path = line.rest();
    if (number == "0" && controllers.empty()) {
      cgroup.unified = path;
    } else if (path.size() > 1 && (cgroup.v1.empty() || has_controller(controllers, "cpuacct"))) {
      cgroup.v1 = path;
    }
  }
  return cgroup;
}

std::optional<davy_mapping_row> parse_mapping(std::string_view line, std::string_view exe) {
  Fields fields(line);
  Fields range(fields.word());
  const auto begin = Fields(range.until('-')).next<std::uint64_t>(16);
  const auto end = range.next<std::uint64_t>(16);
  if (end <= begin) return std::nullopt;
  davy_mapping_row row{};
  row.kind = DAVY_ROW_MAPPING;
  row.bytes = end - begin;
  row.flags = map_flags(fields.word());
  fields.skip(1);  // offset
  Fields device(fields.word());
  const auto major = Fields(device.until(':')).next<std::uint32_t>(16);
  row.device = (major << 20) | device.next<std::uint32_t>(16);
  row.inode = fields.next<std::uint64_t>();
  std::string_view path = fields.rest();
  path.remove_prefix(std::min(path.find_first_not_of(' '), path.size()));
  if (row.inode != 0 && (row.flags & DAVY_MAP_EXEC) == 0) return std::nullopt;
  // [vdso], [vvar], [vsyscall] are the kernel's; [heap], [stack] and named anonymous memory count.
  if (path.starts_with("[v")) return std::nullopt;
  row.is_exe = row.inode != 0 && path == exe ? 1 : 0;
  row.length = static_cast<std::uint32_t>(std::min(path.size(), sizeof row.path));
  std::memcpy(row.path, path.data(), row.length);
  return row;
}

ProcDirectory::ProcDirectory(const std::string& path) : fd_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (fd_ < 0) fail();
}

ProcDirectory::~ProcDirectory() {
  if (fd_ >= 0) ::close(fd_);
}

void ProcDirectory::fail() { failure_ = errno == EACCES || errno == EPERM ? Failure::kHidden : Failure::kVanished; }

std::optional<std::string_view> ProcDirectory::read(const char* file, std::size_t limit) {
  const int fd = ::openat(fd_, file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(), std::nullopt;
  text_.resize(std::min<std::size_t>(limit, 4096));
  std::size_t have = 0;
  for (;;) {
    const ssize_t size = ::read(fd, text_.data() + have, text_.size() - have);
    if (size < 0) {
      fail();
      ::close(fd);
      return std::nullopt;
    }
    have += static_cast<std::size_t>(size);
    if (size == 0 || have == limit) break;
    if (have == text_.size()) text_.resize(std::min(limit, 2 * text_.size()));
  }
  ::close(fd);
  return std::string_view(text_.data(), have);
}

std::optional<std::string> ProcDirectory::link(const char* file) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlinkat(fd_, file, target.data(), target.size());
  if (size < 0) return fail(), std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

std::optional<ProcDirectory::Target> ProcDirectory::target(const char* file) {
  struct stat status {};
  if (::fstatat(fd_, file, &status, 0) != 0) return fail(), std::nullopt;
  return Target{.changed_s = status.st_ctim.tv_sec, .named = status.st_nlink > 0};
}

std::vector<std::uint32_t> ProcDirectory::numbers(const char* directory) {
  std::vector<std::uint32_t> found;
  const Directory entries = open_directory(fd_, directory);
  if (!entries) return fail(), found;
  while (const dirent* entry = readdir(entries.get())) {
    std::uint32_t number = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    const auto [at, error] = std::from_chars(entry->d_name, end, number);
    if (error == std::errc{} && at == end) found.push_back(number);
  }
  return found;
}

std::optional<std::uint32_t> ProcDirectory::entries(const char* directory) {
  const Directory open = open_directory(fd_, directory);
  if (!open) return fail(), std::nullopt;
  std::uint32_t count = 0;
  while (const dirent* entry = readdir(open.get())) count += entry->d_name[0] == '.' ? 0 : 1;
  return count;
}

}  // namespace davy::collect
