#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "feature/schema.h"
#include "model/random_forest_test.h"
#include "model/scorer.h"

namespace davy::model {

/// For tests: steps of either sign, of a size as a rate of 0.1 gives, where a forest has frequencies.
inline Boosted random_boosted(const RandomForest& shape, std::uint64_t seed) {
  Boosted boosted{shape.make(seed), 0.25};
  for (Tree& tree : boosted.trees.trees) {
    for (Node& node : tree) node.value = 0.2 * (node.value - 0.5);
  }
  return boosted;
}

/// On every second feature, with vectors that are multiples of 1/8.
inline Svm random_svm(std::uint16_t features, std::uint64_t seed) {
  constexpr int kVectors = 12;
  CounterRandom random(seed, 3);
  Svm svm;
  svm.gamma = 0.5;
  svm.offset = 0.125;
  svm.scaling.features = features;
  for (std::uint16_t i = 0; i < features; i = static_cast<std::uint16_t>(i + 2)) {
    svm.scaling.columns.push_back({i, 0.5F, 0.25F});
  }
  for (int i = 0; i < kVectors; ++i) {
    svm.coefficients.push_back(random.uniform() - 0.5);
    const std::vector<float> vector = random_row(svm.scaling.columns.size(), random);
    svm.vectors.insert(svm.vectors.end(), vector.begin(), vector.end());
  }
  return svm;
}

/// Every node of a few parts its rows at random.
inline IsolationForest random_isolation(std::uint16_t features, int trees, std::uint64_t seed) {
  constexpr std::size_t kNodes = 31;
  CounterRandom random(seed, 4);
  IsolationForest forest{features, 256, {}};
  for (int i = 0; i < trees; ++i) {
    IsolationTree tree{{.rows = forest.sample}};
    for (std::size_t at = 0; at < tree.size() && tree.size() < kNodes; ++at) {
      const std::uint32_t rows = tree[at].rows;
      if (rows < 2) continue;
      const auto left = static_cast<std::uint32_t>(tree.size());
      const auto part = static_cast<std::uint32_t>(1 + random.below(rows - 1));
      tree[at] = {left, left + 1, static_cast<std::uint16_t>(random.below(features)),
                  static_cast<float>(random.below(9)) / 8, rows};
      tree.push_back({.rows = part});
      tree.push_back({.rows = rows - part});
    }
    forest.trees.push_back(std::move(tree));
  }
  return forest;
}

/// One of each kind; rules only when there are as many features as they need.
inline std::vector<Scorer> random_scorers(const RandomForest& shape, std::uint64_t seed) {
  std::vector<Scorer> scorers{shape.make(seed), random_boosted(shape, seed), random_svm(shape.features, seed),
                              random_isolation(shape.features, shape.trees, seed)};
  if (shape.features == feature::catalogue().size()) scorers.emplace_back(Rules{});
  return scorers;
}

}  // namespace davy::model
