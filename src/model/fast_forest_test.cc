#include "model/fast_forest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "model/random_forest_test.h"

namespace davy::model {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();
const std::vector<float> kOdd{kNan,
                              -kNan,
                              kInf,
                              -kInf,
                              kTiny,
                              -kTiny,
                              -0.0F,
                              0.0F,
                              std::numeric_limits<float>::max(),
                              std::numeric_limits<float>::lowest()};

/// Rows of ordinary and hostile numbers: thresholds hit exactly, NaN, infinities, denormals, both zeros.
std::vector<float> hostile_rows(std::size_t rows, std::size_t features, CounterRandom& random) {
  std::vector<float> values;
  for (std::size_t i = 0; i < rows; ++i) {
    for (float x : random_row(features, random)) {
      values.push_back(random.below(5) == 0 ? kOdd[random.below(kOdd.size())] : x);
    }
  }
  return values;
}

/// Thresholds and rows from the same few numbers, hostile ones among them.
void make_thresholds_hostile(Forest& forest, CounterRandom& random) {
  for (Tree& tree : forest.trees) {
    for (Node& node : tree) {
      if (random.below(4) == 0) node.threshold = kOdd[random.below(kOdd.size())];
    }
  }
}

std::vector<double> walked(const Forest& forest, std::span<const float> rows) {
  std::vector<double> scores;
  for (; !rows.empty(); rows = rows.subspan(forest.features)) {
    scores.push_back(score(forest, rows.first(forest.features)));
  }
  return scores;
}

void expect_the_walkers_scores(const Forest& forest, std::span<const float> rows) {
  const std::vector<double> expected = walked(forest, rows);
  std::vector<double> fast(expected.size());
  FastForest(forest).score(rows, fast);
  for (std::size_t i = 0; i < fast.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(fast[i]), std::bit_cast<std::uint64_t>(expected[i])) << "row " << i;
  }
}

/// At thresholds rows reach exactly, just beside them, and where none does.
void expect_the_full_decisions(const Forest& forest, std::span<const float> rows) {
  const std::vector<double> scores = walked(forest, rows);
  std::vector<double> thresholds{0, 1, 0.5, -1, 2, kInf, -kInf, kNan};
  for (std::size_t i = 0; i < scores.size(); i += 1 + scores.size() / 8) {
    thresholds.insert(thresholds.end(), {scores[i], std::nextafter(scores[i], 2), std::nextafter(scores[i], -1)});
  }
  const FastForest fast(forest);
  for (const double threshold : thresholds) {
    std::vector<std::uint8_t> alerts(scores.size(), 7);
    fast.alerts(rows, threshold, alerts);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      ASSERT_EQ(alerts[i], scores[i] >= threshold ? 1 : 0) << scores[i] << " against " << threshold;
    }
  }
}

class FastForestEquals : public ::testing::TestWithParam<int> {};

TEST_P(FastForestEquals, TheTreeWalker) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  RandomForest shape;
  shape.features = static_cast<std::uint16_t>(1 + seed % 40);  // one or two: repeated on every path
  shape.trees = seed % 5 == 0 ? 1 : 70;
  shape.depth = static_cast<int>(seed % 12);
  Forest forest = shape.make(seed);
  CounterRandom random(seed, 1);
  if (seed % 2 == 1) make_thresholds_hostile(forest, random);
  const std::size_t rows = 1 + seed * 37 % 600;  // blocks and tiles that do not come out even
  const std::vector<float> values = hostile_rows(rows, forest.features, random);
  expect_the_walkers_scores(forest, values);
  expect_the_full_decisions(forest, values);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FastForestEquals, ::testing::Range(0, 40));

/// A path of `depth` splits on two features, leaving to a leaf at each.
Tree chain(int depth, CounterRandom& random) {
  Tree tree(1);
  for (int i = 0; i < depth; ++i) {
    const auto children = static_cast<std::uint32_t>(tree.size());
    const std::uint32_t at = i == 0 ? 0 : children - 1 - static_cast<std::uint32_t>(random.below(2));
    tree[at] = {children, children + 1, static_cast<std::uint16_t>(i % 2), static_cast<float>(random.uniform()), 0, 1};
    tree.resize(tree.size() + 2);
    for (std::size_t child : {children, children + 1}) tree[child].value = random.uniform();
  }
  return tree;
}

TEST(FastForest, TakesTreesOfAnyDepth) {
  CounterRandom random(3);
  Forest forest{2, {}};
  for (const int depth : {0, 1, 2, 3, 4, 5, 6, 20, 63, kMaxDepth}) forest.trees.push_back(chain(depth, random));
  const std::vector<float> rows = hostile_rows(100, forest.features, random);
  expect_the_walkers_scores(forest, rows);
  expect_the_full_decisions(forest, rows);
}

/// A complete tree of 2^depth leaves whose thresholds are all different, on one feature.
Tree complete(int depth, CounterRandom& random) {
  const std::size_t inner = (std::size_t{1} << depth) - 1;
  Tree tree(2 * inner + 1);
  for (std::uint32_t i = 0; i < tree.size(); ++i) {
    tree[i].value = random.uniform();
    if (i < inner) tree[i] = {2 * i + 1, 2 * i + 2, 0, static_cast<float>(random.uniform()), 0, 1};
  }
  return tree;
}

TEST(FastForest, TakesTreesWithMoreNodesThanAStepCanNumber) {
  CounterRandom random(4);
  Forest forest{3, {complete(3, random)}};
  for (int i = 0; i < 3; ++i) forest.trees.push_back(complete(15 + i % 2, random));  // 65,535 and 131,071 nodes
  std::vector<float> rows(3 * 500);
  for (float& x : rows) x = static_cast<float>(random.uniform());
  expect_the_walkers_scores(forest, rows);
  expect_the_full_decisions(forest, rows);
}

TEST(FastForest, ValuesOfAnySizeAreDecidedAsInFull) {
  CounterRandom random(5);
  for (const double size : {1e-320, 1e-12, 1e12, 1e300}) {
    RandomForest shape;
    shape.trees = 100;
    Forest forest = shape.make(6);
    for (Tree& tree : forest.trees) {
      for (Node& node : tree) node.value = size * (random.uniform() - 0.5) * (random.below(9) == 0 ? 1e3 : 1);
    }
    const std::vector<float> rows = hostile_rows(200, forest.features, random);
    expect_the_walkers_scores(forest, rows);
    expect_the_full_decisions(forest, rows);
  }
}

TEST(FastForest, TakesAnyNumberOfFeatures) {
  for (const std::uint16_t features : std::vector<std::uint16_t>{4095, 4096, 4097, UINT16_MAX}) {
    RandomForest shape;
    shape.features = features;
    shape.depth = 8;
    const Forest forest = shape.make(features);
    CounterRandom random(features);
    const std::vector<float> rows = hostile_rows(20, features, random);
    expect_the_walkers_scores(forest, rows);
    expect_the_full_decisions(forest, rows);
  }
}

TEST(FastForest, NoRowsAreNoScores) {
  const FastForest fast(RandomForest{}.make(1));
  fast.score({}, {});
  fast.alerts({}, 0.5, {});
}

/// Many ties: all values are multiples of 1/8, so sums hit thresholds exactly and early bounds meet them.
TEST(FastForest, TiesAreDecidedAsInFull) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    RandomForest shape;
    shape.trees = 64;
    Forest forest = shape.make(seed);
    CounterRandom random(seed, 7);
    for (Tree& tree : forest.trees) {
      for (Node& node : tree) node.value = static_cast<double>(random.below(9)) / 8;
    }
    expect_the_full_decisions(forest, hostile_rows(300, forest.features, random));
  }
}

}  // namespace
}  // namespace davy::model
