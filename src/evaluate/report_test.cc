#include "evaluate/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/scratch_folder_test.h"
#include "evaluate/made_up_test.h"

namespace davy::evaluate {
namespace {

using Json = nlohmann::json;
using train::Learner;

Json report() {
  MadeUp made{.signal = 1.2F};
  dataset::Examples examples = made.make(1);
  for (dataset::Run& run : examples.runs) {
    if (run.family == "honest-7") {
      run.source = event::Source::kOwnWorker;
      run.twin = true;
    }
    if (run.family == "miner-3") run.source = event::Source::kOwnWorker;
    if (run.family == "miner-1") run.provenance["trick"] = "renamed";
  }
  StudyOptions options;
  options.repeats = 2;
  options.outer = 3;
  options.inner = 2;
  options.grid = train::Grid::kSmall;
  options.learners = {Learner::kLayered, Learner::kOneClassSvm};
  options.schemes = {Scheme::kGrouped, Scheme::kRandomWindows, Scheme::kLeaveOneCoreOut};
  options.ablation = false;
  const ScratchFolder folder;
  const auto study = Study::create(std::move(examples), "d", options);
  EXPECT_TRUE(study);
  const auto done = study->run(folder.path(), {});
  EXPECT_TRUE(done) << done.error().message;
  return report_of(*study, *done);
}

/// Every object with a `value` is a whole figure, and its interval holds it.
void check_figures(const Json& json, const std::string& path, int& count) {
  if (json.is_object() && json.contains("value")) {
    ++count;
    for (const char* field : {"low", "high", "level", "method", "n"}) ASSERT_TRUE(json.contains(field)) << path;
    if (json["value"].is_null()) return;
    ASSERT_LE(json["low"], json["value"]) << path << json;
    if (!json["high"].is_null()) {
      ASSERT_GE(json["high"], json["value"]) << path << json;
    }
    return;
  }
  if (!json.is_structured()) return;
  for (const auto& [key, part] : json.items()) check_figures(part, path + "/" + key, count);
}

TEST(Report, SaysEverythingWithItsInterval) {
  const Json json = report();
  int figures = 0;
  check_figures(json, "", figures);
  EXPECT_GT(figures, 200);
  EXPECT_EQ(json.dump().find("null,\"method\""), std::string::npos);
}

TEST(Report, KeepsOursApart) {
  const Json json = report();
  const Json& shipped = json["models"]["layered"]["at_shipped"];
  EXPECT_EQ(shipped["recall"]["n"], 5);
  EXPECT_EQ(shipped["recall_own"]["n"], 1);
  EXPECT_EQ(shipped["false_positive_rate"]["n"], 11);
  EXPECT_EQ(shipped["false_positive_rate_own"]["n"], 1);
  EXPECT_EQ(shipped["false_positive_rate_twins"]["n"], 1);
  EXPECT_EQ(shipped["by_family"].size(), 5U);
  ASSERT_EQ(shipped["by_trick"].size(), 1U);
  EXPECT_EQ(shipped["by_trick"][0]["name"], "renamed");
  EXPECT_EQ(shipped["precision"].size(), 4U);
  EXPECT_EQ(json["about"]["data"]["public_miners"]["groups"], 5);
}

TEST(Report, OperatingPointsOnlyRise) {
  const Json json = report();
  for (const auto& [name, model] : json["models"].items()) {
    const Json& points = model["operating_points"];
    ASSERT_EQ(points.size(), 1 + kMatchedRates.size());
    EXPECT_EQ(points[0]["name"], "shipped");
    for (std::size_t i = 2; i < points.size(); ++i) {
      EXPECT_GE(points[i]["recall"]["value"], points[i - 1]["recall"]["value"]) << name << i;
      EXPECT_GE(points[i]["false_positive_rate"]["value"], points[i - 1]["false_positive_rate"]["value"]);
      EXPECT_LE(points[i]["threshold"]["median"], points[i - 1]["threshold"]["median"]);
      EXPECT_LE(points[i]["recall"]["low"], points[i]["alone"]["recall"]["low"]) << "all together are less sure";
    }
  }
}

TEST(Report, NamesEveryProgramAndWhatBecameOfIt) {
  const Json json = report();
  const Json& programs = json["models"]["layered"]["programs"];
  EXPECT_EQ(programs.size(), 18U);
  EXPECT_EQ(programs[0]["label"], "miner");
  EXPECT_EQ(programs[17]["label"], "benign");
  for (const Json& program : programs) {
    EXPECT_EQ(program["levels"].size(), 2U) << "one a repeat";
    EXPECT_EQ(program["runs"], 2);
    EXPECT_GE(program["alerted"], 0);
    EXPECT_LE(program["alerted"], 1);
  }
}

TEST(Report, HoldsTheSplitsThatWereAsked) {
  const Json json = report();
  EXPECT_EQ(json["splits"].size(), 3U);
  EXPECT_TRUE(json["splits"]["grouped"]["ocsvm"].contains("runs"));
  EXPECT_FALSE(json["splits"]["random_windows"]["layered"].contains("runs"));
  EXPECT_EQ(json["splits"]["leave_one_core_out"]["layered"]["runs"]["by_core"].size(), 3U);
  ASSERT_EQ(json["learning_curve"].size(), 4U);
  EXPECT_EQ(json["learning_curve"][3]["percent"], 100);
  EXPECT_LT(json["learning_curve"][0]["families"], json["learning_curve"][3]["families"]);
}

}  // namespace
}  // namespace davy::evaluate
