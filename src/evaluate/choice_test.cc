#include "evaluate/choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace davy::evaluate {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

Json figure(double k, double n) {
  const Figure made = share(k, n);
  return {{"value", made.value}, {"low", made.low}, {"high", made.high}, {"level", 0.95}, {"method", "m"}, {"n", n}};
}

Json point(const char* name, const Json& asked, double threshold, double found, double alarms, double honest) {
  return {{"name", name},
          {"asked", asked},
          {"threshold", {{"median", threshold}}},
          {"honest_alerted", static_cast<std::size_t>(std::ceil(alarms))},
          {"recall", figure(found, 10)},
          {"false_positive_rate", figure(alarms, honest)}};
}

Json report(std::size_t honest, double alarms_of_first = 0) {
  Json programs = Json::array();
  for (std::size_t i = 0; i < honest; ++i) {
    const double level = static_cast<double>(i) / static_cast<double>(2 * honest);
    for (const double of_program : {level, level / 2}) {  // two programs of each family
      programs.push_back({{"label", "benign"},
                          {"own", false},
                          {"group", std::to_string(i)},
                          {"levels", {of_program, of_program / 2}}});
    }
  }
  programs.push_back({{"label", "benign"}, {"own", true}, {"group", "o"}, {"levels", {0.99}}});
  programs.push_back({{"label", "miner"}, {"own", false}, {"group", "m"}, {"levels", {0.9}}});
  const auto n = static_cast<double>(honest);
  return {{"about", {{"schema", "abc"}}},
          {"models",
           {{"forest",
             {{"operating_points",
               {point("shipped", nullptr, 0.7, 8, 0, n), point("fpr_0", 0.0, 0.8, 6, alarms_of_first, n),
                point("fpr_0.05", 0.05, 0.6, 9, n / 20, n), point("fpr_0.5", 0.5, 0.2, 10, n / 2, n)}},
              {"programs", programs}}}}}};
}

TEST(Choices, AreWhatTheReportSays) {
  const auto choices = choices_from(report(100), "forest");
  ASSERT_TRUE(choices) << choices.error().message;
  EXPECT_EQ(choices->points.size(), 3U);
  EXPECT_EQ(choices->shipped.threshold, 0.7);
  EXPECT_EQ(choices->honest.size(), 100U) << "one a family; ours and miners are not among them";
}

TEST(Choices, OfAnythingElseAreRefused) {
  EXPECT_THAT(choices_from(report(10), "svm").error().message, HasSubstr("it has: forest"));
  EXPECT_THAT(choices_from(Json::array(), "forest").error().message, HasSubstr("no report.json"));
  EXPECT_THAT(choices_from(Json::parse("{", nullptr, false), "forest").error().message, HasSubstr("no report.json"));
  Json damaged = report(10);
  damaged["models"]["forest"]["programs"][0].erase("levels");
  EXPECT_THAT(choices_from(damaged, "forest").error().message, HasSubstr("make it again"));
}

TEST(Choices, NeymanPearsonLeavesThePromisedShareAndRefusesWhatCannotBeShown) {
  const Choices choices = *choices_from(report(100), "forest");
  const Guarantee shown = by_neyman_pearson(choices, 0.1, 0.05);
  ASSERT_TRUE(shown.threshold);
  EXPECT_GT(*shown.threshold, 0.45) << "above the 95th of 100";
  const Guarantee refused = by_neyman_pearson(choices, 0.01, 0.05);
  EXPECT_FALSE(refused.threshold);
  EXPECT_THAT(refused.refusal, HasSubstr("needs 299 honest families"));
  EXPECT_THAT(refused.refusal, HasSubstr("the least they can show is 3 %"));
}

TEST(Choices, LearnThenTestTakesTheMostLenientThatIsShown) {
  const Choices choices = *choices_from(report(100), "forest");
  EXPECT_EQ(by_learn_then_test(choices, 0.05, 0.05).point, "fpr_0");
  EXPECT_EQ(by_learn_then_test(choices, 0.15, 0.05).point, "fpr_0.05");
  EXPECT_THAT(by_learn_then_test(choices, 0.001, 0.05).refusal, HasSubstr("needs 2995"));
  const Choices alarmed = *choices_from(report(100, 4), "forest");
  EXPECT_THAT(by_learn_then_test(alarmed, 0.05, 0.05).refusal, HasSubstr("alerts 4 of 100"));
}

TEST(Choices, APrecisionNeedsItsPrograms) {
  const Choices choices = *choices_from(report(100), "forest");
  const Needed needed = needed_for(choices.shipped, 0.9, 1e-4, 0.05);
  EXPECT_NEAR(needed.false_positive_rate, 8.9e-6, 1e-7);
  EXPECT_NEAR(needed.programs, 337'000, 2000);
  OperatingPoint blind = choices.shipped;
  blind.recall.value = 0;
  EXPECT_EQ(needed_for(blind, 0.9, 1e-4, 0.05).programs, 0);
  EXPECT_TRUE(std::isfinite(needed_for(choices.shipped, 0.9, 1e-20, 0.05).programs));
}

TEST(Choices, SharesThatAreNoneAreRefused) {
  for (const Json& value : {Json(-1), Json(7), Json("x")}) {
    Json damaged = report(10);
    damaged["models"]["forest"]["operating_points"][0]["recall"]["value"] = value;
    EXPECT_THAT(choices_from(damaged, "forest").error().message, HasSubstr("make it again"));
    damaged = report(10);
    damaged["models"]["forest"]["operating_points"][0]["recall"]["n"] = 1e300;
    EXPECT_FALSE(choices_from(damaged, "forest"));
  }
}

}  // namespace
}  // namespace davy::evaluate
