#include "evaluate/cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "evaluate/made_up_test.h"

namespace davy::evaluate {
namespace {

using dataset::Examples;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Per name the folds that judge any of its rows.
template <typename NameOf>
std::map<std::string, std::set<std::uint32_t>> folds_by(const Examples& examples, const Cut& made, NameOf name) {
  std::map<std::string, std::set<std::uint32_t>> folds;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) folds[name(examples.run_of(i))].insert(made.fold_of_row[i]);
  return folds;
}

TEST(Cut, ByGroupsEachFamilyIsInOneFold) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Examples examples = MadeUp{.programs = 2}.make(seed);
    const auto made = cut(examples, Scheme::kGrouped, 5, seed);
    ASSERT_TRUE(made) << made.error().message;
    for (const auto& [family, folds] : folds_by(examples, *made, [](const auto& run) { return run.family; }))
      ASSERT_THAT(folds, SizeIs(1)) << family;
  }
}

TEST(Cut, AtRandomFamiliesAreOnBothSides) {
  const Examples examples = MadeUp{.programs = 2, .runs = 3}.make(1);
  const auto family = [](const auto& run) { return run.family; };
  const auto file = [](const auto& run) { return run.file; };
  const auto split = [](const auto& folds) {
    return std::any_of(folds.begin(), folds.end(), [](const auto& one) { return one.second.size() > 1; });
  };
  const Cut runs = *cut(examples, Scheme::kRandomRuns, 5, 1);
  EXPECT_TRUE(split(folds_by(examples, runs, family)));
  EXPECT_FALSE(split(folds_by(examples, runs, file)));
  EXPECT_TRUE(split(folds_by(examples, *cut(examples, Scheme::kRandomWindows, 5, 1), file)));
}

TEST(Cut, JoinsFamiliesOfOneExecutableAndOfOneCore) {
  Examples examples = MadeUp{}.make(1);
  for (dataset::Run& run : examples.runs) {
    if (run.family == "honest-6" || run.family == "honest-7") run.seen["exe"] = "/usr/bin/same";
  }
  const auto by_family =
      folds_by(examples, *cut(examples, Scheme::kGrouped, 4, 3), [](const auto& r) { return r.family; });
  EXPECT_EQ(by_family.at("honest-6"), by_family.at("honest-7"));
  const Cut by_core = *cut(examples, Scheme::kLeaveOneCoreOut, 0, 1);
  EXPECT_EQ(by_core.folds, 3U) << "six families of three cores";
  for (const auto& [core, folds] : folds_by(examples, by_core, [](const auto& run) { return run.core; })) {
    if (!core.empty()) {
      EXPECT_THAT(folds, SizeIs(1)) << core;
    }
  }
}

TEST(Cut, LeavesEachFamilyOfMinersOutAloneAndOursTogether) {
  Examples examples = MadeUp{}.make(1);
  for (dataset::Run& run : examples.runs) {
    if (run.family == "miner-0" || run.family == "miner-1" || run.family == "honest-9")
      run.source = event::Source::kOwnWorker;
  }
  const Cut made = *cut(examples, Scheme::kLeaveOneFamilyOut, 0, 1);
  EXPECT_EQ(made.folds, 5U);
  const auto folds = folds_by(examples, made, [](const auto& run) { return run.family; });
  EXPECT_EQ(folds.at("miner-0"), folds.at("miner-1"));
  EXPECT_EQ(folds.at("miner-0"), folds.at("honest-9"));
  std::set<std::uint32_t> seen;
  for (const char* family : {"miner-1", "miner-2", "miner-3", "miner-4", "miner-5"})
    seen.insert(*folds.at(family).begin());
  EXPECT_THAT(seen, SizeIs(5));
}

TEST(Cut, ByTimeAllThatIsLearnedEndedBeforeAllThatIsJudged) {
  const Examples examples = MadeUp{.runs = 4}.make(1);
  const auto made = cut(examples, Scheme::kTimeOrdered, 0, 1);
  ASSERT_TRUE(made) << made.error().message;
  WallTime last = WallTime::min(), first = WallTime::max();
  std::size_t judged = 0;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (made->fold_of_row[i] == Cut::kAlwaysLearned) last = std::max(last, examples.rows[i].wall);
    if (made->fold_of_row[i] == 0) first = std::min(first, examples.run_of(i).started);
    judged += made->fold_of_row[i] == 0 ? 1 : 0;
  }
  EXPECT_LE(last, first);
  EXPECT_GT(judged, examples.rows.size() / 5);
}

TEST(Cut, SaysWhatIsMissing) {
  EXPECT_THAT(cut(MadeUp{.miner_families = 3}.make(1), Scheme::kGrouped, 5, 1).error().message,
              HasSubstr("5 folds need as many families of miners, the dataset has 3"));
  EXPECT_THAT(cut(MadeUp{.miner_families = 1}.make(1), Scheme::kLeaveOneFamilyOut, 0, 1).error().message,
              HasSubstr("two folds or more"));
  Examples examples = MadeUp{}.make(1);
  for (dataset::Run& run : examples.runs) run.started = WallTime(std::chrono::hours(run.label == event::Label::kMiner));
  EXPECT_THAT(cut(examples, Scheme::kTimeOrdered, 0, 1).error().message, HasSubstr("both early and late"));
}

TEST(Material, CountsAtMostSoManyWindowsOfARunAndAlwaysTheSame) {
  const Examples examples = MadeUp{}.make(1);
  const Material material = material_for(examples, Scheme::kGrouped, 5);
  EXPECT_EQ(material.examples.rows.size(), examples.rows.size());
  std::map<std::uint32_t, int> counted;
  for (std::size_t i = 0; i < material.counted.size(); ++i)
    counted[material.examples.rows[i].run] += material.counted[i] ? 1 : 0;
  for (const auto& [run, windows] : counted) EXPECT_EQ(windows, 5);
  EXPECT_EQ(material_for(examples, Scheme::kGrouped, 5).counted, material.counted);
}

/// The dataset's rows that figures of windows count.
std::set<std::uint32_t> counted_rows(const Material& material) {
  std::set<std::uint32_t> rows;
  for (std::size_t i = 0; i < material.origin.size(); ++i) {
    if (material.counted[i]) rows.insert(material.origin[i]);
  }
  return rows;
}

TEST(Material, EverySchemeCountsTheSameWindows) {
  const Examples examples = MadeUp{}.make(1);
  const auto grouped = counted_rows(material_for(examples, Scheme::kGrouped, 5));
  EXPECT_EQ(grouped.size(), 5 * examples.runs.size());
  for (const Scheme scheme : {Scheme::kRandomRuns, Scheme::kRandomWindows, Scheme::kOverlappingWindows})
    EXPECT_EQ(counted_rows(material_for(examples, scheme, 5)), grouped) << name_of(scheme);
}

TEST(Material, OfOverlappingWindowsWhatCountsIsLearnedFrom) {
  const Examples examples = MadeUp{}.make(1);
  const Material overlapping = material_for(examples, Scheme::kOverlappingWindows, 5);
  EXPECT_EQ(overlapping.examples.rows.size(), 5 * examples.runs.size());
  for (const auto& row : overlapping.examples.rows) EXPECT_TRUE(row.learned);
  for (std::size_t i = 0; i < overlapping.origin.size(); ++i)
    EXPECT_EQ(overlapping.examples.rows[i].wall, examples.rows[overlapping.origin[i]].wall);
  const Material random = material_for(examples, Scheme::kRandomWindows, 5);
  EXPECT_LT(random.examples.rows.size(), examples.rows.size()) << "neither learned from nor counted: not there";
}

TEST(Scheme, NamesComeBack) {
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(Scheme::kCount); ++i)
    EXPECT_EQ(*scheme_from(name_of(static_cast<Scheme>(i))), static_cast<Scheme>(i));
  EXPECT_THAT(scheme_from("rows").error().message, HasSubstr("there are: grouped, random_runs"));
}

}  // namespace
}  // namespace davy::evaluate
