#include "child.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace davy::app {
namespace {

constexpr int kPatienceMs = 5000;  // between SIGTERM and SIGKILL

/// What the keeper tells us, over a pipe, in this order.
struct Report {
  enum class Kind : std::uint8_t { kPid, kExecFailed, kEnded } kind;
  int value;  // pid, errno, wait status
};

struct Pipe {
  int read = -1;
  int write = -1;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{fmt::format("pipe: {}", std::strerror(errno))};
  return Pipe{ends[0], ends[1]};
}

void tell(int to, Report::Kind kind, int value) {
  const Report report{kind, value};
  [[maybe_unused]] const auto written = write(to, &report, sizeof report);
}

/// Becomes the user who called sudo; true when there is none or it worked.
bool become_caller() {
  const char* uid_text = std::getenv("SUDO_UID");
  const char* gid_text = std::getenv("SUDO_GID");
  if (geteuid() != 0 || uid_text == nullptr || gid_text == nullptr) return true;
  const auto uid = static_cast<uid_t>(std::strtoul(uid_text, nullptr, 10));
  const auto gid = static_cast<gid_t>(std::strtoul(gid_text, nullptr, 10));
  const passwd* user = getpwuid(uid);
  const bool groups = user == nullptr ? setgroups(0, nullptr) == 0 : initgroups(user->pw_name, gid) == 0;
  return groups && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

[[noreturn]] void run_command(const std::vector<std::string>& words, int go, int failed) {
  setsid();
  char byte = 0;
  if (read(go, &byte, 1) != 1) _exit(0);  // we were told to end before we began
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  const int error = errno;
  [[maybe_unused]] const auto written = write(failed, &error, sizeof error);
  _exit(127);
}

/// Waits up to `ms` for the command; true when it has ended, and then it was told.
bool reap(pid_t command, int reports, int ms) {
  for (int waited = 0;; waited += 20) {
    int status = 0;
    if (waitpid(command, &status, WNOHANG) == command) {
      tell(reports, Report::Kind::kEnded, status);
      return true;
    }
    if (waited >= ms) return false;
    usleep(20'000);
  }
}

/// Ended, but not yet reaped: its number, and that of its group, stay its own.
bool has_ended(pid_t command) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(command), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == command;
}

/// Returns when the command has ended, or when `orders` closes.
void wait_for_end_or_orders(pid_t command, int orders) {
  const int ended = static_cast<int>(syscall(SYS_pidfd_open, command, 0));
  std::array<pollfd, 2> watched{
      {{orders, 0, 0}, {ended, POLLIN, 0}}};  // no events asked of `orders`: POLLHUP comes anyway
  while (!has_ended(command)) {
    const bool any = poll(watched.data(), watched.size(), ended < 0 ? 200 : -1) > 0;
    if (any && watched[0].revents != 0) break;
  }
  close(ended);
}

/// What the recorder has opened, the kernel's programs among it, is none of the keeper's business.
void close_all_but(int a, int b) {
  const auto close_between = [](int first, int last) {
    if (first <= last) syscall(SYS_close_range, first, last, 0);
  };
  const auto [low, high] = std::minmax(a, b);
  close_between(STDERR_FILENO + 1, low - 1);
  close_between(low + 1, high - 1);
  close_between(high + 1, std::numeric_limits<int>::max());
}

/// Life of the keeper: starts the command when told, tells how it ended, ends it when `orders` closes.
[[noreturn]] void keep(const std::vector<std::string>& words, int orders, int reports) {
  close_all_but(orders, reports);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);  // we are ended by `orders` closing
  const auto go = make_pipe();
  const auto failed = make_pipe();
  if (!become_caller() || !go || !failed) _exit(1);
  const pid_t command = fork();
  if (command == 0) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
    run_command(words, go->read, failed->write);
  }
  if (command < 0) _exit(1);
  close(failed->write);
  tell(reports, Report::Kind::kPid, command);
  char byte = 0;
  if (read(orders, &byte, 1) == 1 && write(go->write, &byte, 1) == 1) {
    int error = 0;
    if (read(failed->read, &error, sizeof error) > 0) tell(reports, Report::Kind::kExecFailed, error);
    wait_for_end_or_orders(command, orders);
  }
  close(go->write);
  kill(-command, SIGTERM);
  if (!reap(command, reports, kPatienceMs)) {
    kill(-command, SIGKILL);
    reap(command, reports, kPatienceMs);
  }
  _exit(0);
}

std::string how(int status) {
  if (WIFSIGNALED(status)) return fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

class KeptChild final : public Child {
 public:
  KeptChild(std::string name, int orders, int reports, pid_t keeper)
      : name_(std::move(name)), orders_(orders), reports_(reports), keeper_(keeper) {}
  KeptChild(const KeptChild&) = delete;
  KeptChild& operator=(const KeptChild&) = delete;
  ~KeptChild() override {
    stop();
    while (!ended_ && hear(kPatienceMs * 2)) {
    }
    close(reports_);
    waitpid(keeper_, nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const override { return pid_; }

  Status await_pid() {
    while (pid_ == 0) {
      if (!hear(kPatienceMs)) return Error{fmt::format("{}: cannot be started as the user who called us", name_)};
    }
    return {};
  }

  Status start() override {
    const char go = 1;
    if (write(orders_, &go, 1) != 1) return Error{fmt::format("{}: its keeper is gone", name_)};
    hear(100);  // an exec that fails says so at once; one that works says nothing
    if (exec_error_ == 0) return {};
    return Error{fmt::format("{}: {}", name_, std::strerror(exec_error_)), Error::Kind::kBadInput};
  }

  std::optional<std::string> ended() override {
    if (!ended_) hear(0);
    return ended_;
  }

  void stop() override {
    if (orders_ >= 0) close(orders_);
    orders_ = -1;
  }

 private:
  /// Takes in one report if one comes within `ms`; false when none came.
  bool hear(int ms) {
    pollfd ready{reports_, POLLIN, 0};
    Report report{};
    if (poll(&ready, 1, ms) <= 0 || read(reports_, &report, sizeof report) != sizeof report) return false;
    if (report.kind == Report::Kind::kPid) pid_ = report.value;
    if (report.kind == Report::Kind::kExecFailed) exec_error_ = report.value;
    if (report.kind == Report::Kind::kEnded) ended_ = how(report.value);
    return true;
  }

  std::string name_;
  int orders_;
  int reports_;
  pid_t keeper_;
  pid_t pid_ = 0;
  int exec_error_ = 0;
  std::optional<std::string> ended_;
};

}  // namespace

Result<std::unique_ptr<Child>> Child::prepare(const std::vector<std::string>& words) {
  const auto orders = make_pipe();
  const auto reports = make_pipe();
  if (!orders) return orders.error();
  if (!reports) return reports.error();
  const pid_t keeper = fork();
  if (keeper < 0) return Error{fmt::format("fork: {}", std::strerror(errno))};
  if (keeper == 0) {
    close(orders->write);
    close(reports->read);
    keep(words, orders->read, reports->write);
  }
  close(orders->read);
  close(reports->write);
  auto child = std::make_unique<KeptChild>(words.front(), orders->write, reports->read, keeper);
  if (auto known = child->await_pid(); !known) return known.error();
  return std::unique_ptr<Child>(std::move(child));
}

}  // namespace davy::app
