#include "detect/evidence.h"

#include <algorithm>

namespace davy::detect {

void Evidence::add(const RuleOptions& rule, double score) {
  scores_.push_back(score);
  while (scores_.size() > std::max(rule.of, rule.strong_needed)) scores_.pop_front();
}

bool Evidence::enough(const RuleOptions& rule) const {
  const auto above = [&](double limit) { return [limit](double score) { return score >= limit; }; };
  const auto recent = [&](std::size_t n) { return scores_.end() - static_cast<std::ptrdiff_t>(n); };
  if (scores_.size() >= rule.strong_needed &&
      std::all_of(recent(rule.strong_needed), scores_.end(), above(rule.strong()))) {
    return true;
  }
  const std::size_t looked_at = std::min(rule.of, scores_.size());
  const auto reached = std::count_if(recent(looked_at), scores_.end(), above(rule.threshold));
  return static_cast<std::size_t>(reached) >= rule.needed;
}

}  // namespace davy::detect
