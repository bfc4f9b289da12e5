#include "evaluate/figures.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evaluate/made_up_test.h"

namespace davy::evaluate {
namespace {

using dataset::Run;

bool miner(const Run& run) { return run.label == event::Label::kMiner; }
bool honest(const Run& run) { return run.label == event::Label::kBenign; }

/// Every run once a repeat, its family in one fold; `part` says what became of it.
template <typename Part>
std::vector<Seen> seen_of(const dataset::Examples& examples, std::uint32_t repeats, Part part) {
  std::vector<Seen> seen;
  for (std::uint32_t repeat = 0; repeat < repeats; ++repeat) {
    for (std::uint32_t run = 0; run < examples.runs.size(); ++run) {
      const auto fold = static_cast<std::uint32_t>((std::hash<std::string>{}(examples.runs[run].family) + repeat) % 3);
      seen.push_back({run, repeat, fold, part(run), {}});
    }
  }
  return seen;
}

TEST(Units, AFamilyIsOneWhateverItsProgramsRunsAndRepeats) {
  const dataset::Examples examples = MadeUp{.programs = 2, .runs = 4}.make(1);
  const Units units(examples);
  const auto seen = seen_of(examples, 5, [&](std::uint32_t run) { return run % 2 == 0 ? 1.0 : 0.0; });
  const Figure figure = units.share(seen, miner, 3);
  EXPECT_EQ(figure.n, 6);
  EXPECT_DOUBLE_EQ(figure.value, 0.5);
  EXPECT_EQ(figure.method, "exact over families");
  const Interval exact = clopper_pearson(3, 6, 0.05);
  EXPECT_DOUBLE_EQ(figure.low, exact.low);
  EXPECT_DOUBLE_EQ(figure.high, exact.high);
  EXPECT_EQ(units.count(honest), 12U);
}

TEST(Units, ProgramsOfAFamilyWeighTheSameHoweverOftenTheyWereSeen) {
  dataset::Examples examples = MadeUp{.miner_families = 1, .programs = 2, .runs = 3}.make(1);
  const Units units(examples);
  // Of the first program all three runs were seen, of the second one.
  const std::vector<Seen> seen{{0, 0, 0, 1, {}}, {1, 0, 0, 1, {}}, {2, 0, 0, 1, {}}, {3, 0, 0, 0, {}}};
  EXPECT_DOUBLE_EQ(units.share(seen, miner, 1).value, 0.5);
}

TEST(Units, TheWiderIntervalLeads) {
  const dataset::Examples examples = MadeUp{.miner_families = 60, .honest_families = 2, .runs = 1}.make(1);
  const Units units(examples);
  std::vector<Seen> seen;  // folds that differ far more than 20 families of one rate would
  for (std::uint32_t run = 0; run < 60; ++run) seen.push_back({run, 0, run / 20, run < 20 ? 1.0 : 0.0, {}});
  const Figure figure = units.share(seen, miner, 3);
  EXPECT_EQ(figure.method, "Nadeau-Bengio over folds");
  const Interval exact = clopper_pearson(20, 60, 0.05);
  EXPECT_LT(figure.low, exact.low);
  EXPECT_GT(figure.high, exact.high);
}

TEST(Units, AFoldWithoutAnyLeavesTheExactIntervalAlone) {
  const dataset::Examples examples = MadeUp{.miner_families = 3, .runs = 1}.make(1);
  const Units units(examples);
  std::vector<Seen> seen;  // five repeats of five folds, three of which hold a family
  for (std::uint32_t repeat = 0; repeat < 5; ++repeat) {
    for (std::uint32_t run = 0; run < 3; ++run)
      seen.push_back({run, repeat, (run + repeat) % 5, run == 0 ? 1.0 : 0.0, {}});
  }
  EXPECT_EQ(units.share(seen, miner, 5).method, "exact over families");
  const auto one = [&](const dataset::Run& run) { return run.family == "miner-0"; };
  EXPECT_EQ(units.share(seen, one, 5).method, "exact over families");
}

/// Families differ in how easily they are found, runs of one are alike, folds and repeats judge them again.
TEST(Units, TheIntervalHoldsWhatItPromisesForFamiliesOfManyRuns) {
  constexpr int kStudies = 400, kFamilies = 12;
  constexpr double kEasy = 0.8;  // of the families are found in nine of ten runs, the others in one
  const dataset::Examples examples = MadeUp{.miner_families = kFamilies, .honest_families = 2, .runs = 4}.make(1);
  const Units units(examples);
  const double truth = kEasy * 0.9 + (1 - kEasy) * 0.1;
  int held = 0;
  for (int study = 0; study < kStudies; ++study) {
    CounterRandom random(static_cast<std::uint64_t>(study));
    std::vector<double> part;
    for (int family = 0; family < kFamilies; ++family) {
      const double rate = random.uniform() < kEasy ? 0.9 : 0.1;
      for (int run = 0; run < 4; ++run) part.push_back(random.uniform() < rate ? 1 : 0);
    }
    std::vector<Seen> seen;
    for (std::uint32_t repeat = 0; repeat < 3; ++repeat) {
      for (std::uint32_t run = 0; run < part.size(); ++run)
        seen.push_back({run, repeat, (run / 4 + repeat) % 4, part[run], {}});
    }
    const Figure figure = units.share(seen, miner, 4);
    held += figure.low <= truth && truth <= figure.high ? 1 : 0;
  }
  EXPECT_GE(held, 0.94 * kStudies);
}

TEST(Units, SecondsCountWhatWasMissedAsNever) {
  const dataset::Examples examples = MadeUp{.runs = 1}.make(1);
  const Units units(examples);
  std::vector<Seen> seen;
  for (std::uint32_t run = 0; run < 6; ++run) seen.push_back({run, 0, 0, run < 5 ? 1.0 : 0.0, {}});
  for (std::uint32_t run = 0; run < 5; ++run) seen[run].seconds = 10.0 * (run + 1);
  const Figure figure = units.seconds(seen, miner);
  EXPECT_DOUBLE_EQ(figure.value, 40);
  EXPECT_DOUBLE_EQ(figure.low, 10) << "of six the smallest and the largest hold the median in 97 of 100";
  EXPECT_TRUE(std::isinf(figure.high));
  EXPECT_EQ(units.touched(seen, miner), 5U);
}

TEST(Units, NobodyIsNoFigure) {
  const dataset::Examples examples = MadeUp{}.make(1);
  const Figure figure = Units(examples).share({}, miner, 3);
  EXPECT_TRUE(std::isnan(figure.value));
  EXPECT_EQ(figure.n, 0);
}

TEST(Units, AlarmsADayAreThoseOfTheTimeWatched) {
  const dataset::Examples examples = MadeUp{}.make(1);
  const Units units(examples);
  const auto seen =
      seen_of(examples, 2, [](std::uint32_t run) { return run == 12 ? 1.0 : 0.0; });  // of one honest family
  const Figure figure = units.alarms_per_day(seen, honest);
  const double day = 12 * (dataset::kLateStart + 60) / 86'400.0;  // twelve families, each watched so long
  EXPECT_NEAR(figure.value, 0.5 / day, 1e-9) << "every other run of one";
  EXPECT_NEAR(figure.high, poisson(0.5, 0.05).high / day, 1e-6);
  EXPECT_GT(figure.high, 3 / day);
}

TEST(Precision, OfTheTestsOwnMixIsThatOfTheTest) {
  const Figure recall = share(9, 10, 0.975), alarms = share(3, 60, 0.975);
  const Figure precision = precision_figure(10.0 / 70, recall, alarms);
  EXPECT_NEAR(precision.value, 9.0 / 12, 1e-12);
  EXPECT_LT(precision.low, precision.value);
  EXPECT_GT(precision.high, precision.value);
  EXPECT_LT(precision_figure(1e-4, recall, alarms).high, 0.05);
}

Done done_of(const dataset::Examples& examples, std::uint32_t repeat) {
  Done done;
  done.job.repeat = repeat;
  for (std::uint32_t i = 0; i < examples.rows.size(); ++i) {
    const double score = examples.row(i)[0] > 1 ? 0.9 : 0.2;
    done.fold.windows.push_back({i, score, score, {0.1, 0.4}});
  }
  return done;
}

TEST(Ranking, IsOfWindowsWithProgramsWeighingTheSame) {
  const dataset::Examples examples = MadeUp{.signal = 1}.make(1);
  const Units units(examples);
  const Done first = done_of(examples, 0), second = done_of(examples, 1);
  const std::vector<const Done*> done{&first, &second};
  const Ranking ranking = rank_windows(units, done, [](const dataset::Run&) { return true; });
  EXPECT_NEAR(ranking.prevalence, 6.0 / 18, 1e-9);
  EXPECT_NEAR(ranking.average_precision.value, 1, 1e-9);
  EXPECT_NEAR(ranking.area, 1, 1e-9);
  EXPECT_NEAR(ranking.mean_gap, 0.3, 1e-9);
  ASSERT_EQ(ranking.reliability.size(), 2U);
  EXPECT_NEAR(ranking.reliability[0].miners, 0, 1e-9);
  EXPECT_NEAR(ranking.reliability[1].miners, 1, 1e-9);
  EXPECT_NEAR(ranking.reliability[1].programs, 6, 1e-9);
  EXPECT_NEAR(ranking.brier, (6 * 0.01 + 12 * 0.04) / 18, 1e-9);
  for (const auto& [recall, precision] : ranking.curve) EXPECT_NEAR(precision, 1, 1e-9) << recall;
}

TEST(Spread, IsLinearBetweenRanks) {
  EXPECT_FALSE(spread_of({}));
  const auto spread = spread_of({40, 10, 20, 30});
  EXPECT_DOUBLE_EQ(spread->median, 25);
  EXPECT_DOUBLE_EQ(spread->p90, 37);
  EXPECT_EQ(spread->n, 4U);
}

}  // namespace
}  // namespace davy::evaluate
