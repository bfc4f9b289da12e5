#include "train/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "dataset/groups.h"
#include "train/planted_test.h"

namespace davy::train {
namespace {

struct Problem {
  dataset::Examples examples;
  std::vector<double> weight;
  std::vector<std::uint8_t> miner;
  std::vector<std::uint16_t> features;
  Bins bins;

  explicit Problem(dataset::Examples made) : examples(std::move(made)) {
    weight = dataset::group(examples).weight;
    for (const auto& row : examples.rows) miner.push_back(row.label == event::Label::kMiner ? 1 : 0);
    features.resize(examples.features);
    std::iota(features.begin(), features.end(), std::uint16_t{0});
    bins = make_bins(examples, weight);
  }
  [[nodiscard]] model::Tree grow(const TreeOptions& options, std::uint64_t seed = 1) const {
    return grow_tree({bins, weight, miner, features, seed, 0}, options);
  }
};

Problem planted(std::uint64_t seed = 1) { return Problem(Planted{}.make(seed)); }

TEST(Threshold, IsTheMidpointExactInFloat) {
  EXPECT_EQ(threshold_between(1, 2), 1.5F);
  const float next = std::nextafter(1.0F, 2.0F);
  EXPECT_EQ(threshold_between(1, next), 1.0F) << "between neighbours only the lower one parts them";
  constexpr float kMax = std::numeric_limits<float>::max();
  EXPECT_EQ(threshold_between(-kMax, kMax), 0.0F);
  CounterRandom random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto low = static_cast<float>(random.uniform());
    const float high = std::nextafter(low + static_cast<float>(random.uniform()) * 1e-6F, 2.0F);
    const float threshold = threshold_between(low, high);
    ASSERT_LE(low, threshold);
    ASSERT_LT(threshold, high);
  }
}

TEST(Bins, OneAValueWhereTheyFitElseQuantiles) {
  dataset::Examples examples;
  examples.features = 2;
  examples.runs.resize(1);
  for (int i = 0; i < 1000; ++i) {
    const std::vector<float> row{static_cast<float>(i % 7), static_cast<float>(i)};
    examples.add({0, 0, 60, dataset::Scope::kProcess, event::Label::kBenign, {}}, row);
  }
  const Bins bins = make_bins(examples, std::vector<double>(1000, 1.0));
  EXPECT_EQ(bins.columns[0].low, (std::vector<float>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(bins.columns[0].low, bins.columns[0].high);
  ASSERT_EQ(bins.columns[1].low.size(), kMaxBins);
  for (std::size_t bin = 0; bin < kMaxBins; ++bin) {
    EXPECT_LE(bins.columns[1].high[bin] - bins.columns[1].low[bin], 4) << "about 1000 / 255 values a bin";
  }
  for (std::size_t i = 0; i < 1000; ++i) {
    const std::uint8_t code = bins.column(1)[i];
    ASSERT_LE(bins.columns[1].low[code], examples.row(i)[1]);
    ASSERT_GE(bins.columns[1].high[code], examples.row(i)[1]);
  }
}

TEST(Tree, FindsThePlantedSplitAndItsNumbers) {
  dataset::Examples examples;
  examples.features = 1;
  examples.runs = {{.program = "a", .family = "a"}, {.program = "b", .family = "b"}};
  for (int i = 0; i < 4; ++i) {
    const auto label = i < 2 ? event::Label::kBenign : event::Label::kMiner;
    examples.add({i < 2 ? 0U : 1U, 0, 60, dataset::Scope::kProcess, label, {}},
                 std::vector<float>{static_cast<float>(i)});
  }
  const model::Tree tree = Problem(examples).grow({});
  EXPECT_EQ(tree, (model::Tree{{1, 2, 0, 1.5F, 0.5, 2}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 1, 1}}));
}

/// Weight of training rows per node, by walking them down.
std::vector<double> walked_cover(const model::Tree& tree, const Problem& problem) {
  std::vector<double> cover(tree.size(), 0.0);
  for (std::size_t row = 0; row < problem.examples.rows.size(); ++row) {
    std::uint32_t at = 0;
    cover[0] += problem.weight[row];
    while (!tree[at].is_leaf()) {
      at = problem.examples.row(row)[tree[at].feature] <= tree[at].threshold ? tree[at].left : tree[at].right;
      cover[at] += problem.weight[row];
    }
  }
  return cover;
}

TEST(Tree, RowsWalkWhereTrainingPutThem) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Problem problem = planted(seed);
    const model::Tree tree = problem.grow({.features_tried = 3}, seed);
    const std::vector<double> cover = walked_cover(tree, problem);
    for (std::size_t i = 0; i < tree.size(); ++i) ASSERT_NEAR(tree[i].cover, cover[i], 1e-9);
  }
}

TEST(Tree, LeavesHoldTheLeastWeight) {
  const Problem problem = planted();
  for (const double least : {0.1, 1.0, 4.0}) {
    for (const model::Node& node : problem.grow({.least_leaf = least})) EXPECT_GE(node.cover, least - 1e-9);
  }
}

TEST(Tree, EntropyAlsoParts) {
  const Problem problem = planted();
  const model::Tree tree =
      problem.grow({.depth = 20, .features_tried = 12, .least_leaf = 0, .impurity = Impurity::kEntropy});
  for (std::size_t i = 0; i < problem.examples.rows.size(); ++i) {
    EXPECT_EQ(model::leaf_of(tree, problem.examples.row(i)).value, problem.miner[i])
        << "fully grown, every leaf is pure";
  }
}

/// `deep` with everything below `depth` cut off, compared by walking both.
void expect_same_above(const model::Tree& deep, const model::Tree& shallow, std::uint32_t a, std::uint32_t b) {
  EXPECT_EQ(deep[a].value, shallow[b].value);
  EXPECT_EQ(deep[a].cover, shallow[b].cover);
  if (shallow[b].is_leaf()) return;
  EXPECT_EQ(deep[a].feature, shallow[b].feature);
  EXPECT_EQ(deep[a].threshold, shallow[b].threshold);
  expect_same_above(deep, shallow, deep[a].left, shallow[b].left);
  expect_same_above(deep, shallow, deep[a].right, shallow[b].right);
}

TEST(Tree, AShallowTreeIsTheDeepOneCutOff) {
  const Problem problem = planted();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const model::Tree deep = problem.grow({.depth = 9, .features_tried = 2}, seed);
    for (int depth = 1; depth < 9; ++depth) {
      expect_same_above(deep, problem.grow({.depth = depth, .features_tried = 2}, seed), 0, 0);
    }
  }
}

TEST(Tree, MonotoneConstraintsHoldEverywhere) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Planted shape;
    shape.honest_families = 6;
    const Problem problem(shape.make(seed));
    TreeOptions options{.depth = 14, .features_tried = 6, .least_leaf = 0};
    options.order = 1;
    options.monotone.assign(shape.features, 0);
    options.monotone[0] = -1;  // against the planted truth, so that the constraint has work to do
    options.monotone[1] = 1;
    options.monotone[5] = 1;  // noise
    const model::Tree tree = problem.grow(options, seed);
    CounterRandom random(seed, 7);
    for (int i = 0; i < 500; ++i) {
      std::vector<float> row(shape.features);
      for (float& x : row) x = static_cast<float>(2.2 * random.uniform());
      for (const auto feature : {0U, 1U, 5U}) {
        std::vector<float> higher = row;
        higher[feature] += static_cast<float>(2 * random.uniform());
        const double rise = model::leaf_of(tree, higher).value - model::leaf_of(tree, row).value;
        ASSERT_GE(rise * options.monotone[feature], 0) << "seed " << seed << " feature " << feature;
      }
    }
  }
}

TEST(Tree, WithoutConstraintsThatPropertyWouldFail) {
  const Problem problem = planted();
  const model::Tree tree = problem.grow({.depth = 14, .features_tried = 6, .least_leaf = 0});
  CounterRandom random(7);
  int falls = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<float> row(problem.examples.features);
    for (float& x : row) x = static_cast<float>(2.2 * random.uniform());
    std::vector<float> higher = row;
    higher[0] += 1;
    falls += model::leaf_of(tree, higher).value > model::leaf_of(tree, row).value ? 1 : 0;
  }
  EXPECT_GT(falls, 0);
}

}  // namespace
}  // namespace davy::train
