#include "evaluate/threshold.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/random.h"

namespace davy::evaluate {
namespace {

TEST(Threshold, NeedsAsManyProgramsAsTheTableSays) {
  EXPECT_EQ(programs_needed(1e-2, 0.05), 299U);
  EXPECT_EQ(programs_needed(1e-3, 0.05), 2995U);
  EXPECT_EQ(programs_needed(1e-4, 0.05), 29956U);
}

TEST(Threshold, RanksAreThoseOfTheTable) {
  EXPECT_EQ(neyman_pearson_rank(1000, 0.01, 0.05), 996U);
  EXPECT_EQ(neyman_pearson_rank(5000, 0.01, 0.05), 4962U);
  EXPECT_EQ(neyman_pearson_rank(299, 0.01, 0.05), 299U) << "the highest of all";
  EXPECT_EQ(neyman_pearson_rank(298, 0.01, 0.05), std::nullopt);
  EXPECT_EQ(neyman_pearson_rank(0, 0.5, 0.05), std::nullopt);
}

/// The k-th by the definition, term by term.
TEST(Threshold, RanksAreThoseOfTheDefinition) {
  for (std::size_t n = 1; n < 60; ++n) {
    const double rate = 0.2, risk = 0.1;
    double tail = 0;
    std::optional<std::size_t> rank;
    for (std::size_t k = n; k >= 1; --k) {
      const auto j = static_cast<double>(k), all = static_cast<double>(n);
      tail += std::exp(std::lgamma(all + 1) - std::lgamma(j + 1) - std::lgamma(all - j + 1) + j * std::log(1 - rate) +
                       (all - j) * std::log(rate));
      if (tail > risk) break;
      rank = k;
    }
    EXPECT_EQ(neyman_pearson_rank(n, rate, risk), rank) << n;
  }
}

TEST(Threshold, TheRateIsExceededNoMoreOftenThanPromised) {
  constexpr int kSets = 2000;
  constexpr std::size_t kPrograms = 200;
  constexpr double kRate = 0.05, kRisk = 0.1;
  int exceeded = 0;
  for (std::uint64_t set = 0; set < kSets; ++set) {
    CounterRandom random(11, set);
    std::vector<double> honest(kPrograms);
    for (double& score : honest) score = random.uniform();
    const auto threshold = neyman_pearson_threshold(honest, kRate, kRisk);
    ASSERT_TRUE(threshold);
    exceeded += 1 - *threshold > kRate ? 1 : 0;  // of uniform scores, what lies above it
  }
  EXPECT_LE(exceeded, kSets * kRisk + 3 * std::sqrt(kSets * kRisk * (1 - kRisk)));
  EXPECT_GE(exceeded, kSets * kRisk / 3) << "and the threshold is no stricter than it must be";
}

TEST(Threshold, ASequenceStopsAtTheFirstThatCannotBeShown) {
  constexpr double kRate = 0.05, kRisk = 0.05;
  EXPECT_EQ(learn_then_test(std::array{Trials{0, 100}, Trials{1, 100}, Trials{9, 100}, Trials{0, 1000}}, kRate, kRisk),
            2U);
  EXPECT_EQ(learn_then_test(std::array{Trials{0, 20}}, kRate, kRisk), 0U) << "20 say too little: 0.95^20 = 0.36";
  EXPECT_EQ(learn_then_test(std::array{Trials{0, 0}}, kRate, kRisk), 0U);
  EXPECT_EQ(learn_then_test({}, kRate, kRisk), 0U);
}

}  // namespace
}  // namespace davy::evaluate
