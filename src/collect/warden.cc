#include "collect/warden.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sodium.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "collect/privileges.h"

namespace davy::collect {
namespace {

constexpr std::uint64_t kMagic = 0x3152415744564144;  // "DAVDWAR1"
constexpr std::size_t kArgvBytes = 4096;
constexpr std::size_t kContainerDigits = 64;
constexpr std::size_t kStateBytes = 4 << 20;
constexpr std::size_t kNameBytes = 1000;
constexpr int kAnswerGraceMs = 2000;
constexpr std::uint64_t kNanoseconds = 1'000'000'000;

enum class Ask : std::uint32_t { kExe = 1, kArgv = 2, kNames = 3 };
enum class Say : std::uint32_t { kDone, kGone, kOther, kTooLarge, kTooSlow, kUnreadable, kRefused };

struct Request {
  std::uint64_t magic = kMagic;
  std::uint64_t serial = 0;
  Ask ask = Ask::kExe;
  std::uint32_t tgid = 0;
  std::uint64_t start_ns = 0;
  std::array<char, kContainerDigits> container{};
};
struct Answer {
  std::uint64_t serial = 0;
  Say say = Say::kRefused;
  std::uint32_t size = 0;  // bytes used of `bytes`
  std::array<unsigned char, kArgvBytes> bytes{};
};

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::uint64_t seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec);
}

// ---- the privileged side. ----

/// Start of a process in clock ticks since boot: the 22nd field of its stat, the 20th after the name's last ')'.
bool start_ticks(int process, std::uint64_t& ticks) {
  const Descriptor file(::openat(process, "stat", O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text{};
  const ssize_t size = file.ok() ? ::read(file.get(), text.data(), text.size()) : -1;
  if (size <= 0) return false;
  std::string_view rest(text.data(), static_cast<std::size_t>(size));
  const std::size_t name_end = rest.rfind(')');
  if (name_end == std::string_view::npos) return false;
  rest.remove_prefix(name_end + 1);
  for (int skipped = 0; skipped < 20; ++skipped) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return false;
    rest.remove_prefix(space + 1);
  }
  return std::from_chars(rest.data(), rest.data() + rest.size(), ticks).ec == std::errc{};
}

/// The kernel's own rounding of a start time to ticks of 10 ms.
bool is_process(int process, std::uint64_t start_ns) {
  std::uint64_t ticks = 0;
  const auto per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return start_ticks(process, ticks) && ticks == start_ns / (kNanoseconds / per_second);
}

Say digest(int file, const Warden::Options& options, Answer& answer) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return Say::kUnreadable;
  if (static_cast<std::uint64_t>(status.st_size) > options.exe_bytes) return Say::kTooLarge;
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  const std::uint64_t end = seconds_now() + options.seconds;
  std::array<unsigned char, 65536> block;
  std::uint64_t total = 0;
  for (;;) {
    const ssize_t size = ::read(file, block.data(), block.size());
    if (size < 0) return Say::kUnreadable;
    if (size == 0) break;
    total += static_cast<std::uint64_t>(size);
    if (total > options.exe_bytes) return Say::kTooLarge;  // it grows while it is read
    if (seconds_now() >= end) return Say::kTooSlow;
    crypto_hash_sha256_update(&state, block.data(), static_cast<unsigned long long>(size));
  }
  crypto_hash_sha256_final(&state, answer.bytes.data());
  answer.size = crypto_hash_sha256_BYTES;
  return Say::kDone;
}

Say copy_argv(int file, Answer& answer) {
  const ssize_t size = ::read(file, answer.bytes.data(), answer.bytes.size());
  if (size < 0) return Say::kUnreadable;
  answer.size = static_cast<std::uint32_t>(size);
  return Say::kDone;
}

bool is_container_id(std::string_view id) {
  return id.size() == kContainerDigits &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string read_bounded(int file) {
  std::string text(kStateBytes, '\0');
  std::size_t have = 0;
  for (;;) {
    const ssize_t size = ::read(file, text.data() + have, text.size() - have);
    if (size <= 0 || have + static_cast<std::size_t>(size) == text.size()) break;
    have += static_cast<std::size_t>(size);
  }
  text.resize(have);
  return text;
}

/// Opens with the capabilities, parses without: what a state file holds is partly a container's own say.
Say container_names(const Request& request, const Warden::Options& options, Answer& answer) {
  const std::string id(request.container.data(), request.container.size());
  if (!is_container_id(id)) return Say::kRefused;
  std::vector<Descriptor> files;
  for (const auto& place : state_files(id)) {
    Descriptor file(::open((options.root / place).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (file.ok()) files.push_back(std::move(file));
  }
  if (!drop_to_nobody()) return Say::kRefused;
  for (const Descriptor& file : files) {
    const auto names = names_from_state(read_bounded(file.get()), id);
    if (!names) continue;
    const std::string both = names->image.substr(0, kNameBytes) + '\0' + names->pod.substr(0, kNameBytes);
    std::copy(both.begin(), both.end(), answer.bytes.begin());
    answer.size = static_cast<std::uint32_t>(both.size());
    return Say::kDone;
  }
  return Say::kGone;
}

/// The descriptor of /proc/N names one process for good: should the pid be used again after the start was compared,
/// opening fails.
Say look_at_process(const Request& request, const Warden::Options& options, Answer& answer) {
  const bool argv = request.ask == Ask::kArgv;
  if (argv && !options.argv) return Say::kRefused;
  std::array<char, 32> path{};
  fmt::format_to_n(path.data(), path.size() - 1, "/proc/{}", request.tgid);
  const Descriptor process(::open(path.data(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process.ok()) return Say::kGone;
  if (!is_process(process.get(), request.start_ns)) return Say::kOther;
  const Descriptor file(::openat(process.get(), argv ? "cmdline" : "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok()) return errno == ENOENT || errno == ESRCH ? Say::kGone : Say::kUnreadable;
  return argv ? copy_argv(file.get(), answer) : digest(file.get(), options, answer);
}

Say serve(const Request& request, const Warden::Options& options, Answer& answer) {
  if (request.magic != kMagic) return Say::kRefused;
  switch (request.ask) {
    case Ask::kExe:
    case Ask::kArgv:
      return look_at_process(request, options, answer);
    case Ask::kNames:
      return container_names(request, options, answer);
  }
  return Say::kRefused;
}

/// False when the other end closed before it said all.
bool read_whole(int fd, Answer& answer) {
  std::size_t have = 0;
  auto* into = reinterpret_cast<unsigned char*>(&answer);
  while (have < sizeof answer) {
    const ssize_t size = ::read(fd, into + have, sizeof answer - have);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    have += static_cast<std::size_t>(size);
  }
  return true;
}

/// In a child with an alarm: whoever runs an executable from a file system of his own (FUSE) could else stop the warden
/// for good by never giving it the next block.
Answer serve_apart(const Request& request, const Warden::Options& options) {
  Answer answer{.serial = request.serial, .say = Say::kTooSlow};
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return answer;
  const Descriptor from(pipe[0]);
  {
    const Descriptor into(pipe[1]);
    const pid_t child = ::fork();
    if (child < 0) return answer;
    if (child == 0) {
      ::alarm(options.seconds + 1);
      prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      answer.say = serve(request, options, answer);
      _exit(::write(into.get(), &answer, sizeof answer) == sizeof answer ? 0 : 1);
    }
  }
  Answer found;
  if (read_whole(from.get(), found)) answer = found;
  while (::waitpid(-1, nullptr, 0) < 0 && errno == EINTR) {
  }
  return answer;
}

/// The two capabilities the warden lives by; all else goes, also the way back to root.
bool keep_two() {
  constexpr std::uint64_t kKept = (std::uint64_t{1} << CAP_SYS_PTRACE) | (std::uint64_t{1} << CAP_DAC_READ_SEARCH);
  return drop_to_nobody(kKept).ok();
}

void close_all_but(int kept) {
  const auto fd = static_cast<unsigned>(kept);
  if (fd > 0) ::close_range(0, fd - 1, 0);
  ::close_range(fd + 1, ~0U, 0);
}

[[noreturn]] void live(int socket, const Warden::Options& options, pid_t parent) {
  prctl(PR_SET_NAME, "davy-warden", 0, 0, 0);
  close_all_but(socket);
  // The death signal is lost when the user changes: set it after the drop, then look whether it came too late.
  Answer hello{.serial = 0, .say = keep_two() ? Say::kDone : Say::kRefused};
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != parent) _exit(0);
  if (::send(socket, &hello, sizeof hello, MSG_NOSIGNAL) < 0 || hello.say != Say::kDone) _exit(1);
  for (;;) {
    Request request;
    const ssize_t size = ::recv(socket, &request, sizeof request, MSG_TRUNC);
    if (size == 0 || (size < 0 && errno != EINTR)) _exit(0);
    if (size < 0) continue;
    const Answer answer = size == sizeof request ? serve_apart(request, options) : Answer{};
    if (::send(socket, &answer, sizeof answer, MSG_NOSIGNAL) < 0) _exit(0);
  }
}

// ---- the unprivileged side ----

std::string words(Say say) {
  switch (say) {
    case Say::kDone:
      return "done";
    case Say::kGone:
      return "the process has ended";
    case Say::kOther:
      return "the process has ended and its id is another's now";
    case Say::kTooLarge:
      return "the executable is too large to hash";
    case Say::kTooSlow:
      return "reading the executable took too long";
    case Say::kUnreadable:
      return "not readable";
    case Say::kRefused:
      return "refused";
  }
  return "the warden gave an answer nobody knows";
}

class Asker : public Warden {
 public:
  Asker(Descriptor socket, pid_t pid, Options options) : socket_(std::move(socket)), pid_(pid), options_(options) {}
  ~Asker() override {
    ::shutdown(socket_.get(), SHUT_RDWR);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  Result<std::string> exe_sha256(const event::ProcessId& process) override {
    auto answer = ask({.ask = Ask::kExe, .tgid = process.tgid, .start_ns = process.start_ns});
    if (!answer) return answer.error();
    if (answer->size != crypto_hash_sha256_BYTES) return Error{"the warden's answer has a wrong size"};
    return to_hex(std::span(answer->bytes.data(), answer->size));
  }

  Result<std::string> argv(const event::ProcessId& process) override {
    auto answer = ask({.ask = Ask::kArgv, .tgid = process.tgid, .start_ns = process.start_ns});
    if (!answer) return answer.error();
    const std::size_t size = std::min<std::size_t>(answer->size, kArgvBytes);
    return std::string(answer->bytes.begin(), answer->bytes.begin() + static_cast<long>(size));
  }

  Result<ContainerNames> container_names(std::string_view container) override {
    Request request{.ask = Ask::kNames};
    if (!is_container_id(container)) return Error{"not a container id", Error::Kind::kBadInput};
    std::copy(container.begin(), container.end(), request.container.begin());
    auto answer = ask(request);
    if (!answer) return answer.error();
    const std::size_t size = std::min<std::size_t>(answer->size, kArgvBytes);
    const std::string both(answer->bytes.begin(), answer->bytes.begin() + static_cast<long>(size));
    const std::size_t end = std::min(both.find('\0'), both.size());
    return ContainerNames{.image = both.substr(0, end), .pod = both.substr(std::min(end + 1, both.size()))};
  }

  [[nodiscard]] pid_t pid() const override { return pid_; }

  /// The answer with the wanted serial; older ones, of askers that waited no longer, are passed over.
  Result<Answer> receive(std::uint64_t serial) {
    const int wait_ms = static_cast<int>(options_.seconds) * 1000 + kAnswerGraceMs;
    for (;;) {
      pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      const int count = ::poll(&ready, 1, wait_ms);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return Error{"the warden does not answer"};
      Answer answer;
      if (::recv(socket_.get(), &answer, sizeof answer, 0) != sizeof answer) return Error{"the warden has ended"};
      if (answer.serial == serial) return answer;
    }
  }

 private:
  Result<Answer> ask(Request request) {
    const std::lock_guard lock(mutex_);
    request.serial = ++serial_;
    if (::send(socket_.get(), &request, sizeof request, MSG_NOSIGNAL) != sizeof request) {
      return Error{"the warden has ended", Error::Kind::kUnavailable};
    }
    auto answer = receive(request.serial);
    if (answer && answer->say != Say::kDone) return Error{words(answer->say), Error::Kind::kUnavailable};
    return answer;
  }

  Descriptor socket_;
  pid_t pid_;
  Options options_;
  std::mutex mutex_;
  std::uint64_t serial_ = 0;
};

}  // namespace

Result<std::unique_ptr<Warden>> Warden::start(Options options) {
  const Privileges held = privileges();
  if (!held.can(CAP_SYS_PTRACE) || !held.can(CAP_DAC_READ_SEARCH)) {
    return Error{"no warden: needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH (digests of executables stay unknown)",
                 Error::Kind::kUnavailable};
  }
  if (sodium_init() < 0) return Error{"libsodium does not start"};
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return Error{fmt::format("no warden: socketpair: {}", std::strerror(errno))};
  }
  Descriptor ours(pair[0]);
  Descriptor theirs(pair[1]);
  const pid_t parent = getpid();
  const pid_t child = ::fork();
  if (child < 0) return Error{fmt::format("no warden: fork: {}", std::strerror(errno))};
  if (child == 0) live(theirs.get(), options, parent);
  auto asker = std::make_unique<Asker>(std::move(ours), child, options);
  const auto hello = asker->receive(0);
  if (!hello) return hello.error().within("no warden");
  if (hello->say != Say::kDone) return Error{"no warden: it could not give up its other privileges"};
  return std::unique_ptr<Warden>(std::move(asker));
}

ContainerLookup lookup_by(Warden& warden) {
  return [&warden](const std::string& container) -> std::optional<ContainerNames> {
    auto names = warden.container_names(container);
    if (!names) return std::nullopt;
    return *std::move(names);
  };
}

}  // namespace davy::collect
