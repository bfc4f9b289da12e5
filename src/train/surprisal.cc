#include "train/surprisal.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace davy::train {
namespace {

constexpr double kSteps = 8;  // in a unit of surprisal

double level_of(double reaching, std::size_t programs) {
  const double share = (1 + std::max(reaching, 0.0)) / (static_cast<double>(programs) + 1);
  constexpr double kSlack = 1e-9;  // a share of all is a surprise of nothing, whatever its sum was rounded to
  return std::max(std::floor(-std::log(share) * kSteps + kSlack) / kSteps, 0.0);
}

/// In [lower, upper), halfway where there is room.
float between(float lower, float upper) {
  const float middle = lower + (upper - lower) / 2;
  return middle < upper ? middle : lower;
}

}  // namespace

double Surprisal::operator()(float x) const {
  return levels[static_cast<std::size_t>(std::lower_bound(cuts.begin(), cuts.end(), x) - cuts.begin())];
}

Honest::Honest(const dataset::Examples& examples, const dataset::Groups& groups)
    : examples_(examples), groups_(groups) {
  std::vector<std::uint8_t> seen(groups.programs, 0);
  for (std::uint32_t row = 0; row < examples.rows.size(); ++row) {
    if (groups.weight[row] <= 0 || examples.rows[row].label != event::Label::kBenign) continue;
    rows_.push_back(row);
    std::uint8_t& program = seen[groups.program_of[row]];
    if (program == 0) ++programs_;
    program = 1;
  }
}

/// Places in rows_, what is most surprising first.
std::vector<std::uint32_t> Honest::from_most_extreme(std::uint16_t feature, bool rising) const {
  std::vector<std::uint32_t> order(rows_.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto value = [&](std::uint32_t at) { return examples_.row(rows_[at])[feature]; };
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return rising ? value(a) > value(b) : value(a) < value(b);
  });
  return order;
}

Surprisal Honest::surprisal(std::uint16_t feature, bool rising) const {
  assert(!rows_.empty());
  std::vector<float> seen;  // by anyone, ascending
  for (std::size_t row = 0; row < examples_.rows.size(); ++row) {
    if (groups_.weight[row] > 0) seen.push_back(examples_.row(row)[feature]);
  }
  std::sort(seen.begin(), seen.end());
  // From the most surprising value down to the most usual one.
  std::vector<float> cuts;
  std::vector<double> levels{level_of(0, programs_)};
  double reaching = 0;
  const std::vector<std::uint32_t> order = from_most_extreme(feature, rising);
  for (std::size_t begin = 0; begin < order.size();) {
    const float value = examples_.row(rows_[order[begin]])[feature];
    std::size_t end = begin;
    for (; end < order.size() && examples_.row(rows_[order[end]])[feature] == value; ++end)
      reaching += groups_.weight[rows_[order[end]]];
    begin = end;
    const double level = level_of(reaching, programs_);
    if (level == levels.back()) continue;
    if (rising) {
      const auto above = std::upper_bound(seen.begin(), seen.end(), value);
      cuts.push_back(above == seen.end() ? value : between(value, *above));
    } else {
      const auto from = std::lower_bound(seen.begin(), seen.end(), value);
      cuts.push_back(from == seen.begin() ? std::nextafter(value, std::numeric_limits<float>::lowest())
                                          : between(*(from - 1), value));
    }
    levels.push_back(level);
  }
  if (rising) {
    std::reverse(cuts.begin(), cuts.end());
    std::reverse(levels.begin(), levels.end());
  }
  return {feature, rising, std::move(cuts), std::move(levels)};
}

std::vector<double> Honest::of_others(std::uint16_t feature, bool rising) const {
  std::vector<double> level(rows_.size());
  std::unordered_map<std::uint32_t, double> own;  // of a program, what of it reaches so far
  double reaching = 0;
  const std::vector<std::uint32_t> order = from_most_extreme(feature, rising);
  for (std::size_t begin = 0; begin < order.size();) {
    const float value = examples_.row(rows_[order[begin]])[feature];
    std::size_t end = begin;
    for (; end < order.size() && examples_.row(rows_[order[end]])[feature] == value; ++end) {
      const std::uint32_t row = rows_[order[end]];
      reaching += groups_.weight[row];
      own[groups_.program_of[row]] += groups_.weight[row];
    }
    for (; begin < end; ++begin)
      level[order[begin]] = level_of(reaching - own[groups_.program_of[rows_[order[begin]]]], programs_ - 1);
  }
  return level;
}

}  // namespace davy::train
