#include "train/svm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "dataset/groups.h"
#include "train/programs_test.h"
#include "train/scaling.h"

namespace davy::train {
namespace {

using ::testing::HasSubstr;

/// A ring of honest programs around a heap of miners; the third feature never changes.
dataset::Examples ring(int honest, int miners, int windows = 4) {
  return programs_of(
      honest, miners, 3, [&](int) { return windows; },
      [](bool miner, CounterRandom& random) {
        const double angle = 6.28318 * random.uniform(), far = miner ? 0.1 : 1;
        return std::array{static_cast<float>(far * std::cos(angle) + 0.05 * random.uniform()),
                          static_cast<float>(far * std::sin(angle) + 0.05 * random.uniform()), 7.0F};
      });
}

const std::array kMiddle{0.0F, 0.0F, 7.0F};
const std::array kOnTheRing{0.7F, 0.7F, 7.0F};
const std::array kFarOff{3.0F, -3.0F, 7.0F};

TEST(Svm, PartsWhatNoLineParts) {
  const auto svm = train_svm(ring(60, 12), {.c = 10});
  ASSERT_TRUE(svm) << svm.error().message;
  EXPECT_EQ(svm->scaling.columns.size(), 2U) << "what never changes is left out";
  EXPECT_GT(model::score(*svm, kMiddle), 0);
  EXPECT_LT(model::score(*svm, kOnTheRing), 0);
}

TEST(Svm, OfOneClassIsAboveZeroWhereNoHonestProgramIs) {
  const auto svm = train_one_class_svm(ring(60, 12), {.nu = 0.05, .gamma = 4});
  ASSERT_TRUE(svm) << svm.error().message;
  EXPECT_LT(model::score(*svm, kOnTheRing), model::score(*svm, kMiddle));
  EXPECT_GT(model::score(*svm, kFarOff), 0);
}

TEST(Svm, NuBoundsTheHonestRowsOutside) {
  const dataset::Examples examples = ring(80, 0);
  const auto svm = train_one_class_svm(examples, {.nu = 0.1});
  ASSERT_TRUE(svm);
  std::size_t outside = 0;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) outside += model::score(*svm, examples.row(i)) > 1e-3 ? 1 : 0;
  EXPECT_LE(static_cast<double>(outside) / static_cast<double>(examples.rows.size()), 0.1 + 0.01);
}

TEST(Svm, AProgramOfManyWindowsWeighsNoMore) {
  dataset::Examples one = ring(20, 5, 12), more = one;
  for (int i = 0; i < 500; ++i) {
    const std::vector<float> row(one.row(0).begin(), one.row(0).end());
    more.add({0, 0, 60, dataset::Scope::kWorkload, event::Label::kBenign, {}}, row);
  }
  const auto few = train_svm(one, {}), many = train_svm(more, {});
  ASSERT_TRUE(few && many);
  EXPECT_LE(many->coefficients.size(), few->coefficients.size() + 12);
}

TEST(Svm, EqualInputGivesEqualMachines) { EXPECT_EQ(*train_svm(ring(20, 5), {}), *train_svm(ring(20, 5), {})); }

TEST(Svm, WhatItCannotBeTrainedOnIsRefused) {
  const auto message = [](const Result<model::Svm>& svm) { return svm ? "" : svm.error().message; };
  EXPECT_THAT(message(train_svm(ring(10, 0), {})), HasSubstr("miners and of honest"));
  EXPECT_THAT(message(train_one_class_svm(ring(0, 10), {})), HasSubstr("--label benign"));
  EXPECT_THAT(message(train_svm(ring(10, 10), {.c = 0})), HasSubstr("above 0"));
  dataset::Examples same = ring(10, 10);
  std::fill(same.values.begin(), same.values.end(), 2.0F);
  EXPECT_THAT(message(train_svm(same, {})), HasSubstr("nothing can be learned"));
  same.values[0] = NAN;
  EXPECT_THAT(message(train_svm(same, {})), HasSubstr("not finite"));
}

TEST(Scaling, IsTheMedianAndTheQuartilesOfPrograms) {
  dataset::Examples examples = ring(8, 0, 1);
  for (std::size_t i = 0; i < 8; ++i) examples.values[3 * i] = static_cast<float>(i);
  const model::Scaling scaling = fit_scaling(examples, dataset::group(examples), {0, 2});
  ASSERT_EQ(scaling.columns.size(), 1U);
  EXPECT_NEAR(scaling.columns[0].middle, 3, 1e-5);
  EXPECT_NEAR(scaling.columns[0].range, 4, 1e-5) << "from 1 to 5";
  EXPECT_EQ(scaling(std::array{1e30F, 0.0F, 0.0F})[0], model::kFarthest);
  EXPECT_EQ(scaling(std::array{-1e30F, 0.0F, 0.0F})[0], -model::kFarthest);
}

}  // namespace
}  // namespace davy::train
