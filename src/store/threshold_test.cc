#include "store/threshold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace davy::store {
namespace {

event::Host host() {
  event::Host host;
  host.name = "edge-7";
  return host;
}

event::Workload workload() {
  event::Workload workload;
  workload.image = "x:1";
  workload.pod = "ci/a";
  workload.cgroup = "/pods/a";
  return workload;
}

ThresholdSetting setting(Scope scope, std::optional<double> threshold) {
  return {std::move(scope), "release", "", threshold, "ann", "trial", {}};
}

double chosen(const std::vector<ThresholdSetting>& settings, const std::string& release = "release") {
  const auto* best = most_specific(settings, release, host(), workload());
  return best == nullptr ? -1 : *best->threshold;
}

TEST(ThresholdTest, TheMoreSpecificScopeWins) {
  const std::vector<Scope> ladder{{},
                                  {.host = "edge-*"},
                                  {.pod_namespace = "ci"},
                                  {.host = "edge-*", .pod_namespace = "ci"},
                                  {.image = "x:*"},
                                  {.host = "edge-*", .image = "x:*"},
                                  {.pod_namespace = "ci", .image = "x:*"},
                                  {.host = "edge-*", .pod_namespace = "ci", .image = "x:*"},
                                  {.workload = "/pods/*"},
                                  {.host = "edge-*", .workload = "/pods/*"}};
  for (std::size_t above = 0; above < ladder.size(); ++above) {
    std::vector<ThresholdSetting> settings;
    for (std::size_t i = 0; i <= above; ++i)
      settings.push_back(setting(ladder[i], 0.9 - 0.05 * static_cast<double>(i)));
    EXPECT_DOUBLE_EQ(chosen(settings), 0.9 - 0.05 * static_cast<double>(above));
    std::reverse(settings.begin(), settings.end());
    EXPECT_DOUBLE_EQ(chosen(settings), 0.9 - 0.05 * static_cast<double>(above));
  }
}

TEST(ThresholdTest, OfTwoAlikeTheStricterHolds) {
  const auto low = setting({.image = "x:*"}, 0.4);
  const auto high = setting({.image = "*:1"}, 0.6);
  EXPECT_DOUBLE_EQ(chosen({low, high}), 0.6);
  EXPECT_DOUBLE_EQ(chosen({high, low}), 0.6);
}

TEST(ThresholdTest, WhatDoesNotCoverOrIsUnsetOrOfAnotherModelIsNotThere) {
  EXPECT_EQ(chosen({}), -1);
  EXPECT_EQ(chosen({setting({.image = "y:*"}, 0.4)}), -1);
  EXPECT_EQ(chosen({setting({.image = "x:*"}, std::nullopt)}), -1);
  EXPECT_EQ(chosen({setting({}, 0.4)}, "other"), -1);
  EXPECT_DOUBLE_EQ(chosen({setting({}, 0.4), setting({.image = "x:*"}, std::nullopt)}), 0.4);
  event::Workload unknown;
  EXPECT_FALSE(covers({.image = "*"}, host(), unknown));
  EXPECT_TRUE(covers({}, host(), unknown));
}

TEST(ThresholdTest, NonsenseIsRefused) {
  EXPECT_TRUE(check(setting({}, 0.5)));
  EXPECT_TRUE(check(setting({.host = "*"}, std::nullopt)));
  for (const double value : {-0.1, 1.1, std::nan("")}) EXPECT_FALSE(check(setting({}, value)));
  EXPECT_FALSE(check(setting({.image = "x\\"}, 0.5)));
  auto nobody = setting({}, 0.5);
  nobody.who = " \t";
  EXPECT_FALSE(check(nobody));
  auto nothing = setting({}, 0.5);
  nothing.release.clear();
  EXPECT_FALSE(check(nothing));
}

TEST(ThresholdProperty, TheOrderOfSettingsDoesNotMatter) {
  CounterRandom random(4);
  const std::vector<std::string> globs{"", "*", "x*", "*1", "no"};
  for (int round = 0; round < 2000; ++round) {
    std::vector<ThresholdSetting> settings;
    for (auto left = random.below(6); left > 0; --left) {
      const auto draw = [&] { return globs[random.below(globs.size())]; };
      settings.push_back(setting({draw(), draw(), draw(), draw()}, static_cast<double>(random.below(5)) / 10));
    }
    const double before = chosen(settings);
    std::reverse(settings.begin(), settings.end());
    ASSERT_EQ(chosen(settings), before);
  }
}

}  // namespace
}  // namespace davy::store
