// bench_exact SECONDS: two processes, one on each of two processors, whose threads make a known number of calls and
// end, one after another, as fast as they can. Prints as JSON how many calls were made and how many the collector
// counted.
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "collect/factory.h"

namespace {

using Clock = std::chrono::steady_clock;
using davy::event::Sum;

constexpr long kCallsOfThread = 50'000;
constexpr std::size_t kProcesses = 2;

double seconds_since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

// ioprio_get, as nothing calls that behind our back.
void work(std::size_t processor, double seconds, std::atomic<long>& made) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(0, sizeof one, &one);
  for (const auto began = Clock::now(); seconds_since(began) < seconds;) {
    std::thread([&] {
      for (long i = 0; i < kCallsOfThread; ++i) syscall(SYS_ioprio_get, 1, 0);
      made += kCallsOfThread;
    }).join();
  }
}

class Counted : public davy::event::SliceSink {
 public:
  explicit Counted(std::array<pid_t, kProcesses> pids) : pids_(pids) {}
  void on_slice(const davy::event::Slice& slice) override {
    for (const pid_t pid : pids_) {
      if (slice.process && slice.process->id.tgid == static_cast<std::uint32_t>(pid))
        counted_ += slice.activity[Sum::kSyscallPriority];
    }
  }
  void on_slice_end(const davy::event::Health&) override { ++slices_; }
  [[nodiscard]] std::uint64_t counted() const { return counted_; }
  [[nodiscard]] int slices() const { return slices_; }

 private:
  std::array<pid_t, kProcesses> pids_;
  std::atomic<std::uint64_t> counted_ = 0;
  std::atomic<int> slices_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  auto* made = static_cast<std::atomic<long>*>(
      mmap(nullptr, sizeof(std::atomic<long>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::array<int, 2> gate{};
  if (made == MAP_FAILED || pipe(gate.data()) != 0) return 1;
  std::array<pid_t, kProcesses> pids{};
  for (std::size_t i = 0; i < kProcesses; ++i) {
    pids[i] = fork();
    if (pids[i] != 0) continue;
    close(gate[1]);
    char go = 0;
    while (read(gate[0], &go, 1) > 0) {  // until the gate opens
    }
    work(i, seconds, *made);
    _exit(0);
  }

  const auto began = Clock::now();
  davy::collect::CollectorOptions options;
  options.arming = davy::collect::Arming::kAlways;
  options.slice_seconds = 1;
  auto collector = davy::collect::open_collector(options);
  if (!collector) {
    std::fprintf(stderr, "%s\n", collector.error().message.c_str());
    return 1;
  }
  const double start_ms = seconds_since(began) * 1000;
  Counted sink(pids);
  std::atomic<bool> stop = false;
  std::thread thread([&] { static_cast<void>(collector->source->run(sink, [&] { return stop.load(); })); });
  while (sink.slices() < 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  close(gate[1]);
  const auto opened = Clock::now();
  for (const pid_t pid : pids) waitpid(pid, nullptr, 0);
  const double worked = seconds_since(opened);
  for (const int until = sink.slices() + 2; sink.slices() < until;)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  stop = true;
  thread.join();
  std::puts(nlohmann::json{{"made", made->load()},
                           {"counted", sink.counted()},
                           {"seconds", worked},
                           {"start_ms", start_ms},
                           {"rung", davy::collect::name_of(collector->rung)}}
                .dump()
                .c_str());
  return 0;
}
