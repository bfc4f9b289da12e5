#include "train/monotone.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace davy::train {
namespace {

using model::Tree;

/// A random tree over `features` features, each in (0, 1), with random values and covers in its leaves.
Tree random_tree(CounterRandom& random, std::size_t features, int splits) {
  Tree tree(1);
  std::vector<std::uint32_t> leaves{0};
  for (int i = 0; i < splits; ++i) {
    const std::size_t chosen = random.below(leaves.size());
    const std::uint32_t node = leaves[chosen];
    tree[node].left = static_cast<std::uint32_t>(tree.size());
    tree[node].right = tree[node].left + 1;
    tree[node].feature = static_cast<std::uint16_t>(random.below(features));
    tree[node].threshold = static_cast<float>(random.uniform());
    leaves[chosen] = tree[node].left;
    leaves.push_back(tree[node].right);
    tree.resize(tree.size() + 2);
  }
  for (std::size_t i = tree.size(); i-- > 0;) {
    model::Node& node = tree[i];
    node.cover = node.is_leaf() ? 0.1 + random.uniform() : tree[node.left].cover + tree[node.right].cover;
    if (node.is_leaf()) node.value = random.uniform();
  }
  return tree;
}

std::vector<float> random_row(CounterRandom& random, std::size_t features) {
  std::vector<float> row(features);
  for (float& x : row) x = static_cast<float>(random.uniform());
  return row;
}

double value_at(const Tree& tree, const std::vector<float>& row) { return model::leaf_of(tree, row).value; }

/// One feature cut at 1, 2, ...: leaves in a row.
Tree chain(const std::vector<double>& values, const std::vector<double>& covers) {
  Tree tree(1);
  std::uint32_t at = 0;
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const auto left = static_cast<std::uint32_t>(tree.size());
    tree[at].left = left;
    tree[at].right = left + 1;
    tree[at].threshold = static_cast<float>(i + 1);
    tree.resize(tree.size() + 2);
    tree[left].value = values[i];
    tree[left].cover = covers[i];
    at = left + 1;
  }
  tree[at].value = values.back();
  tree[at].cover = covers.back();
  for (std::size_t i = tree.size(); i-- > 0;) {
    if (!tree[i].is_leaf()) tree[i].cover = tree[tree[i].left].cover + tree[tree[i].right].cover;
  }
  return tree;
}

TEST(Monotone, HoldsEverywhereForAnyTree) {
  constexpr std::size_t kFeatures = 5;
  const std::vector<std::int8_t> directions{1, -1, 1, 0, -1};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CounterRandom random(seed);
    Tree tree = random_tree(random, kFeatures, 3 + static_cast<int>(seed % 40));
    make_monotone(tree, directions);
    for (int i = 0; i < 400; ++i) {
      const std::vector<float> row = random_row(random, kFeatures);
      std::vector<float> moved = row;
      for (std::size_t f = 0; f < kFeatures; ++f) {  // up where the score may rise, down where it may fall
        if (random.below(2) == 0) continue;
        if (directions[f] > 0) moved[f] += static_cast<float>(random.uniform());
        if (directions[f] < 0) moved[f] -= static_cast<float>(random.uniform());
      }
      ASSERT_GE(value_at(tree, moved), value_at(tree, row)) << "seed " << seed;
    }
  }
}

// Pool adjacent violators by hand: 0.5 and 0.2 become their mean weighted 1 to 2, then 0.3; 0.9 and 0.8 likewise.
TEST(Monotone, InARowItIsTheIsotonicRegression) {
  Tree tree = chain({0.1, 0.5, 0.2, 0.9, 0.8}, {1, 1, 2, 3, 1});
  make_monotone(tree, std::vector<std::int8_t>{1});
  const std::vector<double> expected{0.1, 0.3, 0.3, 0.875, 0.875};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(value_at(tree, {static_cast<float>(i) + 0.5F}), expected[i], 1e-5) << i;
  }
}

TEST(Monotone, NoOtherMonotoneValuesAreNearer) {
  const std::vector<std::int8_t> directions{1, -1, 1};
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    CounterRandom random(seed);
    const Tree before = random_tree(random, directions.size(), 12);
    Tree nearest = before;
    make_monotone(nearest, directions);
    const auto distance = [&](const Tree& tree) {
      double sum = 0;
      for (std::size_t i = 0; i < tree.size(); ++i) {
        const double moved = tree[i].value - before[i].value;
        if (tree[i].is_leaf()) sum += tree[i].cover * moved * moved;
      }
      return sum;
    };
    for (int i = 0; i < 200; ++i) {  // others: those nearest to other values
      Tree other = before;
      for (model::Node& node : other) node.value += 0.2 * (random.uniform() - 0.5);
      make_monotone(other, directions);
      ASSERT_GE(distance(other), distance(nearest) - 1e-4) << "seed " << seed;
    }
  }
}

TEST(Monotone, WhatIsMonotoneStaysAsItIs) {
  const Tree before = chain({0.1, 0.2, 0.2, 0.9}, {1, 2, 3, 4});
  Tree tree = before;
  make_monotone(tree, std::vector<std::int8_t>{1});
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (tree[i].is_leaf()) {
      EXPECT_EQ(tree[i].value, before[i].value);
    }
  }
}

TEST(Monotone, HalfTheWayIsHalfTheWay) {
  Tree tree = chain({0.6, 0.2}, {1, 1});
  make_monotone(tree, std::vector<std::int8_t>{1}, 0.5);
  EXPECT_NEAR(value_at(tree, {0.5F}), 0.5, 1e-6);
  EXPECT_NEAR(value_at(tree, {1.5F}), 0.3, 1e-6);
}

TEST(Monotone, FeaturesWithoutADirectionAreFree) {
  const Tree before = chain({0.9, 0.1, 0.5}, {1, 1, 1});
  Tree tree = before;
  make_monotone(tree, std::vector<std::int8_t>{0});
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (tree[i].is_leaf()) {
      EXPECT_EQ(tree[i].value, before[i].value);
    }
  }
}

// Talks like a miner (feature 0 high) but reads much (feature 1 high): honest, and no bound of a split above holds it
// up.
TEST(Monotone, AnHonestLeafMayStandBesideMiners) {
  Tree tree(5);
  tree[0] = {1, 2, 0, 0.5F, 0, 3};
  tree[1].value = 0;  // talks little
  tree[1].cover = 1;
  tree[2] = {3, 4, 1, 0.5F, 0, 2};
  tree[3].value = 1;  // talks, reads little
  tree[3].cover = 1;
  tree[4].value = 0;  // talks, reads much
  tree[4].cover = 1;
  make_monotone(tree, std::vector<std::int8_t>{1, -1});
  EXPECT_EQ(tree[4].value, 0);
  EXPECT_EQ(tree[3].value, 1);
  EXPECT_DOUBLE_EQ(tree[2].value, 0.5);
}

}  // namespace
}  // namespace davy::train
