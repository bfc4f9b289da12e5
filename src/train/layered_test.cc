#include "train/layered.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/planted_test.h"

namespace davy::train {
namespace {

using ::testing::HasSubstr;

TEST(Layered, FindsWhatWasPlantedBetterThanItsFirstLayer) {
  const dataset::Examples seen = Planted{}.make(1), unseen = Planted{}.make(2);
  const auto layered = train_layered(seen, LayeredOptions{});
  const auto additive = train_additive(seen, AdditiveOptions{});
  ASSERT_TRUE(layered && additive) << layered.error().message;
  EXPECT_GT(precision_on(*layered, unseen), precision_on(*additive, unseen))
      << "that a miner is high in both of two features no sum can hold";
  EXPECT_GT(precision_on(*layered, unseen), 0.85);
}

TEST(Layered, SeveralNumbersOfTreesAtOnceAreEachOnItsOwn) {
  const dataset::Examples examples = Planted{}.make(1);
  const auto several = train_layered(examples, LayeredOptions{}, {5, 20});
  ASSERT_TRUE(several);
  LayeredOptions options;
  options.boost.trees = 5;
  EXPECT_EQ((*several)[0], *train_layered(examples, options));
  options.boost.trees = 20;
  EXPECT_EQ((*several)[1], *train_layered(examples, options));
}

TEST(Layered, BeginsFromAPartOfTheFirstLayer) {
  const dataset::Examples examples = Planted{}.make(1);
  LayeredOptions options;
  options.boost.trees = 1;
  options.boost.rate = 1e-6;
  const auto additive = train_additive(examples, options.additive);
  for (const double share : {1.0, 0.25}) {
    options.share = share;
    const auto layered = train_layered(examples, options);
    ASSERT_TRUE(layered && additive);
    EXPECT_NEAR(model::log_odds(*layered, examples.row(3)), share * model::log_odds(*additive, examples.row(3)), 1e-4);
  }
}

TEST(Layered, SaysWhatIsWrong) {
  EXPECT_THAT(train_layered(Planted{}.make(1), LayeredOptions{.share = 0}).error().message, HasSubstr("share"));
  EXPECT_THAT(train_layered(Planted{.miner_families = 0}.make(1), LayeredOptions{}).error().message,
              HasSubstr("no miner to learn from"));
}

}  // namespace
}  // namespace davy::train
