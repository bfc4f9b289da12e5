#include "dataset/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include "base/file.h"
#include "base/scratch_folder_test.h"
#include "dataset/dataset_file.h"
#include "dataset/recorded_test.h"
#include "feature/schema.h"

namespace davy::dataset {
namespace {

using event::Label;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BuildTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const Recorded& recorded) const {
    recorded.write(dir_ / name);
    return dir_ / name;
  }
  std::filesystem::path miner(const std::string& name, const std::string& run = "1") const {
    return write(name, {header_of(Label::kMiner, "m", run), {{event::miner_like(2)}}, 10, 1});
  }
  std::filesystem::path honest(const std::string& name, const std::string& family = "h") const {
    return write(name, {header_of(Label::kBenign, family), {{event::encoder_like(2)}}, 10, 1});
  }
  static std::string refusal(const std::vector<std::filesystem::path>& recordings) {
    const auto built = build(recordings);
    return built ? "" : built.error().message;
  }

  ScratchFolder dir_;
};

std::vector<int> ages(const Examples& examples, Scope scope) {
  std::vector<int> ages;
  for (const Example& example : examples.rows) {
    if (example.scope == scope) ages.push_back(example.age_s);
  }
  return ages;
}

TEST_F(BuildTest, TakesEachAgeOnceAsFarAsTheRecordingReaches) {
  const Built built = *build({miner("a.davy")});
  EXPECT_THAT(ages(built.examples, Scope::kWorkload), ElementsAre(10, 20, 30, 60));
  EXPECT_THAT(ages(built.examples, Scope::kProcess), ElementsAre(10, 20, 30, 60));
  const auto path = write("long.davy", {header_of(Label::kMiner, "m"), {{event::miner_like(2)}}, 70, 1});
  const Built longer = *build({path});
  const auto all = ages(longer.examples, Scope::kWorkload);
  EXPECT_THAT(std::set<int>(all.begin(), all.end()), ElementsAre(10, 20, 30, 60, 120, 300, 600));
  for (const Example& example : longer.examples.rows) {
    const std::chrono::duration<double> age = example.wall - longer.examples.runs[0].started;
    const double late = std::abs(age.count() - kLateStart - example.age_s) < 10.5 ? kLateStart : 0;
    EXPECT_GE(age.count(), example.age_s + late);
    EXPECT_LT(age.count(), example.age_s + late + 10.5) << "the nearest slice end at or after the age";
  }
}

TEST_F(BuildTest, ARunIsAlsoSeenAsByOneWhoCameLate) {
  const auto path = write("twice.davy", {header_of(Label::kMiner, "m"), {{event::miner_like(2)}}, 17, 1});
  const Examples examples = build({path})->examples;
  EXPECT_THAT(ages(examples, Scope::kProcess), ElementsAre(10, 20, 30, 60, 10, 120, 20, 30, 60));
  EXPECT_THAT(ages(examples, Scope::kWorkload), ElementsAre(10, 20, 30, 60, 10, 120, 20, 30, 60));
  const auto catalogue = feature::catalogue();
  std::size_t topology = 0;
  while (catalogue[topology].name != "topology_reads") ++topology;
  EXPECT_GT(examples.row(0)[topology], 0) << "it prepares in its first slice";
  EXPECT_EQ(examples.row(examples.rows.size() - 1)[topology], 0) << "who came late has missed that";
}

TEST_F(BuildTest, WhatIsSeenLateSaysSo) {
  const auto path = write("long.davy", {header_of(Label::kBenign, "h"), {{event::encoder_like(2)}}, 16, 1});
  const Examples examples = build({path})->examples;
  std::map<std::uint32_t, std::set<bool>> lateness;
  std::size_t late = 0;
  for (const Example& row : examples.rows) {
    const WallTime first = examples.runs[row.run].started + std::chrono::seconds(row.late ? kLateStart : 0);
    EXPECT_GE(row.wall, first + std::chrono::seconds(row.age_s));
    lateness[row.subject].insert(row.late);
    late += row.late ? 1 : 0;
  }
  EXPECT_GT(late, 0U);
  for (const auto& [subject, seen] : lateness) EXPECT_EQ(seen.size(), 1U) << "of one view";
}

TEST_F(BuildTest, AProcessThatStartsLaterHasItsOwnAge) {
  const auto path =
      write("late.davy",
            {header_of(Label::kBenign, "h"), {{event::encoder_like(2), 0}, {event::encoder_like(1), 11}}, 16, 1});
  const Built built = *build({path});
  std::map<std::uint32_t, std::vector<int>> of_process;
  for (const Example& example : built.examples.rows) {
    if (example.scope == Scope::kProcess) of_process[example.subject].push_back(example.age_s);
  }
  std::set<std::vector<int>> seen;
  for (const auto& [subject, its_ages] : of_process) seen.insert(its_ages);
  EXPECT_EQ(of_process.size(), 3U) << "the first twice, the other began after who came late";
  EXPECT_THAT(seen,
              ElementsAre(std::vector{10, 20, 30}, std::vector{10, 20, 30, 60}, std::vector{10, 20, 30, 60, 120}));
}

TEST_F(BuildTest, OfAMinersRunOnlyWhoDoesTheWorkIsAMiner) {
  event::Character helper = event::server_like();  // a tenth of a CPU beside two
  const auto path = write("helped.davy", {header_of(Label::kMiner, "m"), {{event::miner_like(2)}, {helper}}, 10, 1});
  const Built built = *build({path});
  EXPECT_EQ(ages(built.examples, Scope::kProcess).size(), 4U);
  EXPECT_EQ(ages(built.examples, Scope::kWorkload).size(), 4U);
  EXPECT_EQ(built.set_aside, 4U);
  for (const Example& example : built.examples.rows) EXPECT_EQ(example.label, Label::kMiner);
}

TEST_F(BuildTest, OfThreeEqualMinersNoneDoesHalfOfTheWork) {
  const auto path = write(
      "split.davy",
      {header_of(Label::kMiner, "m"), {{event::miner_like(1)}, {event::miner_like(1)}, {event::miner_like(1)}}, 10, 1});
  const Built built = *build({path});
  EXPECT_TRUE(ages(built.examples, Scope::kProcess).empty());
  EXPECT_EQ(ages(built.examples, Scope::kWorkload).size(), 4U) << "the workload still mines";
}

TEST_F(BuildTest, OfAnHonestRunEveryBusyProcessIsNegative) {
  const auto path =
      write("two.davy", {header_of(Label::kBenign, "h"), {{event::encoder_like(2)}, {event::server_like()}}, 10, 1});
  const Built built = *build({path});
  EXPECT_EQ(ages(built.examples, Scope::kProcess).size(), 8U);
  EXPECT_EQ(built.set_aside, 0U);
  for (const Example& example : built.examples.rows) EXPECT_EQ(example.label, Label::kBenign);
}

TEST_F(BuildTest, TheOrderOfRecordingsDoesNotMatter) {
  const auto a = miner("a.davy");
  const auto b = honest("b.davy");
  const auto c = honest("c.davy", "other");
  const std::string bytes = to_bytes(build({a, b, c})->examples);
  EXPECT_EQ(to_bytes(build({c, a, b})->examples), bytes);
  EXPECT_EQ(to_bytes(build({b, c, a})->examples), bytes);
}

TEST_F(BuildTest, EveryWindowIsThereToJudgeByAndNoneMoreToLearnFrom) {
  const auto path = write("long.davy", {header_of(Label::kMiner, "m"), {{event::miner_like(2)}}, 30, 1});
  const Examples few = build({path})->examples;
  const Examples all = build({path}, {.every_window = true})->examples;
  EXPECT_EQ(learned_rows(all), few);
  EXPECT_GT(all.rows.size(), 2 * few.rows.size());
  std::map<std::pair<std::uint32_t, std::uint16_t>, int> seen;  // subject, age
  for (const Example& row : all.rows) ++seen[{row.subject, row.age_s}];
  for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << key.first << " at " << key.second;
}

TEST_F(BuildTest, KeepsWhereExamplesComeFrom) {
  event::RecordingHeader header = header_of(Label::kMiner, "xmrig", "throttled.2");
  header.core = "randomx";
  header.twin = true;
  header.provenance["variant"] = "throttled";
  const auto path = write("x.davy", {header, {{event::miner_like(2)}}, 10, 1});
  const Examples examples = build({path})->examples;
  ASSERT_EQ(examples.runs.size(), 1U);
  const dataset::Run& run = examples.runs[0];
  EXPECT_EQ(run.file, "x.davy");
  EXPECT_EQ(run.program, "xmrig-program");
  EXPECT_EQ(run.core, "randomx");
  EXPECT_EQ(run.variant, "throttled");
  EXPECT_EQ(run.source, event::Source::kPublicMiner);
  EXPECT_TRUE(run.twin);
  EXPECT_EQ(run.digest.size(), 64U);
  EXPECT_EQ(run.host, event::made_up_host(4)->name);
  EXPECT_EQ(run.provenance, header.provenance);
  EXPECT_EQ(run.seen.at("seconds"), "100");
}

TEST_F(BuildTest, ATruncatedRecordingIsNamedAndNotUsed) {
  const auto good = honest("good.davy");
  const auto path = miner("cut.davy");
  const std::string bytes = *read_file(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes.substr(0, bytes.size() / 2);
  const Built built = *build({path, good});
  EXPECT_THAT(built.refused, ElementsAre(AllOf(HasSubstr("cut.davy"), HasSubstr("record it again"))));
  EXPECT_EQ(built.examples, build({good})->examples);
}

TEST_F(BuildTest, ARecordingThatGivesNothingIsSaid) {
  event::Character idle = event::server_like();
  idle.share = 0.001;
  const auto path = write("idle.davy", {header_of(Label::kBenign, "h"), {{idle}}, 10, 1});
  EXPECT_THAT(build({path})->warnings, ElementsAre(HasSubstr("no window")));
}

TEST_F(BuildTest, ADamagedRecordingIsNamedAndNotUsed) {
  const auto good = honest("good.davy");
  const auto path = miner("hurt.davy");
  std::string bytes = *read_file(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  const Built built = *build({path, good});
  EXPECT_THAT(built.refused, ElementsAre(AllOf(HasSubstr("hurt.davy"), HasSubstr("damaged"))));
  EXPECT_EQ(built.examples, build({good})->examples);
}

TEST_F(BuildTest, ARecordingWithoutProvenanceIsNamedAndNotUsed) {
  const auto good = honest("good.davy");
  event::RecordingHeader header = header_of(Label::kMiner, "m");
  header.provenance.clear();
  const auto path = write("silent.davy", {header, {{event::miner_like(2)}}, 10, 1});
  const Built built = *build({path, good});
  EXPECT_THAT(built.refused, ElementsAre(AllOf(HasSubstr("silent.davy"), HasSubstr("no provenance"))));
  EXPECT_EQ(built.examples.runs.size(), 1U);
}

TEST_F(BuildTest, WhatIsSealedIsLeftOutAndCounted) {
  event::RecordingHeader header = header_of(Label::kMiner, "kept-for-later");
  header.provenance["sealed"] = "family";
  const auto sealed = write("sealed.davy", {header, {{event::miner_like(2)}}, 10, 1});
  header = header_of(Label::kBenign, "open");
  header.provenance["sealed"] = "";
  const Built built = *build({sealed, write("open.davy", {header, {{event::encoder_like(2)}}, 10, 1})});
  EXPECT_EQ(built.sealed, 1U);
  EXPECT_EQ(built.examples.runs.size(), 1U);
  EXPECT_EQ(built.examples.runs.front().family, "open");
  EXPECT_THAT(refusal({sealed}), HasSubstr("sealed for the hold-out"));
}

TEST_F(BuildTest, WhatAHoldOutNamesIsLeftOutWhateverItsRecorderSaid) {
  event::RecordingHeader tricky = header_of(Label::kMiner, "open");
  tricky.provenance["trick"] = "relay";
  const std::vector<std::filesystem::path> recordings{miner("a.davy"), honest("b.davy"), honest("c.davy", "held"),
                                                      write("t.davy", {tricky, {{event::miner_like(2)}}, 10, 1})};
  EXPECT_EQ(build(recordings)->sealed, 0U);
  const Built built = *build(recordings, {.held = {{"held"}, {"relay"}}});
  EXPECT_EQ(built.sealed, 2U);
  EXPECT_EQ(built.examples.runs.size(), 2U);
}

TEST_F(BuildTest, BadInputIsOneLineWithTheWayOut) {
  EXPECT_THAT(refusal({}), HasSubstr("no recordings"));
  EXPECT_THAT(refusal({dir_ / "none.davy"}), HasSubstr("none.davy"));
  const auto a = miner("a.davy");
  EXPECT_THAT(refusal({a, a}), HasSubstr("the same recording"));
  event::RecordingHeader header = header_of(Label::kUnknown, "x");
  EXPECT_THAT(refusal({write("u.davy", {header, {{event::miner_like(1)}}, 10, 1})}),
              AllOf(HasSubstr("u.davy"), HasSubstr("carries no label"), HasSubstr("davy record --label")));
  header = header_of(Label::kMiner, "x");
  header.run.clear();
  EXPECT_THAT(refusal({write("r.davy", {header, {{event::miner_like(1)}}, 10, 1})}), HasSubstr("carries no run"));
  const auto contrary = write("b.davy", {header_of(Label::kBenign, "m"), {{event::miner_like(1)}}, 10, 1});
  EXPECT_THAT(refusal({a, contrary}),
              AllOf(HasSubstr("of run 1 of m-program"), HasSubstr("says miner"), HasSubstr("leave one")));
  header = header_of(Label::kMiner, "elsewhere", "2");
  header.program = "m-program";
  const auto stray = write("s.davy", {header, {{event::miner_like(1)}}, 10, 1});
  EXPECT_THAT(refusal({a, stray}), HasSubstr("is of family"));
}

}  // namespace
}  // namespace davy::dataset
