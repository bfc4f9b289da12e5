#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace davy::web {

/// Time that one stage of the pipeline has spent since the start.
struct StageTime {
  std::string stage;  // "detect", "record", "draw", ...
  double seconds = 0;
  std::uint64_t runs = 0;
};

/// Adds up how long the stages of the pipeline take, for /metrics. Thread-safe; meant for a few calls a slice, not for
/// each event.
class Stages {
 public:
  /// Runs `work` as part of `stage`.
  template <typename Work>
  void time(const std::string& stage, Work&& work) {
    const auto before = std::chrono::steady_clock::now();
    std::forward<Work>(work)();
    add(stage, std::chrono::steady_clock::now() - before);
  }
  void add(const std::string& stage, std::chrono::nanoseconds spent);
  /// By name.
  [[nodiscard]] std::vector<StageTime> read() const;

 private:
  struct Sum {
    std::chrono::nanoseconds spent{0};
    std::uint64_t runs = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Sum> sums_;
};

}  // namespace davy::web
