#include "detect/coverage.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace davy::detect {
namespace {

using event::Activity;
using event::Flag;
using event::Health;
using event::Sum;

constexpr double kFullCoverage = 0.95;              // below this share the report says how much was counted
constexpr std::uint64_t kEnoughCpuUs = 10'000'000;  // of CPU time, after which rounding samples are due

struct LossWords {
  std::string_view counter;
  std::string_view words;  // empty: no loss that an operator should act on
};

/// What counters of Health mean. What vanishes while it is being looked at is the daily life of a host: it is on
/// /metrics, but no news.
constexpr auto kLosses = std::to_array<LossWords>({
    {"ring_exits", "ends of processes lost by a full ring buffer"},
    {"ring_execs", "starts of programs lost by a full ring buffer"},
    {"ring_opens", "opened files not classified, the ring buffer was full"},
    {"ring_conversations", "conversations lost by a full ring buffer"},
    {"ring_cgroups", "new cgroups lost by a full ring buffer"},
    {"cgroups_too_deep", "cgroups nested deeper than their path is read"},
    {"ring_drops", "events dropped by a full ring buffer"},
    {"storage_missing", ""},  // counted elsewhere then, exactly
    {"retired_full", "ended threads whose counts had no room"},
    {"calls_lost", "system calls lost"},
    {"conversations_unkept", "conversations beyond the kernel's table"},
    {"conversations_unseen", "conversations beyond what is kept of a process"},
    {"unknown_records", "records of an unknown kind from the kernel"},
    {"processes_unkept", "processes beyond the collector's table"},
    {"processes_unnamed", ""},  // too short to be named; what they did counts for their workload
    {"processes_unmet", ""},
    {"processes_hidden", "processes that could be read in part only"},
    {"processes_vanished", ""},
    {"threads_vanished", ""},
    {"cgroups_unnamed", "slices in cgroups of unknown name"},
    {"cgroups_vanished", ""},
    {"mappings_unread", ""},
    {"host_short", "times the host had no file descriptor or memory left to read counters with (raise ulimit -n)"},
    {"slices_late", "slices of time that ended late"},
    {"queue_dropped", "slices dropped because the detector fell behind"},
    {"output_dropped", "lines not printed because nobody read them"},
    {"alerts_given_up", "alerts that no receiver took in a week"},
    {"alerts_no_room", "alerts given up because too many waited"},
    {"alerts_failed", ""},  // tries: they come again
    {"windows_late", "slices that came too late for their window"},
    {"windows_duplicate", "slices that came twice"},
    {"windows_not_held", "slices of more processes than are held at a time"},
    {"record_failed", "slices not recorded because writing failed"},
});

/// What cannot be seen at all on this host, or is not done for now: said for as long as the counter is not 0.
constexpr auto kBlind = std::to_array<LossWords>({
    {"blind_messages", "sizes, gaps, turns and first bytes of messages on sockets are not seen"},
    {"blind_rounding", "the floating-point rounding mode cannot be sampled on this kernel"},
    {"blind_io_uring", "work submitted through io_uring is not seen"},
    {"store_behind", "the newest reports of some detections are not in the store yet"},
    {"blind_outside", "processes outside the collector's own pid namespace are not seen before they end"},
});

/// Parts of names by which a loss counted by a newer collector is known.
constexpr std::array<std::string_view, 5> kLossParts{"drop", "lost", "missing", "full", "fail"};

std::uint64_t value_of(const Health& health, const std::string& name) {
  for (const auto& counter : health.counters) {
    if (counter.name == name) return counter.value;
  }
  return 0;
}

std::string words_for_blindness(const Health::Counter& counter) {
  if (counter.value == 0) return {};
  for (const auto& blind : kBlind) {
    if (blind.counter == counter.name) return std::string(blind.words);
  }
  return {};
}

std::string rung_words(Health::Rung rung) {
  switch (rung) {
    case Health::Rung::kTracing:
      return {};
    case Health::Rung::kRawTracepoint:
      return "running without BTF tracing: what that rung cannot see is missing";
    case Health::Rung::kProc:
      return "only /proc is read: no system calls, no conversations, no opened files";
  }
  return {};
}

std::uint64_t rounding_samples(const Activity& activity) {
  return activity[Sum::kRoundingNearest] + activity[Sum::kRoundingDown] + activity[Sum::kRoundingUp] +
         activity[Sum::kRoundingZero];
}

}  // namespace

double coverage_of(const Activity& activity) {
  std::uint64_t length = 0;
  std::uint64_t armed = 0;
  for (const auto& moment : activity.moments) {
    length += moment.length_us;
    armed += std::min(moment.armed_us, moment.length_us);
  }
  return length == 0 ? 0 : static_cast<double>(armed) / static_cast<double>(length);
}

std::vector<std::string> not_evaluated(const Activity& activity) {
  std::vector<std::string> words;
  if (activity.has(Flag::kSourceProc) && !activity.has(Flag::kSourceTracing) &&
      !activity.has(Flag::kSourceRawTracepoint)) {
    words.push_back(rung_words(Health::Rung::kProc));
  } else if (const double coverage = coverage_of(activity); coverage < kFullCoverage) {
    words.push_back(fmt::format("system calls were counted in {:.0f} % of the time", 100 * coverage));
  }
  if (activity[Sum::kCpu] >= kEnoughCpuUs && rounding_samples(activity) == 0) {
    words.emplace_back("the floating-point rounding mode was not sampled");
  }
  if (!activity.has(Flag::kMemoryMapped)) words.emplace_back("memory mappings were not walked");
  if (const auto lost = activity[Sum::kEventsLost]; lost > 0) words.push_back(fmt::format("{} events were lost", lost));
  if (const auto unseen = activity[Sum::kConversationsUnseen]; unseen > 0) {
    words.push_back(fmt::format("further connections were not followed, {} times in all", unseen));
  }
  return words;
}

void HostCoverage::add(const Health& health) {
  recent_.push_back(health);
  while (recent_.size() > slices_ + 1) recent_.pop_front();
}

std::vector<std::string> HostCoverage::not_seen() const {
  std::vector<std::string> words;
  if (recent_.empty()) return words;
  const Health& now = recent_.back();
  if (auto rung = rung_words(now.rung); !rung.empty()) words.push_back(std::move(rung));
  for (const auto& counter : now.counters) {
    if (auto blind = words_for_blindness(counter); !blind.empty()) words.push_back(std::move(blind));
  }
  // At the start there is nothing to take a difference from: everything lost so far was lost in this window.
  const bool whole = recent_.size() > slices_;
  for (const auto& counter : now.counters) {
    const std::uint64_t before = whole ? value_of(recent_.front(), counter.name) : 0;
    const auto phrase = words_for_counter(counter.name);
    if (counter.value > before && !phrase.empty())
      words.push_back(fmt::format("{} {}", counter.value - before, phrase));
  }
  return words;
}

std::string words_for_counter(const std::string& name) {
  for (const auto& loss : kLosses) {
    if (loss.counter == name) return std::string(loss.words);
  }
  const bool loss = std::any_of(kLossParts.begin(), kLossParts.end(),
                                [&](std::string_view part) { return name.find(part) != std::string::npos; });
  if (!loss) return {};
  std::string words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

}  // namespace davy::detect
