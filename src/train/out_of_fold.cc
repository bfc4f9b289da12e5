#include "train/out_of_fold.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "base/random.h"

namespace davy::train {
namespace {

constexpr std::uint64_t kDealStream = 21;
constexpr std::uint32_t kNoFold = UINT32_MAX;

/// Numbers of the families of one label, in random order.
std::vector<std::uint32_t> shuffled(const dataset::Groups& groups, bool miner, std::uint64_t seed) {
  std::vector<std::uint32_t> families;
  for (std::uint32_t i = 0; i < groups.families.size(); ++i) {
    if (groups.families[i].miner == miner) families.push_back(i);
  }
  CounterRandom random(seed, kDealStream, miner ? 1 : 0);
  for (std::size_t left = families.size(); left > 1; --left)
    std::swap(families[left - 1], families[random.below(left)]);
  return families;
}

/// Per family its fold, or kNoFold.
std::vector<std::uint32_t> deal(const dataset::Groups& groups, std::uint32_t folds, std::uint64_t seed) {
  std::vector<std::uint32_t> fold_of(groups.families.size(), kNoFold);
  for (const bool miner : {true, false}) {
    const std::vector<std::uint32_t> families = shuffled(groups, miner, seed);
    if (families.size() < 2) continue;
    for (std::uint32_t i = 0; i < families.size(); ++i) fold_of[families[i]] = i % folds;
  }
  return fold_of;
}

std::uint32_t folds_of(const dataset::Groups& groups, std::uint32_t wanted) {
  const auto honest = static_cast<std::uint32_t>(
      std::count_if(groups.families.begin(), groups.families.end(), [](const auto& family) { return !family.miner; }));
  return std::clamp<std::uint32_t>(wanted, 2, std::max<std::uint32_t>(2, honest));
}

}  // namespace

Result<Unseen> out_of_fold(const dataset::Examples& examples, const dataset::Groups& groups, const Setting& setting,
                           const FoldOptions& options) {
  const std::uint32_t folds = folds_of(groups, options.folds);
  const std::vector<std::uint32_t> fold_of = deal(groups, folds, options.seed);
  const auto fold_of_row = [&](std::size_t row) {
    return groups.family_of[row] == dataset::Groups::kNone ? kNoFold : fold_of[groups.family_of[row]];
  };
  Unseen unseen{std::vector<double>(examples.rows.size(), 0.0), std::vector<std::uint8_t>(examples.rows.size(), 0)};
  for (std::uint32_t fold = 0; fold < folds; ++fold) {
    const auto others = dataset::filtered(
        examples, [&](std::size_t row) { return fold_of_row(row) != fold && examples.rows[row].learned; });
    const auto scorer = learn(others, setting);
    if (!scorer) return scorer.error();
    for (std::size_t row = 0; row < examples.rows.size(); ++row) {
      if (fold_of_row(row) != fold) continue;
      unseen.score[row] = model::unit_score(*scorer, examples.row(row));
      unseen.known[row] = 1;
    }
    if (options.on_fold) options.on_fold(fold + 1);
  }
  return unseen;
}

}  // namespace davy::train
