#include "self_test_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cfenv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "collect/privileges.h"

namespace davy::app {
namespace {

constexpr std::size_t kScratchpadWords = (2U << 20) / sizeof(std::uint64_t);
constexpr std::size_t kReservedBytes = std::size_t{2080} << 20;
constexpr std::size_t kCodeBytes = 2U << 20;
constexpr int kRoundsBetweenYields = 1 << 17;  // about every second
constexpr int kHelpers = 6;

using Clock = std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

void say(int socket, const std::string& line) { (void)::send(socket, line.data(), line.size(), MSG_NOSIGNAL); }

/// Waits up to `seconds` for a line; empty: none came. `gone` is set when the other side closed.
std::string hear(int socket, double seconds, bool& gone) {
  pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, static_cast<int>(seconds * 1000)) <= 0) return {};
  std::array<char, 2048> text{};
  const ssize_t size = ::recv(socket, text.data(), text.size(), 0);
  gone = size <= 0;
  return gone ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

/// Gaps without memory, as between blocks or shares.
double gap(CounterRandom& random, double mean) { return -mean * std::log(1 - random.uniform()); }

Clock::time_point later(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}
double until(Clock::time_point when) {
  return std::max(0.0, std::chrono::duration<double>(when - Clock::now()).count());
}

std::string hex(CounterRandom& random, int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += fmt::format("{:016x}", random.bits());
  return text;
}

// ---- the peer ----

std::string work(CounterRandom& random, std::uint64_t job) {
  return fmt::format(R"({{"blob":"{}","job_id":"{}","target":"b88d0600","height":{},"seed_hash":"{}","next":""}})",
                     hex(random, 10), hex(random, 2), 3'000'000 + job / 20, hex(random, 4));
}

void hand_out_work(int socket, const SelfTestLoad::Options& options) {
  CounterRandom random(2);
  bool gone = false;
  bool greeted = false;
  auto next_job = later(gap(random, options.seconds_between_jobs));
  for (std::uint64_t job = 1; !gone;) {
    const std::string asked = hear(socket, until(next_job), gone);
    if (gone) return;
    if (asked.empty()) {
      say(socket, fmt::format(R"({{"jsonrpc":"2.0","method":"job","params":{}}})", work(random, job++)) + "\n");
      next_job = later(gap(random, options.seconds_between_jobs));
    } else if (!std::exchange(greeted, true)) {
      say(socket,
          fmt::format(R"({{"id":1,"jsonrpc":"2.0","error":null,"result":{{"id":"{}","job":{},"status":"OK"}}}})",
                      hex(random, 1), work(random, job++)) +
              "\n");
    } else {
      say(socket, R"({"id":1,"jsonrpc":"2.0","error":null,"result":{"status":"OK"}})"
                  "\n");
    }
  }
}

[[noreturn]] void be_peer(int listener, const SelfTestLoad::Options& options) {
  prctl(PR_SET_NAME, "self-test-peer", 0, 0, 0);
  const Socket socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (socket.get() >= 0) hand_out_work(socket.get(), options);
  _exit(0);
}

// ---- the worker ----

void look_at(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  std::array<char, 4096> text{};
  while (::read(fd, text.data(), text.size()) > 0) {
  }
  ::close(fd);
}

unsigned usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
}

/// What a miner wants to know of its host before it starts. As nobody the last three are refused, and not needed.
void look_around(unsigned cpus) {
  look_at("/proc/cpuinfo");
  look_at("/proc/meminfo");
  look_at("/sys/devices/system/cpu/online");
  look_at("/sys/devices/system/node/online");
  for (unsigned cpu = 0; cpu < std::min(cpus, 8U); ++cpu) {
    const std::string place = fmt::format("/sys/devices/system/cpu/cpu{}/", cpu);
    for (const char* file : {"topology/core_id", "topology/physical_package_id", "cache/index0/size",
                             "cache/index1/size", "cache/index2/size", "cache/index3/size"}) {
      look_at((place + file).c_str());
    }
  }
  for (const char* file : {"free_hugepages", "nr_hugepages"}) {
    look_at(fmt::format("/sys/kernel/mm/hugepages/hugepages-2048kB/{}", file).c_str());
    look_at(fmt::format("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/{}", file).c_str());
  }
  look_at("/dev/cpu/0/msr");
  look_at("/dev/hugepages/self-test");
  const int wish = ::open("/proc/sys/vm/nr_hugepages", O_WRONLY | O_CLOEXEC);
  if (wish >= 0) ::close(wish);
  const Socket log(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  (void)!::write(log.get(), "self-test begins\n", 17);
}

/// Anonymous memory, by huge pages where there are any.
/// Of `reserved` bytes only the first `words` are ever touched; what is not touched costs nothing.
std::span<std::uint64_t> memory(std::size_t words, std::size_t reserved = 0) {
  const std::size_t bytes = std::max(words * sizeof(std::uint64_t), reserved);
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags | MAP_HUGETLB, -1, 0);
  if (at == MAP_FAILED) at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return {};
  ::madvise(at, bytes, MADV_HUGEPAGE);
  return {static_cast<std::uint64_t*>(at), words};
}

/// One round: integers and floating-point numbers over random places of both blocks, under one rounding mode.
std::uint64_t mix_once(std::span<std::uint64_t> own, std::span<const std::uint64_t> shared, std::uint64_t state) {
  constexpr std::array kModes{FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
  std::fesetround(kModes[state % kModes.size()]);
  double number = static_cast<double>(state | 1);
  for (int step = 0; step < 64; ++step) {
    state = mix(state ^ shared[state % shared.size()]);
    std::uint64_t& cell = own[state % own.size()];
    number = std::sqrt(number * 1.000000119 + static_cast<double>(cell >> 40));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    cell = state ^ bits;
  }
  return state;
}

void bind_to(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

void compute(unsigned thread, std::span<const std::uint64_t> shared) {
  bind_to(thread);
  const auto own = memory(kScratchpadWords);
  // Room for code, as generated code would want; nothing is written there or run.
  (void)::mmap(nullptr, kCodeBytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ::setpriority(PRIO_PROCESS, 0, 0);  // to what it is
  if (own.empty()) return;
  std::uint64_t state = thread + 1;
  for (;;) {
    for (int round = 0; round < kRoundsBetweenYields; ++round) state = mix_once(own, shared, state);
    sched_yield();
  }
}

/// All that is there to be read, as an event loop reads it: until the socket has no more. False: the peer is gone.
bool drain(int socket) {
  std::array<char, 2048> text{};
  for (;;) {
    const ssize_t size = ::recv(socket, text.data(), text.size(), MSG_DONTWAIT);
    if (size == 0) return false;
    if (size < 0) return errno == EAGAIN || errno == EINTR;
  }
}

/// A pool of helpers that are woken and find nothing to do.
struct Pool {
  std::mutex mutex;
  std::condition_variable wake;

  void help() {
    for (;;) {
      std::unique_lock lock(mutex);
      wake.wait_for(lock, std::chrono::milliseconds(700));
    }
  }
};

/// What an event loop does besides: asks its wake-up descriptor and its socket, which have nothing, wakes the pool,
/// looks whether its configuration changed. No bytes flow: between jobs a miner reads and writes nothing.
void tick(int socket, int wake_up, Pool& pool) {
  std::uint64_t count = 0;
  (void)!::read(wake_up, &count, sizeof count);
  (void)drain(socket);
  int waiting = 0;
  ::ioctl(socket, FIONREAD, &waiting);
  pool.wake.notify_one();
  for (const char* file : {"config.json", ".config/self-test.json"})
    (void)!::access(file, R_OK);  // changed? there is none
  (void)usable_cpus();
  (void)::getpriority(PRIO_PROCESS, 0);
  void* block = ::mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block != MAP_FAILED) {
    ::mprotect(block, 4096, PROT_READ);
    ::munmap(block, 65536);
  }
}

int connect_to(std::uint16_t port) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(port);
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0) return socket;
  ::close(socket);
  return -1;
}

void talk(std::uint16_t port, const SelfTestLoad::Options& options, Pool& pool) {
  const Socket socket(connect_to(port));
  const Socket events(::epoll_create1(EPOLL_CLOEXEC));
  const Socket wake_up(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event wanted{.events = EPOLLIN, .data = {}};
  if (::epoll_ctl(events.get(), EPOLL_CTL_ADD, socket.get(), &wanted) != 0) return;
  say(socket.get(),
      R"({"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"self-test","pass":"x","agent":"davy"}})"
      "\n");
  CounterRandom random(3);
  auto next_share = later(gap(random, options.seconds_between_shares));
  for (;;) {
    const double wait = std::min(0.2, until(next_share));
    epoll_event event{};
    const int ready = ::epoll_wait(events.get(), &event, 1, static_cast<int>(wait * 1000));
    if (ready > 0 && !drain(socket.get())) return;
    tick(socket.get(), wake_up.get(), pool);
    if (until(next_share) > 0) continue;
    say(socket.get(),
        fmt::format(
            R"({{"id":2,"jsonrpc":"2.0","method":"submit","params":{{"id":"self-test","nonce":"{}","result":"{}"}}}})",
            hex(random, 1), hex(random, 4)) +
            "\n");
    next_share = later(gap(random, options.seconds_between_shares));
  }
}

/// A tenth of the free memory holds it.
std::size_t shared_words(std::uint64_t mib) {
  struct sysinfo info {};
  sysinfo(&info);
  const std::uint64_t free_mib = (std::uint64_t{info.freeram} * info.mem_unit) >> 20;
  while (mib > 8 && mib > free_mib / 10) mib /= 2;
  return static_cast<std::size_t>(mib << 20) / sizeof(std::uint64_t);
}

[[noreturn]] void be_worker(std::uint16_t port, const SelfTestLoad::Options& options) {
  prctl(PR_SET_NAME, "self-test-load", 0, 0, 0);
  look_around(usable_cpus());
  const auto shared = memory(shared_words(options.memory_mib), kReservedBytes);
  if (shared.empty()) _exit(1);
  for (std::size_t i = 0; i < shared.size(); ++i) shared[i] = mix(i);
  const unsigned threads = options.threads == 0 ? usable_cpus() : options.threads;
  std::vector<std::thread> workers;
  for (unsigned thread = 0; thread < threads; ++thread) workers.emplace_back(compute, thread, shared);
  static Pool pool;  // never destroyed: its threads outlive every scope
  for (int helper = 0; helper < kHelpers; ++helper) workers.emplace_back([] { pool.help(); });
  talk(port, options, pool);
  for (;;) pause();
}

// ---- both ----

/// What every child does first: nobody, a session of its own, an end in sight, and none without its parent.
bool begin_child(pid_t parent, const SelfTestLoad::Options& options) {
  ::setsid();
  if (!collect::drop_to_nobody()) return false;
  ::signal(SIGALRM, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ::alarm(options.seconds);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return getppid() == parent;
}

template <typename Be>
pid_t start_child(const SelfTestLoad::Options& options, Be be) {
  const pid_t parent = getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (!begin_child(parent, options)) _exit(1);
  be();
  _exit(0);
}

class Children : public SelfTestLoad {
 public:
  Children(pid_t worker, pid_t peer) : worker_(worker), peer_(peer) {}
  ~Children() override {
    for (const pid_t child : {worker_, peer_}) {
      if (child <= 0) continue;
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }
  [[nodiscard]] pid_t worker() const override { return worker_; }

  [[nodiscard]] std::optional<std::string> ended() override {
    int status = 0;
    if (worker_ <= 0 || ::waitpid(worker_, &status, WNOHANG) != worker_) return std::nullopt;
    worker_ = -1;
    if (WIFSIGNALED(status)) return fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return fmt::format("exit code {}", WEXITSTATUS(status));
  }

 private:
  pid_t worker_;
  pid_t peer_;
};

Error cannot_start(const char* what) { return Error{fmt::format("self-test: {}: {}", what, std::strerror(errno))}; }

}  // namespace

Result<std::unique_ptr<SelfTestLoad>> SelfTestLoad::start(const Options& options) {
  const Socket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener.get(), 1) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return cannot_start("no port on loopback");
  }
  const std::uint16_t port = ntohs(address.sin_port);
  const pid_t peer = start_child(options, [&] { be_peer(listener.get(), options); });
  const pid_t worker = start_child(options, [&] { be_worker(port, options); });
  auto load = std::make_unique<Children>(worker, peer);
  if (peer < 0 || worker < 0) return cannot_start("fork");
  return std::unique_ptr<SelfTestLoad>(std::move(load));
}

}  // namespace davy::app
