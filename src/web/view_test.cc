#include "web/view.h"

#include <gtest/gtest.h>

#include <cmath>

#include "web/evidence.h"
#include "web/watched_test.h"

namespace davy::web {
namespace {

using detect::Json;

/// A miner that has been running for ten slices, and detected.
Watched& alerted() {
  static Watched watched;
  if (watched.now() == 0) {
    watched.put_miner(5);
    watched.play(15);
  }
  return watched;
}

std::string miner_id(const Json& list) { return list["workloads"][0]["id"].get<std::string>(); }

TEST(View, AnEmptyBoardGivesEmptyLists) {
  const detect::Snapshot nothing;
  EXPECT_EQ(workloads(nothing)["version"], 0);
  EXPECT_TRUE(workloads(nothing)["time"].is_null());
  EXPECT_TRUE(workloads(nothing)["workloads"].empty());
  EXPECT_TRUE(detections(nothing)["open"].empty());
  EXPECT_TRUE(workload(nothing, "0000000000000000").is_null());
  EXPECT_TRUE(detection(nothing, "x").is_null());
  EXPECT_TRUE(health(nothing, {})["host"].is_null());
  EXPECT_EQ(health(nothing, {})["state"], "learning");
}

TEST(View, WorkloadsStandByScoreWithTheirReasons) {
  const Json list = workloads(*alerted().snapshot());
  ASSERT_EQ(list["held"], 5);
  const Json& first = list["workloads"][0];
  EXPECT_EQ(first["process"]["comm"], "miner");
  EXPECT_GT(first["score"].get<double>(), list["threshold"].get<double>());
  EXPECT_NEAR(first["cpus"].get<double>(), 4.0, 0.2);
  EXPECT_FALSE(first["detection"].is_null());
  ASSERT_FALSE(first["why"].empty());
  EXPECT_LE(first["why"].size(), 3U);
  EXPECT_GT(first["why"][0]["contribution"].get<double>(), 0);
  double before = 2;
  for (const auto& row : list["workloads"]) {
    const double score = row["score"].is_null() ? -1 : row["score"].get<double>();
    EXPECT_LE(score, before);
    before = score;
  }
}

TEST(View, AWorkloadAddsUp) {
  const auto snapshot = alerted().snapshot();
  const Json found = workload(*snapshot, miner_id(workloads(*snapshot)));
  ASSERT_FALSE(found.is_null());
  double by_group = found["base"].get<double>();
  for (const auto& reason : found["reasons"]) by_group += reason["contribution"].get<double>();
  EXPECT_NEAR(by_group, found["score"].get<double>(), 1e-3);
  double by_feature = found["base"].get<double>();
  for (const auto& feature : found["features"]) by_feature += feature["contribution"].get<double>();
  EXPECT_NEAR(by_feature, found["score"].get<double>(), 5e-3);
  EXPECT_EQ(found["features"].size(), feature::catalogue().size());
  EXPECT_EQ(found["process_list"][0]["comm"], "miner");
}

TEST(View, EvidenceStandsInOrderAndEndsNow) {
  const auto snapshot = alerted().snapshot();
  const Json found = workload(*snapshot, miner_id(workloads(*snapshot)));
  const Json& series = found["series"];
  ASSERT_EQ(series.size(), 10U);
  EXPECT_EQ(series.back()["slice"], snapshot->number.value());
  EXPECT_EQ(series.back()["time"], to_rfc3339(snapshot->wall));
  EXPECT_EQ(series.front()["time"], to_rfc3339(snapshot->wall - std::chrono::seconds(90)));
  for (const auto& point : series) {
    EXPECT_NEAR(point["cpus"].get<double>(), 4.0, 0.3);
    EXPECT_GT(point["rss_kib"].get<std::uint64_t>(), 1'000'000U);
    EXPECT_GT(point["rounding"][1].get<std::uint64_t>(), 0U) << "a RandomX-like miner rounds down, too";
  }
  const Json& rounding = found["rounding"];
  EXPECT_GT(rounding["up"].get<std::uint64_t>(), 0U);
  ASSERT_EQ(found["connections"].size(), 1U);
  EXPECT_EQ(found["connections"][0]["first_sent"], "json-rpc");
  EXPECT_GT(found["connections"][0]["pushes"].get<int>(), 0);
}

TEST(View, ExplainsOnDemandWhatTheDetectorDidNot) {
  const auto snapshot = alerted().snapshot();
  for (const auto& view : snapshot->workloads) {
    if (!view.reasons.empty()) continue;
    const Json found = workload(*snapshot, to_text(view.workload->id));
    EXPECT_FALSE(found["reasons"].empty());
    return;
  }
  FAIL() << "every workload came with reasons: this test tests nothing";
}

TEST(View, DetectionsAreFoundById) {
  const auto snapshot = alerted().snapshot();
  const Json list = detections(*snapshot);
  ASSERT_EQ(list["open"].size(), 1U);
  EXPECT_TRUE(list["closed"].empty());
  const auto id = list["open"][0]["id"].get<std::string>();
  EXPECT_EQ(detection(*snapshot, id)["process"]["comm"], "miner");
  EXPECT_TRUE(detection(*snapshot, id + "0").is_null());
}

TEST(View, AClosedDetectionStays) {
  Watched watched;
  watched.put_miner(0, 8);
  watched.play(30);
  const Json list = detections(*watched.snapshot());
  EXPECT_TRUE(list["open"].empty());
  ASSERT_EQ(list["closed"].size(), 1U);
  EXPECT_FALSE(list["closed"][0]["closed_because"].get<std::string>().empty());
}

TEST(View, NamesOfTheKernelBecomeValidText) {
  const std::string line = detect::to_line(workloads(*alerted().snapshot()));
  EXPECT_EQ(line.find('\x1b'), std::string::npos) << "a control character is not escaped";
  EXPECT_EQ(line.find('\xff'), std::string::npos);
  EXPECT_NE(line.find(R"(<b>\u001b[31m)"), std::string::npos) << "the name is not there";
  EXPECT_NE(line.find("\xef\xbf\xbd"), std::string::npos) << "U+FFFD for the byte that is no UTF-8";
  EXPECT_TRUE(Json::accept(line));
}

TEST(View, HealthSaysWhatIsLost) {
  detect::Snapshot snapshot;
  snapshot.version = 1;
  snapshot.health.counters = {{"ring_drops", 7}, {"programs_loaded", 5}};
  snapshot.not_seen = {"7 events dropped"};
  const Json said = health(snapshot, {});
  ASSERT_EQ(said["losses"].size(), 1U);
  EXPECT_EQ(said["losses"][0]["name"], "ring_drops");
  EXPECT_EQ(said["losses"][0]["count"], 7);
  EXPECT_EQ(said["counters"]["programs_loaded"], 5);
  EXPECT_EQ(said["not_seen"][0], "7 events dropped");
}

TEST(View, NumbersThatAreNoneBecomeZero) {
  EXPECT_EQ(brief(std::nan("")), 0);
  EXPECT_EQ(brief(INFINITY), 0);
  EXPECT_EQ(brief(0.123456), 0.1235);
}

}  // namespace
}  // namespace davy::web
