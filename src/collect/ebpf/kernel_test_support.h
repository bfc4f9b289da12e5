#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "collect/ebpf/ebpf_source.h"

namespace davy::collect::testing {

/// Keeps all slices, and lets another thread wait for slices to be complete.
class Capture : public event::SliceSink {
 public:
  void on_slice(const event::Slice& slice) override {
    const std::lock_guard lock(mutex_);
    slices_.push_back(slice);
  }
  void on_slice_end(const event::Health& health) override {
    const std::lock_guard lock(mutex_);
    healths_.push_back(health);
  }
  std::size_t ended() {
    const std::lock_guard lock(mutex_);
    return healths_.size();
  }
  /// What process `tgid` did in all slices together.
  event::Activity of(std::uint32_t tgid) {
    const std::lock_guard lock(mutex_);
    event::Activity sum;
    for (const event::Slice& slice : slices_) {
      if (slice.process && slice.process->id.tgid == tgid) sum.merge(slice.activity);
    }
    return sum;
  }
  std::vector<event::Slice> slices() {
    const std::lock_guard lock(mutex_);
    return slices_;
  }
  std::vector<event::Health> healths() {
    const std::lock_guard lock(mutex_);
    return healths_;
  }

 private:
  std::mutex mutex_;
  std::vector<event::Slice> slices_;
  std::vector<event::Health> healths_;
};

/// A collector that runs in a thread of this test, with slices of one second.
class Running {
 public:
  explicit Running(EbpfOptions options = {}) {
    options.slice_seconds = 1;
    auto opened = open_ebpf(options);
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      return;
    }
    source_ = std::move(*opened);
    thread_ = std::thread([this] {
      const Status status = source_->run(capture_, [this] { return stop_.load(); });
      EXPECT_TRUE(status) << (status ? "" : status.error().message);
    });
    wait_slices(1);
  }
  ~Running() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  /// Waits until `n` more slices are complete.
  void wait_slices(std::size_t n) {
    const std::size_t until = capture_.ended() + n;
    const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(20 + n);
    while (capture_.ended() < until && std::chrono::steady_clock::now() < latest) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_GE(capture_.ended(), until) << "the collector has stopped making slices";
  }
  Capture& capture() { return capture_; }
  [[nodiscard]] bool ok() const { return source_ != nullptr; }

 private:
  Capture capture_;
  std::unique_ptr<event::SliceSource> source_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// While it lives this process can open no further descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit_), 0);
    const rlimit none{3, limit_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit_), 0); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit limit_{};
};

inline std::uint64_t counter_of(const event::Health& health, std::string_view name) {
  for (const auto& counter : health.counters) {
    if (counter.name == name) return counter.value;
  }
  return 0;
}

/// Forks, runs `body` in the child, returns its pid when it has ended.
inline pid_t run_child(const std::function<void()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status)) << "status " << status;
  return pid;
}

#define DAVY_NEEDS_ROOT() \
  if (geteuid() != 0) FAIL() << "not run: these tests load BPF programs and need root (ctest -L kernel as root)"

}  // namespace davy::collect::testing
