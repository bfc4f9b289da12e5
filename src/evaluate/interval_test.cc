#include "evaluate/interval.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/random.h"
#include "train/curve.h"

namespace davy::evaluate {
namespace {

TEST(Interval, OfNothingSeenIsTheRuleOfThree) {
  EXPECT_NEAR(clopper_pearson(0, 300, 0.1).high, 1 - std::pow(0.05, 1.0 / 300), 1e-12) << "one-sided 95 %";
  EXPECT_EQ(clopper_pearson(0, 300, 0.1).low, 0);
  EXPECT_EQ(clopper_pearson(12, 12, 0.1).high, 1);
  EXPECT_NEAR(clopper_pearson(12, 12, 0.1).low, 0.779, 5e-4);
}

TEST(Interval, PartsOfAUnitLieBetweenWholeOnes) {
  const Interval three = clopper_pearson(3, 10, 0.05), half = clopper_pearson(3.5, 10, 0.05);
  const Interval four = clopper_pearson(4, 10, 0.05);
  EXPECT_LT(three.low, half.low);
  EXPECT_LT(half.low, four.low);
  EXPECT_LT(three.high, half.high);
  EXPECT_LT(half.high, four.high);
}

/// How often the interval of `of` holds `truth` when n programs are found with a chance that differs between them.
template <typename Of>
double coverage(double truth, std::uint64_t n, Of of) {
  constexpr std::uint64_t kSets = 4000;
  int holds = 0;
  for (std::uint64_t set = 0; set < kSets; ++set) {
    CounterRandom random(7, n, set);
    double k = 0;
    for (std::uint64_t i = 0; i < n; ++i) k += random.uniform() < truth ? 1 : 0;
    const Interval interval = of(k, static_cast<double>(n));
    holds += interval.low <= truth && truth <= interval.high ? 1 : 0;
  }
  return holds / static_cast<double>(kSets);
}

TEST(Interval, TheExactOneHoldsWhatItPromisesNearTheCeilingAndTheFloor) {
  const auto exact = [](double k, double n) { return clopper_pearson(k, n, 0.05); };
  for (const double truth : {0.01, 0.05, 0.5, 0.9, 0.95, 0.99}) {
    for (const std::uint64_t n : {12U, 60U, 112U}) EXPECT_GE(coverage(truth, n, exact), 0.94) << truth << " " << n;
  }
}

/// Windows of a program share its fate: an interval over windows is far too narrow, one over programs is not.
TEST(Interval, OverWindowsItWouldHoldFarLess) {
  constexpr std::uint64_t kPrograms = 60, kWindows = 24, kSets = 2000;
  int programs_hold = 0, windows_hold = 0;
  for (std::uint64_t set = 0; set < kSets; ++set) {
    CounterRandom random(8, set);
    double sum = 0;
    for (std::uint64_t i = 0; i < kPrograms; ++i) {
      const double own = random.uniform() < 0.9 ? 1.0 : 0.2;  // found nearly always, or seldom: 0.92 on average
      double found = 0;
      for (std::uint64_t w = 0; w < kWindows; ++w) found += random.uniform() < own ? 1 : 0;
      sum += found / kWindows;
    }
    const Interval programs = clopper_pearson(sum, kPrograms, 0.05);
    const Interval windows = wilson(sum * kWindows, kPrograms * kWindows, 0.05);
    programs_hold += programs.low <= 0.92 && 0.92 <= programs.high ? 1 : 0;
    windows_hold += windows.low <= 0.92 && 0.92 <= windows.high ? 1 : 0;
  }
  EXPECT_GE(programs_hold, 0.94 * kSets);
  EXPECT_LT(windows_hold, 0.6 * kSets);
}

TEST(Interval, PrecisionFallsWithThePrior) {
  EXPECT_NEAR(precision_at(0.5, 0.9, 0.1), 0.9, 1e-12);
  EXPECT_NEAR(precision_at(1e-4, 0.9, 1e-3), 0.0826, 1e-4);
  EXPECT_TRUE(std::isnan(precision_at(0.5, 0, 0)));
  const Interval range = precision_at(1e-2, Interval{0.8, 0.95}, Interval{0, 0.03});
  EXPECT_NEAR(range.low, 0.01 * 0.8 / (0.01 * 0.8 + 0.99 * 0.03), 1e-12);
  EXPECT_EQ(range.high, 1);
}

TEST(Interval, PrecisionAtThePriorOfTheTestIsThatOfTheTest) {
  CounterRandom random(3);
  std::vector<double> score;
  std::vector<std::uint8_t> miner;
  for (int i = 0; i < 500; ++i) {
    miner.push_back(random.below(5) == 0 ? 1 : 0);
    score.push_back(random.uniform() + 0.3 * miner.back());
  }
  const train::Curve curve = train::curve_of(score, miner, std::vector<double>(score.size(), 1.0));
  const double prior = curve.miners / (curve.miners + curve.honest);
  for (const train::Step& step : curve.steps) {
    EXPECT_NEAR(precision_at(prior, curve.recall(step), curve.false_positive_rate(step)), train::Curve::precision(step),
                1e-12);
  }
}

TEST(Interval, TheCeilingGivesThePrecisionBack) {
  const double ceiling = false_positive_ceiling(1e-4, 0.9, 0.9);
  EXPECT_NEAR(ceiling, 1.0e-5, 1e-7);
  EXPECT_NEAR(precision_at(1e-4, 0.9, ceiling), 0.9, 1e-12);
}

TEST(Interval, RepeatsDoNotNarrowIt) {
  const std::array<double, 5> once{0.8, 0.9, 0.7, 0.85, 0.75};
  std::array<double, 25> often{};
  for (std::size_t i = 0; i < often.size(); ++i) often[i] = once[i % 5];
  const Interval one = nadeau_bengio(once, 5, 0.05), many = nadeau_bengio(often, 5, 0.05);
  EXPECT_NEAR((one.low + one.high) / 2, 0.8, 1e-12);
  EXPECT_GT(many.high - many.low, 0.5 * (one.high - one.low)) << "the uncorrected one would shrink to 0.4 of it";
}

TEST(Interval, AnAveragePrecisionOfOneSaysNothingOfItsInterval) {
  EXPECT_EQ(average_precision_interval(1, 20, 0.05), (Interval{0, 1}));
  const Interval range = average_precision_interval(0.8, 20, 0.05);
  EXPECT_LT(range.low, 0.8);
  EXPECT_GT(range.high, 0.8);
  EXPECT_LT(range.high, 1);
}

TEST(Interval, AShareOfNobodyIsNoNumber) {
  EXPECT_TRUE(std::isnan(share(0, 0).value));
  EXPECT_EQ(share(5, 5).high, 1);
  EXPECT_EQ(share(5, 5).n, 5);
}

}  // namespace
}  // namespace davy::evaluate
