#include "web/stages.h"

namespace davy::web {

void Stages::add(const std::string& stage, std::chrono::nanoseconds spent) {
  const std::lock_guard lock(mutex_);
  Sum& sum = sums_[stage];
  sum.spent += spent;
  ++sum.runs;
}

std::vector<StageTime> Stages::read() const {
  const std::lock_guard lock(mutex_);
  std::vector<StageTime> times;
  times.reserve(sums_.size());
  for (const auto& [stage, sum] : sums_) {
    times.push_back({stage, std::chrono::duration<double>(sum.spent).count(), sum.runs});
  }
  return times;
}

}  // namespace davy::web
