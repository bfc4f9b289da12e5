#include "web/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>

#include "web/watched_test.h"

namespace davy::web {
namespace {

/// Reads the Prometheus text format; any line it does not know is a failure.
std::map<std::string, double> read(const std::string& text) {
  static const std::regex kComment(R"(# (HELP [a-z_]+ \S.*|TYPE [a-z_]+ (counter|gauge)))");
  static const std::regex kSample(R"re(([a-z_]+(?:\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})?) (\S+))re");
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, kComment)) continue;
    if (std::regex_match(line, match, kSample)) {
      EXPECT_TRUE(samples.emplace(match[1], std::stod(match[2])).second) << "twice: " << line;
    } else {
      ADD_FAILURE() << "not in the format: " << line;
    }
  }
  EXPECT_TRUE(text.ends_with('\n'));
  return samples;
}

TEST(Metrics, AreWellFormedAndTrue) {
  Watched watched;
  watched.put_miner(0);
  watched.play(10);
  auto snapshot = *watched.snapshot();
  snapshot.health.counters = {{"ring_drops", 7}, {"programs_loaded", 5}};
  const auto samples = read(metrics(snapshot, {}, {.following = 2, .dropped = 1}, {{"score", 0.25, 10}}));
  EXPECT_EQ(samples.at(R"(davy_lost_total{kind="ring_drops"})"), 7);
  EXPECT_EQ(samples.at(R"(davy_collector_total{kind="programs_loaded"})"), 5);
  EXPECT_EQ(samples.at(R"(davy_state{state="alert"})"), 1);
  EXPECT_EQ(samples.at(R"(davy_state{state="watching"})"), 0);
  EXPECT_EQ(samples.at("davy_detections_open"), 1);
  EXPECT_EQ(samples.at("davy_workloads"), 5);
  EXPECT_GT(samples.at("davy_slices_total"), 0);
  EXPECT_GT(samples.at("davy_windows_total"), 0);
  EXPECT_GT(samples.at("davy_highest_score"), samples.at("davy_threshold"));
  EXPECT_GT(samples.at("davy_armed_ratio"), 0);
  EXPECT_EQ(samples.at(R"(davy_stage_seconds_total{stage="score"})"), 0.25);
  EXPECT_EQ(samples.at(R"(davy_stage_runs_total{stage="score"})"), 10);
  EXPECT_EQ(samples.at("davy_page_followers"), 2);
  EXPECT_EQ(samples.at("davy_page_dropped_total"), 1);
  EXPECT_GT(samples.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(samples.at("process_resident_memory_bytes"), 1e6);
}

TEST(Metrics, BeforeTheFirstSliceSayThat) {
  const auto samples = read(metrics(detect::Snapshot(), {}, {}, {}));
  EXPECT_EQ(samples.at(R"(davy_state{state="learning"})"), 1);
  EXPECT_EQ(samples.at("davy_slices_total"), 0);
  EXPECT_FALSE(samples.contains("davy_stage_runs_total"));
}

}  // namespace
}  // namespace davy::web
