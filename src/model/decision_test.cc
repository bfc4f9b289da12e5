#include "model/decision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace davy::model {
namespace {

TEST(SteadyLevel, IsWhereManyWindowsOfOneScoreComeTo) {
  for (const Decision& decision : {Decision(Counting{3, 4}), Decision(Accumulation{6, -3, 0.5, 12}),
                                   Decision(Accumulation{0.7, -1, 0.85, 30, Measure::kLogOdds})}) {
    for (const double score : {0.0, 0.1, 0.5, 0.55, 0.9, 1.0}) {
      Evidence evidence;
      for (int i = 0; i < 1000; ++i) evidence.add(decision, score);
      EXPECT_NEAR(steady_level(decision, score), evidence.level(decision), 1e-9) << words_of(decision) << score;
    }
  }
}

using Scores = std::vector<double>;

Decision counting(std::uint32_t needed, std::uint32_t of) { return Counting{needed, of}; }

Scores random_scores(CounterRandom& random, std::size_t most) {
  Scores scores(1 + random.below(most));
  for (double& score : scores) score = static_cast<double>(1 + random.below(9)) / 10;
  return scores;
}

double log_odds(double p) { return std::log(p / (1 - p)); }

/// The definition, from the start for each window.
double evidence_by_definition(const Accumulation& how, const Scores& scores) {
  std::vector<double> worth;
  double evidence = 0;
  for (const double score : scores) {
    if (evidence < 0) worth.clear();
    worth.push_back(how.slope * (how.measure == Measure::kScore ? score : log_odds(score)) + how.offset);
    double sum = 0, windows = 0;
    for (std::size_t i = 0; i < worth.size(); ++i) {
      const double kept = std::pow(1 - 1 / how.memory, static_cast<double>(worth.size() - 1 - i));
      sum += kept * worth[i];
      windows += kept;
    }
    evidence = sum / (1 + (windows - 1) * how.correlation);
  }
  return evidence;
}

TEST(Counting, AlertsWithTheWindowThatMakesEnough) {
  const Decision rule = counting(3, 4);
  EXPECT_EQ(first_alert(rule, Scores{0.9, 0.9, 0.1, 0.9}, 0.5), 3U);
  EXPECT_EQ(first_alert(rule, Scores{0.9, 0.9, 0.9}, 0.5), 2U);
  EXPECT_EQ(first_alert(rule, Scores{0.9, 0.9}, 0.5), std::nullopt);
  EXPECT_EQ(first_alert(rule, Scores{0.9, 0.1, 0.1, 0.9, 0.1, 0.9}, 0.5), std::nullopt) << "three of six";
  EXPECT_EQ(first_alert(rule, Scores{0.7, 0.7, 0.7}, 0.7), 2U) << "to reach is enough";
}

TEST(Counting, HoldsAWindowsScoreAgainstTheThreshold) {
  Evidence evidence;
  EXPECT_EQ(evidence.add(counting(3, 4), 0.7), 0.7);
  EXPECT_LT(evidence.level(counting(3, 4)), 0) << "one window is not enough at any threshold";
}

TEST(Decision, ItsLevelIsTheHighestThresholdThatAlerts) {
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    CounterRandom random(seed);
    const auto needed = static_cast<std::uint32_t>(1 + random.below(3));
    const Decision decision =
        seed % 2 == 0 ? counting(needed, needed + static_cast<std::uint32_t>(random.below(4)))
                      : Decision(Accumulation{6, -2, random.uniform(), 1 + static_cast<double>(random.below(20))});
    const Scores scores = random_scores(random, 12);
    const double level = alert_level(decision, scores);
    if (std::holds_alternative<Counting>(decision) && scores.size() < needed) {
      ASSERT_EQ(level, 0);
      ASSERT_FALSE(first_alert(decision, scores, 0.01));
      continue;
    }
    ASSERT_TRUE(first_alert(decision, scores, level)) << seed;
    ASSERT_FALSE(first_alert(decision, scores, level + 1e-9)) << seed;
  }
}

TEST(Accumulation, EqualsItsDefinition) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    CounterRandom random(seed);
    const Accumulation how{8 * random.uniform(), 2 - 8 * random.uniform(), random.uniform(),
                           1 + static_cast<double>(random.below(70)),
                           random.below(2) == 0 ? Measure::kScore : Measure::kLogOdds};
    const Scores scores = random_scores(random, 90);
    Evidence evidence;
    double held = 0;
    for (const double score : scores) held = evidence.add(how, score);
    ASSERT_NEAR(held, 1 / (1 + std::exp(-evidence_by_definition(how, scores))), 1e-9) << seed;
    ASSERT_EQ(evidence.level(how), held);
    ASSERT_EQ(evidence.windows(), scores.size());
  }
}

TEST(Accumulation, LogOddsHaveNoCeilingWhereScoresHaveOne) {
  EXPECT_EQ(measured(Measure::kLogOdds, 0.5), 0);
  EXPECT_NEAR(measured(Measure::kLogOdds, 1 / (1 + std::exp(-12.0))), 12, 1e-6);
  EXPECT_EQ(measured(Measure::kLogOdds, 0), -kMostMeasured);
  EXPECT_EQ(measured(Measure::kLogOdds, 1), kMostMeasured);
  EXPECT_EQ(measured(Measure::kScore, 0.3), 0.3);
  const Decision of_scores = Accumulation{6, -4, 0.9, 12}, of_odds = Accumulation{1, 0, 0.9, 12, Measure::kLogOdds};
  const double beyond_doubt = 1 - 1e-6;
  EXPECT_LT(alert_level(of_scores, Scores{beyond_doubt}), 0.9);
  EXPECT_GT(alert_level(of_odds, Scores{beyond_doubt}), 0.99999);
}

TEST(Accumulation, CopiesAreWorthOneAndIndependentOnesTheirSum) {
  const Accumulation copies{4, -2, 1, 1e6}, independent{4, -2, 0, 1e6};
  const Scores ten(10, 0.9);
  EXPECT_NEAR(log_odds(alert_level(copies, ten)), 1.6, 1e-4);
  EXPECT_NEAR(log_odds(alert_level(independent, ten)), 16, 1e-3);
}

TEST(Accumulation, StrongEvidenceAlertsAtOnceAndWeakEvidenceWithTime) {
  const Decision how = Accumulation{6, -2, 0.5, 60};
  EXPECT_EQ(first_alert(how, Scores(60, 0.95), 0.95), 0U);
  const auto weak = first_alert(how, Scores(60, 0.6), 0.9);
  ASSERT_TRUE(weak);
  EXPECT_GT(*weak, 0U);
}

TEST(Accumulation, AnHonestHourBuysNoCredit) {
  const Decision how = Accumulation{6, -2, 0.9, 60};
  Scores scores(360, 0.01);
  scores.push_back(0.95);
  EXPECT_EQ(first_alert(how, scores, 0.9), 360U);
}

TEST(Accumulation, WhoNoLongerMinesIsNoLongerHeldForAMiner) {
  const Decision how = Accumulation{6, -2, 0.9, 12};
  Evidence evidence;
  for (int i = 0; i < 60; ++i) evidence.add(how, 0.95);
  EXPECT_GT(evidence.level(how), 0.9);
  for (int i = 0; i < 18; ++i) evidence.add(how, 0.05);
  EXPECT_LT(evidence.level(how), 0.5);
}

TEST(Decision, AHigherScoreNeverLowersItsLevel) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    CounterRandom random(seed);
    const Decision how = Accumulation{6 * random.uniform(), -3 * random.uniform(), random.uniform(), 12};
    Scores scores = random_scores(random, 30);
    const double before = alert_level(how, scores);
    scores.back() += 0.05;
    ASSERT_GE(alert_level(how, scores), before - 1e-12) << seed;
  }
}

TEST(Decision, ImpossibleNumbersAreNamed) {
  EXPECT_EQ(fault_of(Decision(Counting{})), nullptr);
  EXPECT_EQ(fault_of(Decision(Accumulation{})), nullptr);
  for (const Decision& bad : {counting(0, 4), counting(5, 4), counting(3, 9), Decision(Accumulation{4, -2, 1.5, 12}),
                              Decision(Accumulation{4, -2, 0.5, 0}), Decision(Accumulation{-4, -2, 0.5, 12}),
                              Decision(Accumulation{NAN, -2, 0.5, 12})}) {
    EXPECT_NE(fault_of(bad), nullptr);
  }
}

TEST(Evidence, IsSmall) { EXPECT_LE(sizeof(Evidence), 96U); }

}  // namespace
}  // namespace davy::model
