// Loads for the measurements, one a word. Each prints one line of JSON, or "ready" and then works until its input ends.
//
//   calls N           N calls of each kind: CPU and wall ns of one
//   sleepers N MS     N processes that wake every MS ms (0: never)
//   busy N            N threads that call getppid without pause; at its end the calls made
//   threads N         N threads that made one call and wait
//   storm N           N processes that end at once
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>
#include <vector>

namespace {

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void until_input_ends() {
  std::puts("ready");
  std::fflush(stdout);
  char end = 0;
  while (read(STDIN_FILENO, &end, 1) > 0) {
  }
}

template <typename Call>
nlohmann::json time_of(long n, Call call) {
  for (long i = 0; i < n / 10; ++i) call();
  const double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
  for (long i = 0; i < n; ++i) call();
  const double each = 1e9 / static_cast<double>(n);
  return {{"cpu_ns", (seconds(CLOCK_THREAD_CPUTIME_ID) - cpu) * each},
          {"wall_ns", (seconds(CLOCK_MONOTONIC) - wall) * each}};
}

/// A processor that comes out of idleness is slow for some milliseconds.
void warm_up() {
  const double until = seconds(CLOCK_MONOTONIC) + 0.3;
  while (seconds(CLOCK_MONOTONIC) < until) syscall(SYS_getppid);
}

int calls(long n) {
  warm_up();
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  char byte = 0;
  const auto close_nothing = [] { syscall(SYS_close, -1); };
  const auto open_and_close = [] { syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0)); };
  const nlohmann::json times = {{"getppid", time_of(n, [] { syscall(SYS_getppid); })},
                                {"read", time_of(n, [&] { syscall(SYS_read, zero, &byte, 1); })},
                                {"close", time_of(n, close_nothing)},
                                {"open_close", time_of(n / 2, open_and_close)}};
  std::puts(times.dump().c_str());
  return 0;
}

int sleepers(long n, long wake_ms) {
  for (long i = 0; i < n; ++i) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      wake_ms > 0 ? static_cast<void>(usleep(static_cast<useconds_t>(wake_ms * 1000))) : static_cast<void>(pause());
  }
  until_input_ends();
  return 0;
}

int busy(long n) {
  std::atomic<bool> stop = false;
  std::atomic<long> made = 0;
  std::vector<std::thread> threads;
  for (long i = 0; i < n; ++i) {
    threads.emplace_back([&] {
      long own = 0;
      for (; !stop.load(std::memory_order_relaxed); own += 100) {
        for (int k = 0; k < 100; ++k) syscall(SYS_getppid);
      }
      made += own;
    });
  }
  const double began = seconds(CLOCK_MONOTONIC);
  until_input_ends();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  std::puts(nlohmann::json{{"calls", made.load()}, {"seconds", seconds(CLOCK_MONOTONIC) - began}}.dump().c_str());
  return 0;
}

int threads(long n) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 65'536);
  const auto body = [](void*) -> void* {
    syscall(SYS_getppid);
    for (;;) pause();
  };
  for (long i = 0; i < n; ++i) {
    pthread_t thread{};
    if (pthread_create(&thread, &small, body, nullptr) != 0) {
      std::fprintf(stderr, "only %ld threads could be started\n", i);
      return 1;
    }
  }
  sleep(1);
  until_input_ends();
  return 0;
}

int storm(long n) {
  const double began = seconds(CLOCK_MONOTONIC);
  for (long i = 0; i < n; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    if (child < 0) return 1;
    waitpid(child, nullptr, 0);
  }
  std::puts(nlohmann::json{{"processes", n}, {"seconds", seconds(CLOCK_MONOTONIC) - began}}.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const long n = argc > 2 ? std::atol(argv[2]) : 0, more = argc > 3 ? std::atol(argv[3]) : 0;
  if (n > 0 && what == "calls") return calls(n);
  if (n > 0 && what == "sleepers") return sleepers(n, more);
  if (n > 0 && what == "busy") return busy(n);
  if (n > 0 && what == "threads") return threads(n);
  if (n > 0 && what == "storm") return storm(n);
  std::fputs("usage: bench_load calls|sleepers|busy|threads|storm N [MS]\n", stderr);
  return 2;
}
