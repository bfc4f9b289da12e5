#include "detect/phrases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "base/random.h"

namespace davy::detect {
namespace {

using testing::HasSubstr;
using testing::Not;

const feature::Feature& feature_named(std::string_view name, std::size_t& index) {
  const auto catalogue = feature::catalogue();
  for (index = 0; index < catalogue.size(); ++index) {
    if (catalogue[index].name == name) return catalogue[index];
  }
  ADD_FAILURE() << name << " is no feature";
  index = 0;
  return catalogue[0];
}

float stored(const feature::Feature& feature, double natural) {
  return static_cast<float>(feature.scale == feature::Scale::kLog ? std::log2(1 + natural) : natural);
}

/// All features neutral: what a window of which nothing is known gives.
feature::Vector neutral_row() {
  feature::Vector row;
  for (const auto& feature : feature::catalogue()) row.push_back(stored(feature, feature.neutral));
  return row;
}

std::string tell_of(std::string_view name, double natural, const std::array<float, 3>* normal = nullptr,
                    double seconds = 60) {
  std::size_t index = 0;
  const auto& feature = feature_named(name, index);
  auto row = neutral_row();
  std::size_t talks = 0;
  feature_named("talks", talks);
  row[talks] = 1;
  row[index] = stored(feature, natural);
  return tell(index, row, normal, seconds);
}

TEST(Phrases, EachFeatureHasOneAndEachIsOfAFeature) {
  std::map<std::string_view, int> of_feature;
  for (const auto& phrase : phrases()) ++of_feature[phrase.feature];
  for (const auto& feature : feature::catalogue()) {
    EXPECT_EQ(of_feature[feature.name], 1) << feature.name;
    of_feature.erase(feature.name);
  }
  for (const auto& [name, count] : of_feature) ADD_FAILURE() << name << " is no feature";
}

TEST(Phrases, AValueThatIsThereIsShown) {
  std::map<std::string_view, std::string_view> units;
  for (const auto& feature : feature::catalogue()) units[feature.name] = feature.unit;
  for (const auto& phrase : phrases()) {
    const bool shows = phrase.some.find("{}") != std::string_view::npos;
    EXPECT_EQ(shows, units[phrase.feature] != "yes") << phrase.feature;
    EXPECT_EQ(phrase.none.find("{}"), std::string_view::npos) << phrase.feature;
  }
}

TEST(Phrases, NoValueLeavesAHoleOrClaimsProof) {
  CounterRandom random(1);
  for (int round = 0; round < 50; ++round) {
    auto row = neutral_row();
    for (auto& value : row) value = static_cast<float>(random.uniform() * (random.below(2) == 0 ? 1 : 20));
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::array<float, 3> normal{0.1F, 0.3F, 0.9F};
      const auto text = tell(i, row, &normal, 60);
      EXPECT_FALSE(text.empty());
      for (const char* never : {"{", "}", "proof", "prove", "nan", "inf "}) {
        EXPECT_THAT(text, Not(HasSubstr(never))) << feature::catalogue()[i].name;
      }
    }
  }
}

// A neutral value stands for "unknown" as well: what is said must then be true of both.
TEST(Phrases, NothingUnknownIsClaimed) {
  const auto row = neutral_row();
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto& feature = feature::catalogue()[i];
    const auto text = tell(i, row, nullptr, 60);
    if (feature.name.starts_with("talk")) continue;
    if (!surely_known(feature, row[i])) {
      EXPECT_THAT(text, HasSubstr("or unknown")) << feature.name;
    } else if (feature.unit == "count" && feature.neutral == 0) {
      EXPECT_TRUE(text.find("seen") != std::string::npos || text.find("it has no") != std::string::npos) << text;
    }
    if (feature.unit == "yes") {
      EXPECT_TRUE(text.find("no") != std::string::npos) << text;
    }
  }
}

TEST(Phrases, WithoutAConversationNothingIsSaidAboutIt) {
  const auto row = neutral_row();
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!feature::catalogue()[i].name.starts_with("talk")) continue;
    EXPECT_EQ(tell(i, row, nullptr, 60), "no conversation of five seconds or more was seen")
        << feature::catalogue()[i].name;
  }
}

TEST(Phrases, ComparesWithWhatIsOrdinary) {
  const std::array<float, 3> normal{0.01F, 0.1F, 0.41F};
  EXPECT_EQ(tell_of("cpu_of_available", 0.96, &normal),
            "96 % of the CPU time it may use, over 60 s (typical 10 %, 95 % below 41 %)");
  EXPECT_THAT(tell_of("cpu_of_available", 0.005, &normal), HasSubstr("(typical 10 %, 95 % above 1"));
  EXPECT_THAT(tell_of("cpu_of_available", 0.3, &normal), HasSubstr("(typical 10 %)"));
  const std::array<float, 3> constant{0, 0, 0};
  EXPECT_THAT(tell_of("rounding_entropy", 0.99, &constant), HasSubstr("(typical 0 %)"));
  EXPECT_THAT(tell_of("rounding_entropy", 0, &constant), HasSubstr("(typical 0 %)"));
}

TEST(Phrases, YesAndNoAreToldAsFacts) {
  const std::array<float, 3> never{0, 0, 0};
  EXPECT_EQ(tell_of("exe_temporary", 1, &never),
            "its executable lies in /tmp, /var/tmp or shared memory (unlike nearly all)");
  EXPECT_THAT(tell_of("exe_temporary", 0, &never), HasSubstr("is not known to lie"));
}

TEST(Phrases, TheTimeLookedAtIsSaid) {
  EXPECT_THAT(tell_of("cpu_of_available", 0.96, nullptr, 600), HasSubstr("over 10 min"));
  EXPECT_THAT(tell_of("cpu_of_available", 0.96, nullptr, 0), HasSubstr("over the window"));
}

}  // namespace
}  // namespace davy::detect
