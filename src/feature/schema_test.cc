#include "feature/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "event/synthetic.h"
#include "feature/knowledge.h"
#include "feature/markdown.h"
#include "feature/measures.h"

namespace davy::feature {
namespace {

using event::Activity;
using event::Character;
using event::Flag;
using event::Peak;
using event::SliceNumber;
using event::Sum;
using testing::HasSubstr;

constexpr std::uint64_t kFirst = 1000;

window::Window window_of(const Activity& activity, std::uint64_t last = kFirst, std::uint32_t cpus = 4) {
  window::Window window;
  window.host = event::made_up_host(cpus);
  window.last = SliceNumber(last);
  window.activity = activity;
  return window;
}

/// A process of that character after `slices` slices of its life, on a host of `cpus`.
window::Window steady(Character character, std::uint64_t slices, std::uint32_t cpus = 4) {
  const auto host = event::made_up_host(cpus);
  const event::SteadyProcess process(host, event::made_up_container(*host, 1), 7, SliceNumber(kFirst),
                                     std::move(character));
  Activity all;
  for (std::uint64_t n = 0; n < slices; ++n) all.merge(process.slice(SliceNumber(kFirst + n)).activity);
  return window_of(all, kFirst + slices - 1, cpus);
}

std::size_t index_of(std::string_view name) {
  const auto all = catalogue();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
  }
  ADD_FAILURE() << "no feature " << name;
  return 0;
}

/// The natural value of one feature.
double value(const window::Window& window, std::string_view name) {
  const std::size_t i = index_of(name);
  return natural(catalogue()[i], extract(window)[i]);
}

TEST(Catalogue, IsSound) {
  EXPECT_GE(catalogue().size(), 60U);
  std::set<std::string_view> names;
  for (const Feature& feature : catalogue()) {
    EXPECT_TRUE(names.insert(feature.name).second) << feature.name << " twice";
    EXPECT_TRUE(std::regex_match(std::string(feature.name), std::regex("[a-z][a-z0-9_]*"))) << feature.name;
    EXPECT_FALSE(feature.unit.empty()) << feature.name;
    EXPECT_GE(feature.sentence.size(), 20U) << feature.name;
    EXPECT_EQ(feature.sentence.back(), '.') << feature.name;
    EXPECT_EQ(feature.sentence.find('|'), std::string_view::npos) << feature.name;
    EXPECT_TRUE(std::isfinite(feature.neutral)) << feature.name;
    EXPECT_FALSE(feature.scale == Scale::kLog && feature.neutral < 0) << feature.name;
  }
}

TEST(Catalogue, EveryGroupHasAtLeastThree) {
  std::map<Group, int> counts;
  for (const Feature& feature : catalogue()) ++counts[feature.group];
  EXPECT_EQ(counts.size(), static_cast<std::size_t>(Group::kCount));
  for (const auto& [group, count] : counts) EXPECT_GE(count, 3) << name_of(group);
}

TEST(Catalogue, WhatIsKnownOfMiningIsOfFeaturesThereAre) {
  std::size_t speaking = 0, against = 0;
  for (const Feature& feature : catalogue()) {
    speaking += feature.speaks == Speaks::kNeither ? 0 : 1;
    against += feature.speaks == Speaks::kAgainst ? 1 : 0;
  }
  EXPECT_EQ(speaking, features_that_speak()) << "a name in knowledge.cc is no feature, or stands there twice";
  EXPECT_GT(against, 20U);
  EXPECT_GT(speaking - against, 20U);
}

TEST(Catalogue, ThePageOfTheDocumentationIsCurrent) {
  std::ifstream page(DAVY_SOURCE_DIR "/docs/features.md");
  std::istringstream expected(to_markdown());
  std::string line;
  for (std::string want; std::getline(expected, want);) {
    std::getline(page, line);
    ASSERT_EQ(line, want) << "run: davy features --markdown > docs/features.md";
  }
  EXPECT_FALSE(std::getline(page, line)) << "more lines than the catalogue gives: " << line;
}

TEST(Catalogue, DigestIsOfNamesUnitsAndOrder) {
  EXPECT_EQ(schema_digest(), schema_digest());
  EXPECT_NE(schema_digest(), 0U);
}

void expect_finite(const window::Window& window, const std::string& what) {
  const Vector vector = extract(window);
  ASSERT_EQ(vector.size(), catalogue().size());
  for (std::size_t i = 0; i < vector.size(); ++i) {
    ASSERT_TRUE(std::isfinite(vector[i])) << what << ": " << catalogue()[i].name;
    ASSERT_FALSE(to_text(catalogue()[i], vector[i]).empty());
  }
}

TEST(Extract, NothingGivesTheNeutralValues) {
  const Vector vector = extract(window::Window{});
  expect_finite(window::Window{}, "nothing");
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const Feature& feature = catalogue()[i];
    const bool counted = feature.unit == "count" || feature.unit == "yes";  // of these nothing is none
    const bool of_nothing = feature.unit == "1/thread" || feature.unit == "1/cpu" || feature.unit == "KiB";
    if (counted || of_nothing) continue;
    EXPECT_NEAR(natural(feature, vector[i]), feature.neutral, 1e-3 * (1 + feature.neutral)) << feature.name;
  }
}

TEST(Extract, IsFiniteOnRandomActivities) {
  CounterRandom random(4);
  for (int i = 0; i < 2000; ++i) {
    const Activity activity = event::random_activity(random, i % 2 == 0);
    expect_finite(window_of(activity, random.below(200)), std::to_string(i));
  }
}

TEST(Extract, IsFiniteOnTheLargestNumbers) {
  for (const std::uint64_t large : {~std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 53}) {
    const auto small = static_cast<std::uint32_t>(large);
    Activity a;
    a.sums.fill(large);
    a.peaks.fill(large);
    a.opens.fill({small, small, small});
    a.libraries.fill(static_cast<std::uint16_t>(large));
    a.flags = large;
    event::Flow flow{large, large, large, large, large, {}, {}, large, large};
    flow.gaps.fill(small);
    flow.sizes.fill(small);
    for (std::uint64_t n = 0; n < 100; ++n) {
      event::Moment moment{.number = SliceNumber(large - n), .length_us = small, .armed_us = small};
      moment.cpu_us.fill(small);
      moment.calls.fill(small);
      moment.rss_kib = moment.bytes_in = moment.bytes_out = large;
      a.moments.insert(moment);
      a.threads.insert({n, large, large, large, large});
      a.directories.insert({n, event::FileClass::kOther});
      event::Conversation talk{.opened_ns = n % 2 == 0 ? large : n, .id = n, .pushes = small, .turns = small};
      talk.sent = talk.received = flow;
      a.conversations.insert(talk);
    }
    for (const std::uint64_t last : {std::uint64_t{0}, std::uint64_t{100}, ~std::uint64_t{0}}) {
      expect_finite(window_of(a, last), std::to_string(large));
    }
    for (const bool cpu : {true, false}) {  // one row large, all else zero
      for (std::size_t row = 0; row < event::kCountOf<Sum>; ++row) {
        Activity lone;
        lone.sums[row] = large;
        if (cpu) lone[Sum::kCpu] = lone[Sum::kCpuArmed] = 1;
        expect_finite(window_of(lone), std::string(event::name_of(static_cast<Sum>(row))));
      }
    }
  }
}

TEST(Extract, ATruncatedSetOfMomentsWithHugeGapsStaysSmall) {
  Activity a;
  a[Sum::kCpu] = 5'000'000;
  for (std::uint64_t n = 0; n < 64; ++n) a.moments.insert({.number = SliceNumber(n << 50), .length_us = 1});
  expect_finite(window_of(a, std::uint64_t{63} << 50), "gaps");
}

/// How far apart two vectors are allowed to be: by a feature's natural value, relative and absolute.
void expect_alike(const window::Window& a, const window::Window& b, double relative, double absolute,
                  const std::set<std::string_view>& except = {}) {
  const Vector left = extract(a);
  const Vector right = extract(b);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const Feature& feature = catalogue()[i];
    if (except.contains(feature.name)) continue;
    const double x = natural(feature, left[i]);
    const double y = natural(feature, right[i]);
    EXPECT_NEAR(x, y, absolute + relative * std::max(std::abs(x), std::abs(y))) << feature.name;
  }
}

/// Characters whose talk is lively enough to have a shape within a minute.
std::vector<Character> lively() {
  std::vector<Character> all{event::miner_like(4), event::worker_like(4), event::encoder_like(4), event::server_like(),
                             event::compiler_like(4)};
  all[0].talk.push_every_s = 4;
  all[0].talk.send_every_s = 2;
  all[1].talk.push_every_s = 3;
  all[1].talk.send_every_s = 1;
  Character throttled = event::miner_like(2);
  throttled.share = 0.4;
  throttled.period_s = 5;
  throttled.talk = {};
  all.push_back(throttled);
  return all;
}

TEST(Extract, AWindowsLengthDoesNotShow) {
  for (const Character& character : lively()) {
    SCOPED_TRACE(character.comm);
    const auto minute = steady(character, 6);
    const auto half = steady(character, 30);
    const auto full = steady(character, 60);
    // How chance gaps vary is known to one over the root of their number: 20 in the shortest.
    const std::set<std::string_view> of_chance{"talk_send_variation", "talk_receive_variation", "talk_send_memoryless"};
    expect_alike(minute, full, 0.15, 0.06, of_chance);
    expect_alike(half, full, 0.08, 0.04, of_chance);
    for (const std::string_view name : of_chance) {
      EXPECT_NEAR(value(minute, name), value(full, name), 0.35) << name;
      EXPECT_NEAR(value(half, name), value(full, name), 0.2) << name;
    }
  }
}

TEST(Extract, AHostsSizeDoesNotShow) {
  for (Character character : {event::miner_like(2), event::encoder_like(2), event::compiler_like(2)}) {
    SCOPED_TRACE(character.comm);
    character.talk = {};  // a pool does not send more jobs to a larger host
    Character larger = character;
    larger.threads = 16;
    larger.writable_executable = character.writable_executable * 8;
    const auto small = steady(character, 30, 2);
    const auto large = steady(larger, 30, 16);
    // One more thread waits in each, which weighs more among three than among seventeen. Memory per thread is as made
    // up.
    const std::set<std::string_view> of_all_threads{
        "threads",           "busy_of_threads",          "resident_per_thread",
        "pinned_per_thread", "writable_code_per_thread", "mappings_per_thread",
        "huge_pages_asked",  "huge_pages_refused",       "writable_code"};
    expect_alike(small, large, 0.02, 0.02, of_all_threads);
    EXPECT_NEAR(value(small, "threads"), value(large, "threads"), 0.5);
    EXPECT_NEAR(value(small, "pinned_per_thread"), value(large, "pinned_per_thread"), 0.3);
    EXPECT_NEAR(value(small, "writable_code_per_thread"), value(large, "writable_code_per_thread"), 0.3);
  }
}

TEST(Extract, WhoAndWhereAndWhenDoNotShow) {
  const window::Window window = steady(event::miner_like(4), 30);
  const Vector expected = extract(window);
  window::Window other = window;
  other.workload = event::made_up_container(*other.host, 99);
  other.process = event::made_up_process(*other.host, *other.workload, 4242, SliceNumber(0), "[kworker/0:1]");
  auto host = *other.host;
  host.name = "elsewhere";
  host.kernel = "5.15";
  other.host = std::make_shared<const event::Host>(host);
  other.wall += std::chrono::hours(9999);
  other.age_s = 1e9;
  other.activity.set(Flag::kNamedLikeKernelThread);
  other.activity.set(Flag::kContainerRoot);
  other.activity.set(Flag::kParentGone);
  other.activity.set(Flag::kExeHome);
  other.activity[Sum::kSyscallClock] += 1'000'000'000;
  other.activity[Sum::kCgroupThrottled] += 1'000'000'000;
  other.activity[Sum::kRunDelay] += 1'000'000'000;
  Activity moved;  // the same at another address
  for (event::Conversation talk : other.activity.conversations) {
    talk.peer.address.fill(0xaa);
    talk.peer.port = 443;
    moved.conversations.insert(talk);
  }
  other.activity.conversations = moved.conversations;
  EXPECT_EQ(extract(other), expected);
}

TEST(Extract, WhenDoesNotShow) {
  const auto host = event::made_up_host(4);
  std::vector<Vector> vectors;
  for (const std::uint64_t first : {std::uint64_t{3}, std::uint64_t{1'000'000}}) {
    const event::SteadyProcess process(host, event::made_up_container(*host, 1), 7, SliceNumber(first),
                                       event::miner_like(4));
    Activity all;
    for (std::uint64_t n = 0; n < 60; ++n) all.merge(process.slice(SliceNumber(first + n)).activity);
    vectors.push_back(extract(window_of(all, first + 59)));
  }
  for (std::size_t i = 0; i < vectors[0].size(); ++i) {
    EXPECT_NEAR(vectors[0][i], vectors[1][i], 1e-4) << catalogue()[i].name;
  }
}

TEST(Extract, TimeDisarmedDoesNotMakeAProcessLookQuiet) {
  const window::Window armed = steady(event::encoder_like(4), 60);
  window::Window half = armed;
  for (std::size_t s = 0; s < event::kSyscallClasses; ++s) half.activity.sums[s] /= 2;
  for (const Sum sum : {Sum::kBytesRead, Sum::kBytesWritten, Sum::kCpuArmed, Sum::kRoundingNearest, Sum::kErrorAgain}) {
    half.activity[sum] /= 2;
  }
  for (const char* name : {"calls", "calls_file", "calls_wait", "read_bytes", "written_bytes", "bytes_per_io_call"}) {
    EXPECT_NEAR(value(half, name), value(armed, name), 0.01 * value(armed, name)) << name;
  }
  EXPECT_NEAR(value(half, "calls_counted"), 0.5, 1e-6);
  window::Window never = armed;
  never.activity[Sum::kCpuArmed] = 0;
  for (std::size_t s = 0; s < event::kSyscallClasses; ++s) never.activity.sums[s] = 0;
  EXPECT_NEAR(value(never, "calls"), 500, 1) << "not known: ordinary";
}

TEST(Extract, MinersAndTheirTwinsDiffer) {
  const auto miner = steady(event::miner_like(4), 60);
  EXPECT_NEAR(value(miner, "cpu_of_available"), 1, 0.01);
  EXPECT_NEAR(value(miner, "saturated_of_busy"), 1, 0.01);
  EXPECT_NEAR(value(miner, "effective_threads"), 1, 0.01);
  EXPECT_GT(value(miner, "rounding_unusual"), 0.6);
  EXPECT_GT(value(miner, "rounding_entropy"), 0.95);
  EXPECT_GT(value(miner, "talk_alive"), 0.99);
  EXPECT_GT(value(miner, "talk_send_memoryless"), 0.6);
  EXPECT_GT(value(miner, "talk_slow_gaps"), 0.6);
  EXPECT_GT(value(miner, "yield_share"), 0.95);
  EXPECT_LT(value(miner, "calls"), 5);
  EXPECT_NEAR(value(miner, "largest_mapping"), 2080 << 10, 10);
  EXPECT_NEAR(value(miner, "msr_attempts"), 4, 1e-3);

  const auto worker = steady(event::worker_like(4), 60);
  EXPECT_EQ(value(worker, "rounding_unusual"), 0);
  EXPECT_GT(value(worker, "talk_bytes"), 10 * value(miner, "talk_bytes"));
  EXPECT_GT(value(worker, "read_bytes"), 1e5);
  EXPECT_LT(value(worker, "talk_small"), 0.1);
}

TEST(Extract, ThrottlingShowsAsRhythmAndPauses) {
  Character throttled = event::miner_like(4);
  throttled.share = 0.4;
  throttled.period_s = 5;
  const auto window = steady(throttled, 30);
  EXPECT_NEAR(value(window, "duty"), 0.4, 0.05);
  EXPECT_NEAR(value(window, "pauses"), 0.6, 0.05);
  EXPECT_GT(value(window, "rhythm"), 0.9);
  EXPECT_LT(value(steady(event::miner_like(4), 30), "rhythm"), 0.01);
}

TEST(Extract, HiddenCpuTimeShowsInAWorkload) {
  Activity a = steady(event::server_like(), 10).activity;
  a[Sum::kCgroupCpu] = 10 * a[Sum::kCpu];
  const auto window = window_of(a, kFirst + 9);
  EXPECT_NEAR(value(window, "hidden_share"), 0.89, 0.01);
  EXPECT_GT(value(window, "hidden_of_available"), 0.1);
  a[Sum::kCgroupCpu] = a[Sum::kCpu] + 10;  // rounding is not hiding
  EXPECT_EQ(value(window_of(a, kFirst + 9), "hidden_share"), 0);
}

TEST(Extract, StartingInTheMiddleOfASliceIsNoPause) {
  Activity a;
  event::Moment first{.number = SliceNumber(5), .length_us = 2'500'000};
  for (std::size_t p = 8; p < 10; ++p) first.cpu_us[p] = 1'000'000;
  first.cpu_us[7] = 500'000;
  event::Moment second{.number = SliceNumber(6), .length_us = 10'000'000};
  second.cpu_us.fill(1'000'000);
  a.moments.insert(first);
  a.moments.insert(second);
  a[Sum::kCpu] = 12'500'000;
  a[Peak::kAvailableCpu] = 1000;
  const auto window = window_of(a, 6);
  EXPECT_NEAR(value(window, "cpu_of_available"), 1, 1e-6);
  EXPECT_EQ(value(window, "cpu_plateau"), 1);
  EXPECT_EQ(value(window, "pauses"), 0);
}

TEST(Extract, AWorkloadIsAsLargeAsItsProcessesTogether) {
  Activity workload;
  for (int i = 0; i < 8; ++i) {
    Activity one;
    one[Peak::kThreads] = 1;
    one[Peak::kRss] = 300 << 10;
    one.moments.insert(
        {.number = SliceNumber(5), .length_us = 10'000'000, .rss_kib = 300 << 10, .threads = 1, .processes = 1});
    workload.merge(one);
  }
  const auto window = window_of(workload, 5, 1);
  EXPECT_NEAR(value(window, "threads"), 8, 1e-5);
  EXPECT_NEAR(value(window, "resident"), 8 * (300 << 10), 8);
  EXPECT_NEAR(value(window, "resident_per_thread"), 300 << 10, 1);
}

TEST(Extract, ASiblingThatSleepsGivesNoMemoryBack) {
  Activity workload;
  for (std::uint64_t n = 0; n < 10; ++n) {
    const bool both = n % 2 == 0;
    workload.moments.insert({.number = SliceNumber(n),
                             .length_us = 10'000'000,
                             .rss_kib = both ? 2'100'000U : 100'000U,
                             .threads = 1,
                             .processes = both ? 2U : 1U});
  }
  EXPECT_EQ(value(window_of(workload, 9), "resident_swing"), 0);
  EXPECT_EQ(value(window_of(workload, 9), "resident_growth"), 0);
}

TEST(Extract, ShortProcessesOneAfterAnotherAreManyNotOne) {
  Activity a;  // a hundred of 0.1 s; those that end between two looks are in no pulse: one in twenty is seen
  event::Moment moment{.number = SliceNumber(5), .length_us = 10'000'000};
  moment.cpu_us.fill(50'000);
  a.moments.insert(moment);
  a[Sum::kCpu] = 10'000'000;
  a[Sum::kProcessCpuSquares] = 100 * 100 * 100;  // ms squared
  EXPECT_NEAR(value(window_of(a, 5), "process_spread"), 0.99, 1e-6);
}

TEST(Extract, TheSpanIncludesTimeAsleep) {
  Activity a;
  for (const std::uint64_t n : {10, 11, 69}) a.moments.insert({.number = SliceNumber(n), .length_us = 10'000'000});
  EXPECT_DOUBLE_EQ(span_of(a), 600);
  a.moments.insert({.number = SliceNumber(9), .length_us = 4'000'000});
  EXPECT_DOUBLE_EQ(span_of(a), 604);
}

TEST(Extract, DistinctDirectoriesAreEstimatedFromTheSmallestHashes) {
  Activity a;
  a[Sum::kCpu] = a[Sum::kCpuArmed] = 1'000'000;
  for (std::uint64_t i = 0; i < 40; ++i) a.directories.insert({mix(i), event::FileClass::kOther});
  EXPECT_NEAR(value(window_of(a), "directories"), 40, 1e-3);
  for (std::uint64_t i = 0; i < 5000; ++i) a.directories.insert({mix(i), event::FileClass::kOther});
  EXPECT_NEAR(value(window_of(a), "directories"), 5000, 1500);  // relative error 1/sqrt(62)
}

TEST(Text, SaysNaturalValuesWithTheirUnits) {
  const auto text = [](const char* unit, Scale scale, double x) {
    return to_text({"f", unit, Group::kMemory, "", scale},
                   static_cast<float>(scale == Scale::kLog ? std::log2(1 + x) : x));
  };
  EXPECT_EQ(text("share", Scale::kLinear, 0.963), "96 %");
  EXPECT_EQ(text("share", Scale::kLinear, 0.0312), "3.1 %");
  EXPECT_EQ(text("share", Scale::kLinear, 0), "0 %");
  EXPECT_EQ(text("share", Scale::kLinear, 1), "100 %");
  EXPECT_EQ(text("1/cpu s", Scale::kLog, 1750), "1,750 per CPU second");
  EXPECT_EQ(text("1/cpu", Scale::kLog, 1), "1 per available CPU");
  EXPECT_EQ(text("KiB", Scale::kLog, 2080 << 10), "2.0 GiB");
  EXPECT_EQ(text("B", Scale::kLog, 212), "212 B");
  EXPECT_EQ(text("B/cpu s", Scale::kLog, 150'000), "146 KiB per CPU second");
  EXPECT_EQ(text("yes", Scale::kLinear, 1), "yes");
  EXPECT_EQ(text("count", Scale::kLog, 60), "60");
  EXPECT_EQ(text("s", Scale::kLog, 21.36), "21.4 s");
  EXPECT_EQ(text("1/min", Scale::kLog, 0.32), "0.32 per minute");
}

TEST(Markdown, HasEveryFeatureAndNoLineOfTheTableBreaks) {
  const std::string page = to_markdown();
  for (const Feature& feature : catalogue()) EXPECT_THAT(page, HasSubstr("| `" + std::string(feature.name) + "` |"));
}

}  // namespace
}  // namespace davy::feature
