#include "store/match.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/random.h"

namespace davy::store {
namespace {

event::Detection seen() {
  event::Detection detection;
  auto host = std::make_shared<event::Host>();
  host->name = "build-7";
  auto workload = std::make_shared<event::Workload>();
  workload->image = "registry/team/x:1.2";
  workload->pod = "ci/runner-1";
  workload->cgroup = "/kubepods/pod1/abc";
  auto process = std::make_shared<event::Process>();
  process->exe = "/opt/bench/x";
  process->comm = "x";
  detection.host = host;
  detection.workload = workload;
  detection.process = process;
  detection.exe_sha256 = std::string(64, 'a');
  return detection;
}

Match image(const std::string& glob) {
  Match match;
  match.image = glob;
  return match;
}

TEST(MatchTest, AllConditionsMustHold) {
  const auto detection = seen();
  Match match;
  EXPECT_FALSE(matches(match, detection)) << "without a condition nothing is allowed";
  match.exe_sha256 = std::string(64, 'A');
  match.exe = "/opt/*/x";
  match.image = "registry/*:1.*";
  match.pod_namespace = "c?";
  match.workload = "/kubepods/*";
  match.comm = "x";
  match.host = "build-[0-9]";
  EXPECT_TRUE(matches(match, detection));
  for (std::string Match::*part : {&Match::exe_sha256, &Match::exe, &Match::image, &Match::pod_namespace,
                                   &Match::workload, &Match::comm, &Match::host}) {
    Match other = match;
    other.*part = "no";
    EXPECT_FALSE(matches(other, detection));
    Match alone;
    alone.*part = match.*part;
    EXPECT_TRUE(matches(alone, detection));
  }
}

TEST(MatchTest, StarStaysWithinAFolderOnlyInAPath) {
  auto match = image("registry/*");
  EXPECT_TRUE(matches(match, seen()));
  match.image.clear();
  match.exe = "/opt/*";
  EXPECT_FALSE(matches(match, seen()));
  match.exe = "/opt/*/*";
  EXPECT_TRUE(matches(match, seen()));
}

TEST(MatchTest, WhatIsNotKnownFitsNoCondition) {
  event::Detection nothing;
  auto unnamed = seen();
  unnamed.workload = std::make_shared<event::Workload>();
  unnamed.process = nullptr;
  unnamed.exe_sha256.clear();
  for (std::string Match::*part : {&Match::exe, &Match::image, &Match::pod_namespace, &Match::workload}) {
    Match match;
    match.*part = "*";
    EXPECT_FALSE(matches(match, unnamed));
    EXPECT_FALSE(matches(match, nothing));
  }
  Match digest;
  digest.exe_sha256 = std::string(64, 'a');
  EXPECT_FALSE(matches(digest, unnamed));
}

TEST(MatchTest, WhatWouldAllowEverythingIsRefused) {
  EXPECT_FALSE(check(Match{}));
  for (const std::string glob :
       {"*", "**", "?*", "*?", "*/*", "/*", "*:*", "[!x]*", "[a-z]*", "[]a]*", "\\**", "-*", "*["}) {
    EXPECT_FALSE(check(image(glob))) << glob;
    Match all{.exe = glob, .image = glob, .pod_namespace = glob, .workload = glob, .host = glob};
    EXPECT_FALSE(check(all)) << glob;
    all.comm = "x";
    EXPECT_TRUE(check(all)) << glob << " beside a name";
  }
  for (const std::string glob : {"a*", "registry/*", "[x", "\xc3\xa9*"}) EXPECT_TRUE(check(image(glob))) << glob;
}

TEST(MatchTest, WhatCanNeverMatchIsRefused) {
  EXPECT_FALSE(check(image("x\\")));
  EXPECT_TRUE(check(image("x\\\\")));
  EXPECT_FALSE(check(image(std::string("x\0y", 3))));
  EXPECT_FALSE(check(image(std::string(1001, 'x'))));
  Match match;
  match.exe_sha256 = std::string(63, 'a');
  EXPECT_FALSE(check(match));
  match.exe_sha256 = std::string(64, 'g');
  EXPECT_FALSE(check(match));
  match.exe_sha256.clear();
  match.comm = "sixteen-bytes-xx";
  EXPECT_FALSE(check(match));
}

TEST(MatchTest, SaysWhenAProgramMayChooseToFit) {
  Match match;
  match.comm = "x";
  EXPECT_NE(caution(match), "");
  match.image = "x";
  EXPECT_EQ(caution(match), "");
  Match host;
  host.host = "build-*";
  EXPECT_NE(caution(host), "");
}

/// By the book: what fnmatch does without flags, for globs without brackets.
bool by_the_book(std::string_view glob, std::string_view name) {
  if (glob.empty()) return name.empty();
  if (glob[0] == '*') return by_the_book(glob.substr(1), name) || (!name.empty() && by_the_book(glob, name.substr(1)));
  if (name.empty()) return false;
  if (glob[0] == '\\' && glob.size() > 1) return glob[1] == name[0] && by_the_book(glob.substr(2), name.substr(1));
  return (glob[0] == '?' || glob[0] == name[0]) && by_the_book(glob.substr(1), name.substr(1));
}

std::string drawn(CounterRandom& random, std::string_view from, std::size_t most) {
  std::string text;
  for (auto left = random.below(most + 1); left > 0; --left) text += from[random.below(from.size())];
  return text;
}

TEST(MatchProperty, GlobsMatchAsTheBookSays) {
  CounterRandom random(1);
  std::size_t matched = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto glob = drawn(random, "ab/**?\\\xff", 7);
    const auto name = drawn(random, "aab/\xff\n", 8);
    if (!check(image("x" + glob))) continue;  // one that ends in the air
    const bool expected = !name.empty() && by_the_book(glob, name);
    ASSERT_EQ(glob_matches(glob, name), expected) << glob << " and " << name;
    matched += expected ? 1 : 0;
  }
  EXPECT_GT(matched, 1000U);
}

TEST(MatchProperty, ALiteralMatchesItselfAlone) {
  CounterRandom random(2);
  for (int i = 0; i < 50'000; ++i) {
    const auto name = drawn(random, "ab*?[]!-\\/\x1b\xff", 8);
    const auto other = drawn(random, "ab*?[]!-\\/\x1b\xff", 8);
    if (name.empty()) continue;
    ASSERT_TRUE(glob_matches(literal(name), name)) << name;
    ASSERT_EQ(glob_matches(literal(name), other), name == other) << name << " and " << other;
  }
}

TEST(MatchProperty, AnEntryThatIsTakenLeavesSomethingOut) {
  // Whatever check() lets pass, this name does not fit: it has no letter or digit, nor a byte beyond ASCII.
  CounterRandom random(3);
  std::size_t taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto glob = drawn(random, "a*?[]!/:", 8);
    if (glob.empty() || !check(image(glob))) continue;
    ++taken;
    for (const std::string name : {"/", ":", "//", "/:/", "-.-"}) EXPECT_FALSE(glob_matches(glob, name)) << glob;
  }
  EXPECT_GT(taken, 1000U);
}

TEST(MatchTest, HostileNamesTakeNoTime) {
  const auto began = std::chrono::steady_clock::now();
  const std::string name(4000, 'a');
  EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*a*a*a*b", name));
  EXPECT_FALSE(glob_matches("x*", std::string("x\0hidden", 8)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

/// A detection of a program, and one of another beside it.
event::Detection two_programs(const std::string& other_exe, double other_score) {
  event::Detection detection;
  const auto named = [](const std::string& exe) {
    event::Process process;
    process.exe = exe;
    process.comm = exe.substr(exe.rfind('/') + 1);
    return std::make_shared<const event::Process>(process);
  };
  detection.workload = std::make_shared<const event::Workload>();
  detection.process = named("/opt/bench/xmrig");
  detection.exe_sha256 = std::string(64, 'a');
  detection.threshold = 0.9;
  detection.score = 0.97;
  detection.parts = {{.process = detection.process, .score = 0.97},
                     {.process = named(other_exe), .score = other_score}};
  return detection;
}

TEST(Matches, WhoIsAllowedHidesNobodyBesideIt) {
  Match by_path, by_digest;
  by_path.exe = "/opt/bench/xmrig";
  by_digest.exe_sha256 = std::string(64, 'a');
  for (const Match& match : {by_path, by_digest}) {
    EXPECT_TRUE(matches(match, two_programs("/opt/bench/xmrig", 0.95))) << "two of the same";
    EXPECT_TRUE(matches(match, two_programs("/usr/bin/tee", 0.1))) << "a helper that mines nothing";
    EXPECT_FALSE(matches(match, two_programs("/tmp/.x", 0.95))) << "another miner";
  }
}

}  // namespace
}  // namespace davy::store
