#include "train/logistic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace davy::train {
namespace {

LogisticRows random_rows(std::uint64_t seed, std::size_t rows, const std::vector<double>& truth) {
  CounterRandom random(seed, 0);
  LogisticRows made;
  made.columns.resize(truth.size());
  for (std::size_t i = 0; i < rows; ++i) {
    double z = -1;
    for (std::size_t j = 0; j < truth.size(); ++j) {
      made.columns[j].push_back(4 * random.uniform() * random.uniform());
      z += truth[j] * made.columns[j].back();
    }
    made.label.push_back(random.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
    made.weight.push_back(1.0 / static_cast<double>(rows));
  }
  return made;
}

/// The loss' slope by each unknown, the intercept last.
std::vector<double> gradient(const LogisticRows& rows, const LogisticWeights& at, double ridge) {
  std::vector<double> slope(rows.columns.size() + 1, 0);
  for (std::size_t i = 0; i < rows.label.size(); ++i) {
    double z = at.intercept;
    for (std::size_t j = 0; j < rows.columns.size(); ++j) z += at.slopes[j] * rows.columns[j][i];
    const double residual = rows.weight[i] * (1 / (1 + std::exp(-z)) - rows.label[i]);
    for (std::size_t j = 0; j < rows.columns.size(); ++j) slope[j] += residual * rows.columns[j][i];
    slope.back() += residual;
  }
  for (std::size_t j = 0; j < rows.columns.size(); ++j)
    slope[j] += 2 * ridge * (at.slopes[j] - (rows.prior.empty() ? 0 : rows.prior[j]));
  return slope;
}

TEST(Logistic, StandsWhereNoStepThatIsAllowedTakesOff) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LogisticRows rows = random_rows(seed, 300, {1.5, -1, 0.3, 0, -0.2, 2});
    if (seed % 2 == 1) rows.prior = {0.1, 0, 2, 0, 0.3, 0};
    for (const double ridge : {1e-5, 1e-3, 1.0}) {
      const LogisticWeights at = fit_logistic(rows, ridge);
      const auto slope = gradient(rows, at, ridge);
      EXPECT_NEAR(slope.back(), 0, 1e-5);
      for (std::size_t j = 0; j < at.slopes.size(); ++j) {
        EXPECT_GE(at.slopes[j], 0);
        EXPECT_GE(slope[j], -1e-5);
        EXPECT_LE(at.slopes[j] > 0 ? slope[j] : 0, 1e-5);
      }
      EXPECT_EQ(at.slopes[1], 0) << "it speaks against, and may not";
    }
  }
}

TEST(Logistic, WhatNoRowTellsKeepsItsPrior) {
  LogisticRows rows = random_rows(3, 500, {1});
  rows.columns.emplace_back(500, 0.0);
  rows.prior = {0, 0.4};
  EXPECT_NEAR(fit_logistic(rows, 1e-2).slopes[1], 0.4, 1e-9);
}

TEST(Logistic, RecoversWhatItWasDrawnFrom) {
  const LogisticWeights at = fit_logistic(random_rows(1, 40'000, {0.5, 0, 1}), 1e-9);
  EXPECT_NEAR(at.slopes[0], 0.5, 0.05);
  EXPECT_NEAR(at.slopes[1], 0, 0.05);
  EXPECT_NEAR(at.slopes[2], 1, 0.05);
  EXPECT_NEAR(at.intercept, -1, 0.08);
}

TEST(Logistic, LabelsThatAColumnPartsWhollyAreHeldByTheRidge) {
  LogisticRows rows{{{0, 0, 5, 5}, {0, 0, 0, 0}}, {0, 0, 1, 1}, {0.25, 0.25, 0.25, 0.25}};
  const LogisticWeights at = fit_logistic(rows, 1e-4);
  EXPECT_GT(at.slopes[0], 1);
  EXPECT_LT(at.slopes[0], 100);
  EXPECT_EQ(at.slopes[1], 0);
}

}  // namespace
}  // namespace davy::train
