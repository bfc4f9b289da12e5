#include "detect/json.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace davy::detect {
namespace {

event::Peer peer_v4(std::array<std::uint8_t, 4> bytes, std::uint16_t port) {
  event::Peer peer;
  peer.address[10] = peer.address[11] = 0xff;
  std::copy(bytes.begin(), bytes.end(), peer.address.begin() + 12);
  peer.port = port;
  return peer;
}

event::Detection detection() {
  event::Detection detection;
  detection.id = "00112233445566ff";
  detection.time = WallTime(std::chrono::seconds(1'700'000'060));
  detection.first_seen = WallTime(std::chrono::seconds(1'700'000'000));
  detection.alerted = WallTime(std::chrono::seconds(1'700'000'040));
  auto host = std::make_shared<event::Host>();
  host->name = "node-7";
  detection.host = host;
  auto workload = std::make_shared<event::Workload>();
  workload->id = event::WorkloadId(0xabc);
  workload->kind = event::Workload::Kind::kContainer;
  workload->container = std::string(64, 'f');
  detection.workload = workload;
  auto process = std::make_shared<event::Process>();
  process->id.tgid = 4711;
  process->comm = "\xff[kworker]";
  process->ancestors = {{17, "sh"}, {1, "init"}};
  detection.process = process;
  detection.process_started = WallTime(std::chrono::seconds(1'699'999'990));
  event::Conversation talk;
  talk.peer = peer_v4({203, 0, 113, 7}, 3333);
  talk.first_sent = event::FirstBytes::kJsonRpc;
  detection.connections.push_back(talk);
  detection.score = 0.97;
  detection.threshold = 0.5;
  detection.release = std::string(64, 'a');
  detection.reasons = {{"rounding mode", 0.4, "floating-point rounding mode keeps changing"}};
  return detection;
}

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

// The contract that scripts rely on: names of the fields and their kinds.
TEST(Json, DetectionHasTheFieldsThatScriptsRelyOn) {
  const Json line = Json::parse(to_line(to_json(detection())));
  const std::set<std::string> promised{"type",     "state", "id",         "time",       "first_seen",
                                       "alerted",  "host",  "workload",   "process",    "connections",
                                       "coverage", "score", "score_low",  "score_high", "threshold",
                                       "release",  "base",  "reasons_in", "reasons"};
  for (const auto& key : promised) EXPECT_TRUE(line.contains(key)) << key;
  EXPECT_EQ(line["type"], "detection");
  EXPECT_EQ(line["state"], "opened");
  EXPECT_EQ(line["time"], "2023-11-14T22:14:20.000Z");
  EXPECT_EQ(line["host"], "node-7");
  EXPECT_TRUE(line["score_low"].is_null());
  EXPECT_TRUE(line["score_high"].is_null());
  EXPECT_TRUE(line["base"].is_null()) << "the model gives no reasons per feature";
  EXPECT_TRUE(line["reasons_in"].is_null());
  EXPECT_EQ(keys_of(line["process"]),
            (std::set<std::string>{"pid", "comm", "exe", "exe_sha256", "uid", "start", "parents"}));
  EXPECT_EQ(line["process"]["pid"], 4711);
  EXPECT_EQ(line["process"]["start"], "2023-11-14T22:13:10.000Z");
  EXPECT_TRUE(line["process"]["exe_sha256"].is_null());
  EXPECT_EQ(line["process"]["parents"][0]["comm"], "sh");
  EXPECT_EQ(line["workload"]["id"], "0000000000000abc");
  EXPECT_EQ(line["workload"]["container"], std::string(64, 'f'));
  EXPECT_TRUE(line["workload"]["image"].is_null());
  EXPECT_EQ(line["connections"][0]["address"], "203.0.113.7");
  EXPECT_EQ(line["connections"][0]["port"], 3333);
  EXPECT_EQ(line["connections"][0]["first_sent"], "json-rpc");
  EXPECT_EQ(keys_of(line["reasons"][0]), (std::set<std::string>{"group", "contribution", "text"}));
}

TEST(Json, OneLineWhateverAProcessIsCalled) {
  auto hostile = detection();
  auto process = std::make_shared<event::Process>();
  process->comm = "a\n\"b\xff";
  hostile.process = process;
  const auto line = to_line(to_json(hostile));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(Json::parse(line)["process"]["comm"], "a\n\"b\xef\xbf\xbd");
}

TEST(Json, WhatIsKnownOfTheRangeAndTheReasonsIsThere) {
  auto calibrated = detection();
  calibrated.score_low = 0.25;
  calibrated.score_high = 0.75;
  calibrated.base = -2.5;
  calibrated.reasons_in = "log odds";
  const Json line = to_json(calibrated);
  EXPECT_EQ(line["score_low"], 0.25);
  EXPECT_EQ(line["score_high"], 0.75);
  EXPECT_EQ(line["base"], -2.5);
  EXPECT_EQ(line["reasons_in"], "log odds");
}

TEST(Json, WhatItIsLikeAndHowItGrew) {
  auto explained = detection();
  for (const char* key : {"nearest_miner", "nearest_honest", "otherwise"})
    EXPECT_TRUE(to_json(explained)[key].is_null());
  EXPECT_EQ(to_json(explained)["timeline"], Json::array());
  explained.nearest_miner = event::Neighbour{"digger", "mines", 0.123456};
  explained.nearest_honest = event::Neighbour{"server", "servers", 1};
  explained.otherwise = event::Otherwise{{"memory"}, 0.25};
  explained.timeline = {{explained.first_seen + std::chrono::seconds(10), 0.5, 0.123456}};
  const Json line = Json::parse(to_line(to_json(explained)));
  EXPECT_EQ(line["nearest_miner"], Json({{"program", "digger"}, {"family", "mines"}, {"likeness", 0.1235}}));
  EXPECT_EQ(line["nearest_honest"]["likeness"], 1);
  EXPECT_EQ(line["otherwise"], Json({{"groups", {"memory"}}, {"score", 0.25}}));
  EXPECT_EQ(line["timeline"], Json::parse("[[10,0.5,0.1235]]"));
}

TEST(Json, ClosedSaysWhy) {
  auto closed = detection();
  closed.state = event::Detection::State::kClosed;
  closed.closed_because = "every process seen in it has ended";
  EXPECT_EQ(to_json(closed)["closed_because"], closed.closed_because);
  EXPECT_FALSE(to_json(detection()).contains("closed_because"));
}

TEST(Json, HealthSaysWhatIsNotSeen) {
  event::Health health;
  health.armed_us = 5'000'000;
  health.rung = event::Health::Rung::kProc;
  health.counters = {{"ring_drops", 3}};
  const auto line = to_json(health, {"3 events dropped"});
  EXPECT_EQ(line["type"], "health");
  EXPECT_EQ(line["rung"], "proc");
  EXPECT_EQ(line["armed"], 0.5);
  EXPECT_EQ(line["not_seen"][0], "3 events dropped");
  EXPECT_EQ(line["counters"]["ring_drops"], 3);
}

TEST(Json, AddressesAsPeopleWriteThem) {
  EXPECT_EQ(address_of(peer_v4({10, 0, 0, 1}, 1)), "10.0.0.1");
  event::Peer v6;
  v6.address = {0x20, 0x01, 0x0d, 0xb8};
  v6.address[15] = 1;
  EXPECT_EQ(address_of(v6), "2001:db8::1");
}

}  // namespace
}  // namespace davy::detect
