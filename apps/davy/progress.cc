#include "progress.h"

#include <fmt/core.h>

#include <cstdio>

#include "screen.h"

namespace davy::app {

Progress::Progress(std::string what, std::size_t total)
    : what_(std::move(what)), total_(total), terminal_(is_terminal(stderr)) {}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::show(std::size_t done, std::size_t kept) {
  const auto now = Clock::now();
  if (!terminal_ || total_ == 0 || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  constexpr std::size_t kWidth = 30;
  const std::size_t full = kWidth * done / total_;
  const std::chrono::duration<double> spent = now - started_;
  const auto made = static_cast<double>(done - kept);
  const double left = made == 0 ? 0 : spent.count() * static_cast<double>(total_ - done) / made;
  constexpr double kMinute = 60, kManySeconds = 120;
  const std::string words =
      left < kManySeconds ? fmt::format("{:.0f} s left", left) : fmt::format("{:.0f} min left", left / kMinute);
  fmt::print(stderr, "\r{} [{:#<{}}{:.<{}}] {} of {}, {}\x1b[K", what_, "", full, "", kWidth - full, done, total_,
             words);
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace davy::app
