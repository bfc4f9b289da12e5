#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace davy::app {

/// A bar on standard error for what takes over two seconds, when that is a terminal; else nothing. Erases itself.
class Progress {
 public:
  Progress(std::string what, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `done` of the total, `kept` of which cost no time. One caller at a time.
  void show(std::size_t done, std::size_t kept = 0);

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  std::size_t total_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point started_ = Clock::now();
  Clock::time_point next_ = started_ + std::chrono::seconds(2);
};

}  // namespace davy::app
