#include "evaluate/split.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "base/random.h"

namespace davy::evaluate {
namespace {

using Order = std::vector<std::uint32_t>;

/// Families of a label: by tenths of their order of size, the largest first, shuffled within.
Order ordered(std::span<const Family> families, bool miner, CounterRandom random) {
  constexpr std::size_t kTenths = 10;
  Order order;
  for (std::uint32_t i = 0; i < families.size(); ++i) {
    if (families[i].miner == miner) order.push_back(i);
  }
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return families[a].windows > families[b].windows; });
  for (std::size_t tenth = 0; tenth < kTenths; ++tenth) {
    const std::size_t begin = order.size() * tenth / kTenths, end = order.size() * (tenth + 1) / kTenths;
    for (std::size_t i = end; i > begin + 1; --i) std::swap(order[i - 1], order[begin + random.below(i - begin)]);
  }
  return order;
}

/// scikit-learn's sums run over folds one after the other; so do these, to the last bit.
double deviation_over_folds(std::span<const std::array<double, 2>> counts, std::size_t label, double all) {
  const auto folds = static_cast<double>(counts.size());
  double sum = 0;
  for (const auto& fold : counts) sum += fold[label] / all;
  const double mean = sum / folds;
  double squares = 0;
  for (const auto& fold : counts) {
    const double off = fold[label] / all - mean;
    squares += off * off;
  }
  return std::sqrt(squares / folds);
}

double deviation_of(const LabelCounts& group) {
  const auto honest = static_cast<double>(group.honest), miners = static_cast<double>(group.miners);
  const double mean = (honest + miners) / 2;
  return std::sqrt(((honest - mean) * (honest - mean) + (miners - mean) * (miners - mean)) / 2);
}

/// numpy.isclose with its usual tolerances.
bool is_close(double a, double b) {
  if (std::isinf(b)) return a == b;
  return std::abs(a - b) <= 1e-8 + 1e-5 * std::abs(b);
}

}  // namespace

Result<std::vector<std::uint32_t>> split(std::span<const Family> families, std::uint32_t folds, std::uint64_t seed) {
  assert(folds >= 2);
  std::vector<std::uint32_t> fold_of(families.size(), 0);
  std::vector<std::size_t> windows(folds, 0);
  for (const bool miner : {true, false}) {
    const Order order = ordered(families, miner, CounterRandom(seed, miner ? 1 : 0));
    if (order.size() < folds) {
      return Error{fmt::format("{} folds need as many families of {}, the dataset has {}: record more families, or ask "
                               "for fewer folds",
                               folds, miner ? "miners" : "honest programs", order.size()),
                   Error::Kind::kBadInput};
    }
    std::vector<std::size_t> count(folds, 0);
    for (const std::uint32_t family : order) {
      std::uint32_t best = 0;
      for (std::uint32_t fold = 1; fold < folds; ++fold) {
        if (std::tie(count[fold], windows[fold]) < std::tie(count[best], windows[best])) best = fold;
      }
      fold_of[family] = best;
      ++count[best];
      windows[best] += families[family].windows;
    }
  }
  return fold_of;
}

std::vector<std::uint32_t> stratified_group_folds(std::span<const LabelCounts> groups, std::uint32_t folds) {
  Order order(groups.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return deviation_of(groups[a]) > deviation_of(groups[b]); });
  double all[2] = {0, 0};
  for (const LabelCounts& group : groups) {
    all[0] += static_cast<double>(group.honest);
    all[1] += static_cast<double>(group.miners);
  }
  std::vector<std::array<double, 2>> counts(folds, {0, 0});
  std::vector<std::uint32_t> fold_of(groups.size(), 0);
  for (const std::uint32_t group : order) {
    const std::array<double, 2> mine{static_cast<double>(groups[group].honest),
                                     static_cast<double>(groups[group].miners)};
    double best = std::numeric_limits<double>::infinity(), fewest = best;
    std::uint32_t chosen = 0;
    for (std::uint32_t fold = 0; fold < folds; ++fold) {
      for (std::size_t label = 0; label < 2; ++label) counts[fold][label] += mine[label];
      const double value = (deviation_over_folds(counts, 0, all[0]) + deviation_over_folds(counts, 1, all[1])) / 2;
      for (std::size_t label = 0; label < 2; ++label) counts[fold][label] -= mine[label];
      const double size = counts[fold][0] + counts[fold][1];
      if (value < best || (is_close(value, best) && size < fewest)) {
        best = value;
        fewest = size;
        chosen = fold;
      }
    }
    for (std::size_t label = 0; label < 2; ++label) counts[chosen][label] += mine[label];
    fold_of[group] = chosen;
  }
  return fold_of;
}

}  // namespace davy::evaluate
