#include "train/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace davy::train {
namespace {

using ::testing::ElementsAre;

struct Rows {
  std::vector<double> score;
  std::vector<std::uint8_t> miner;
  std::vector<double> weight;
  [[nodiscard]] Scored all() const { return {score, miner, weight}; }
  void add(double s, int m, double w) {
    score.push_back(s);
    miner.push_back(static_cast<std::uint8_t>(m));
    weight.push_back(w);
  }
};

/// Scores on few values, miners higher, weights uneven.
Rows some(std::uint64_t seed, int count) {
  CounterRandom random(seed);
  Rows rows;
  for (int i = 0; i < count; ++i) {
    const int miner = random.below(3) == 0 ? 1 : 0;
    rows.add(static_cast<double>(random.below(20) + 6U * static_cast<std::uint64_t>(miner)) / 25, miner,
             0.25 * static_cast<double>(1 + random.below(4)));
  }
  return rows;
}

/// The isotonic value at `at` by its min-max formula, from all ranges of points.
double by_definition(const Rows& rows, double at) {
  double highest = 0;
  for (const double from : rows.score) {
    if (from > at) continue;
    double least = 1;
    for (const double to : rows.score) {
      if (to < at) continue;
      double weight = 0, miners = 0;
      for (std::size_t i = 0; i < rows.score.size(); ++i) {
        if (rows.score[i] < from || rows.score[i] > to) continue;
        weight += rows.weight[i];
        miners += rows.miner[i] * rows.weight[i];
      }
      least = std::min(least, miners / weight);
    }
    highest = std::max(highest, least);
  }
  return highest;
}

TEST(Isotonic, IsTheMaxOfMinsOfMeans) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Rows rows = some(seed, 40);
    const model::Isotonic fitted = fit_isotonic(rows.all());
    EXPECT_TRUE(std::is_sorted(fitted.value.begin(), fitted.value.end()));
    for (const double score : rows.score) EXPECT_NEAR(fitted(score), by_definition(rows, score), 1e-12) << seed;
  }
}

TEST(Isotonic, RunsStraightBetweenPointsAndFlatBeyond) {
  const model::Isotonic fitted{{0.2, 0.6}, {0.1, 0.5}};
  EXPECT_EQ(fitted(0.0), 0.1);
  EXPECT_NEAR(fitted(0.4), 0.3, 1e-12);
  EXPECT_EQ(fitted(1.0), 0.5);
  EXPECT_EQ(model::Isotonic{}(0.37), 0.37) << "none: the score itself";
}

TEST(Platt, FindsTheSigmoidThatMadeTheLabels) {
  CounterRandom random(4);
  Rows rows;
  for (int i = 0; i < 20'000; ++i) {
    const double score = random.uniform();
    rows.add(score, random.uniform() < 1 / (1 + std::exp(-8 * score + 5)) ? 1 : 0, 1);
  }
  const model::Platt fitted = fit_platt(rows.all());
  EXPECT_NEAR(fitted.slope, -8, 0.4);
  EXPECT_NEAR(fitted.offset, 5, 0.3);
}

TEST(Platt, PartedLabelsDoNotRunAway) {
  Rows rows;
  for (int i = 0; i < 10; ++i) rows.add(i < 5 ? 0.1 : 0.9, i < 5 ? 0 : 1, 1);
  const model::Platt fitted = fit_platt(rows.all());
  EXPECT_NEAR(fitted(0.9), 6.0 / 7, 1e-3) << "its target: as if one more of each had been seen";
  EXPECT_NEAR(fitted(0.1), 1.0 / 7, 1e-3);
  EXPECT_EQ(fitted(1e300), 1);
  EXPECT_EQ(fitted(-1e300), 0);
}

model::Range range_by_definition(Rows rows, double at, double weight) {
  rows.add(at, 0, weight);
  const double low = by_definition(rows, at);
  rows.miner.back() = 1;
  return {low, by_definition(rows, at)};
}

TEST(VennAbers, IsTheDefinitionEverywhere) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Rows rows = some(seed + 50, 30);
    const double weight = seed % 2 == 0 ? 1 : 0.4;
    const model::VennAbers fitted = fit_venn_abers(rows.all(), weight);
    for (int i = -1; i < 60; ++i) {
      const double at = i / 50.0;
      const model::Range expected = range_by_definition(rows, at, weight), range = fitted(at);
      EXPECT_NEAR(range.low, expected.low, 1e-12) << at;
      EXPECT_NEAR(range.high, expected.high, 1e-12) << at;
      EXPECT_LE(range.low, range.high);
    }
  }
}

/// As it is defined: for every place two isotonic regressions.
model::Range range_by_two_fits(Rows rows, double at, double weight) {
  rows.add(at, 0, weight);
  const double low = fit_isotonic(rows.all())(at);
  rows.miner.back() = 1;
  return {low, fit_isotonic(rows.all())(at)};
}

void expect_two_fits(const Rows& rows, double weight) {
  const model::VennAbers fitted = fit_venn_abers(rows.all(), weight);
  std::vector<double> places{-1};
  for (const double score : fitted.score) places.insert(places.end(), {score, score + 1e-6});
  for (const double at : places) {
    const model::Range expected = range_by_two_fits(rows, at, weight), range = fitted(at);
    ASSERT_NEAR(range.low, expected.low, 1e-12) << at;
    ASSERT_NEAR(range.high, expected.high, 1e-12) << at;
    ASSERT_FALSE(std::signbit(range.low)) << "a zero that is written with a sign";
    ASSERT_LE(range.high, 1);
  }
}

TEST(VennAbers, IsTwoFitsAPlaceWithTiesAndAnyWeights) {
  constexpr double kTiny = 1e-3, kLarge = 50;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    CounterRandom random(seed, 9);
    const std::uint64_t count = 1 + random.below(16), scores = 1 + random.below(20), shape = seed % 5;
    Rows rows;
    for (std::uint64_t i = 0; i < count; ++i) {
      const double score = static_cast<double>(random.below(scores)) / 20;
      const bool miner = shape == 0 ? random.uniform() < score : shape == 1 || (shape != 2 && random.below(2) == 0);
      const double weight = shape == 3 ? 1 : 0.01 + random.uniform();
      rows.add(score, miner ? 1 : 0, shape == 4 && random.below(2) == 0 ? kTiny : weight);
    }
    for (const double weight : {1.0, seed % 2 == 0 ? kLarge : kTiny})
      ASSERT_NO_FATAL_FAILURE(expect_two_fits(rows, weight)) << seed;
  }
}

/// Where each place would look at all others: values that only rise, each a little.
TEST(VennAbers, ManyPlacesAreNoSquare) {
  constexpr int kPlaces = 200'000;
  Rows rows;
  for (int i = 0; i < kPlaces; ++i) {
    const double share = (i + 0.5) / kPlaces;
    rows.add(share, 1, share / kPlaces);
    rows.add(share, 0, (1 - share) / kPlaces);
  }
  const model::VennAbers fitted = fit_venn_abers(rows.all(), 0.01);
  ASSERT_EQ(fitted.score.size(), kPlaces);
  const model::Range middle = fitted(0.5);
  EXPECT_LT(middle.low, 0.5);
  EXPECT_GT(middle.high, 0.5);
  EXPECT_NEAR(middle.low + middle.high, 1, 1e-4) << "it is symmetric";
}

TEST(VennAbers, KnowsLittleWhereLittleWasSeen) {
  EXPECT_EQ(model::VennAbers{}(0.5), (model::Range{0, 1}));
  Rows few, many;
  for (int i = 0; i < 400; ++i) many.add(i % 2 == 0 ? 0.2 : 0.8, i % 2, 1);
  for (int i = 0; i < 4; ++i) few.add(i % 2 == 0 ? 0.2 : 0.8, i % 2, 1);
  const model::Range narrow = fit_venn_abers(many.all())(0.8), wide = fit_venn_abers(few.all())(0.8);
  EXPECT_LT(narrow.high - narrow.low, 0.01);
  EXPECT_GT(wide.high - wide.low, 0.3);
  EXPECT_GT(narrow.middle(), 0.99);
}

TEST(VennAbers, WindowsCountedAsProgramsWouldSeemToKnowMore) {
  Rows windows, programs;
  for (int program = 0; program < 6; ++program) {
    for (int window = 0; window < 24; ++window) {
      windows.add(program % 2 == 0 ? 0.3 : 0.7, program % 2, 1);
      programs.add(program % 2 == 0 ? 0.3 : 0.7, program % 2, 1.0 / 24);
    }
  }
  const auto gap = [](const model::Range& range) { return range.high - range.low; };
  EXPECT_LT(gap(fit_venn_abers(windows.all())(0.7)), 0.02);
  EXPECT_GT(gap(fit_venn_abers(programs.all())(0.7)), 0.2);
}

}  // namespace
}  // namespace davy::train
