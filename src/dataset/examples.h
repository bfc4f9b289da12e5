#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "event/recording.h"

namespace davy::dataset {

/// What an example is the window of.
enum class Scope : std::uint8_t { kProcess, kWorkload };
std::string_view name_of(Scope scope);  // process, workload

/// For how many seconds a process or workload has been seen when its window becomes an example: a detector must decide
/// early too.
inline constexpr std::array<std::uint16_t, 7> kAges{10, 20, 30, 60, 120, 300, 600};

/// A run is seen twice: from its start, and as by a detector started so many seconds later, which has missed how it
/// began.
inline constexpr int kLateStart = 100;

/// One recording: one run of one program. Where examples come from stands here once, and never among the features.
struct Run {
  std::string file;    // name without its folder
  std::string digest;  // SHA-256 of the recording, hex
  std::string program;
  std::string family;
  std::string core;  // of a miner: what hashes; empty: none
  std::string category;
  std::string run;
  std::string variant;  // plain, throttled...; provenance["variant"]
  std::string host;
  event::Label label = event::Label::kUnknown;
  event::Source source = event::Source::kUnknown;
  bool twin = false;
  WallTime started;
  std::map<std::string, std::string> provenance;  // how it was made, as the recorder was told
  std::map<std::string, std::string> seen;        // how it was made, as its slices show: dataset/witness.h
  std::string
      group;  // what it stands together with (dataset/groups.h), where that was found in more runs than are here
  bool operator==(const Run&) const = default;
};

/// Whether a model may learn from it and be judged by it.
inline bool in_a_class(event::Label label) { return label == event::Label::kMiner || label == event::Label::kBenign; }

/// Of ours, a malware scenario that brings a miner of ours too: who wrote it also wrote the detector.
inline bool is_own(const Run& run) {
  return run.source == event::Source::kOwnWorker || run.family.starts_with("davy-");
}

/// One window that was taken. `label` is the run's for the windows the labelling rule gives it.
struct Example {
  std::uint32_t run = 0;      // index of Examples::runs
  std::uint32_t subject = 0;  // which process or workload of its run, numbered as first seen; seen late, it is another
  std::uint16_t age_s = 0;    // how long it had been seen; one of kAges if it is learned from
  Scope scope = Scope::kProcess;
  event::Label label = event::Label::kUnknown;
  WallTime wall;        // end of the window
  bool learned = true;  // else it is there only to be judged by: a detector sees every window, not those of kAges alone
  bool late = false;    // of the view that begins kLateStart seconds after the run
  bool helper = false;  // of a process beside a miner: a detector scores it, and neither class knows it
  bool operator==(const Example&) const = default;
};

/// Feature vectors with what is known of each. `values` is row-major, rows.size() * features, all finite.
struct Examples {
  std::uint64_t schema = 0;  // feature::schema_digest()
  std::size_t features = 0;
  std::vector<Run> runs;
  std::vector<Example> rows;
  std::vector<float> values;

  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return std::span(values).subspan(i * features, features);
  }
  [[nodiscard]] const Run& run_of(std::size_t i) const { return runs[rows[i].run]; }
  void add(const Example& example, std::span<const float> row);
  bool operator==(const Examples&) const = default;
};

/// The rows for which `keep` holds, with the runs they come from. See also learned_rows().
template <typename Keep>
Examples filtered(const Examples& examples, Keep keep) {
  Examples kept{examples.schema, examples.features, {}, {}, {}};
  std::vector<std::uint32_t> renamed(examples.runs.size(), UINT32_MAX);
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (!keep(i)) continue;
    Example example = examples.rows[i];
    if (renamed[example.run] == UINT32_MAX) {
      renamed[example.run] = static_cast<std::uint32_t>(kept.runs.size());
      kept.runs.push_back(examples.runs[example.run]);
    }
    example.run = renamed[example.run];
    kept.add(example, examples.row(i));
  }
  return kept;
}

/// What a learner and an audit may look at.
inline Examples learned_rows(Examples examples) {
  const bool all = std::all_of(examples.rows.begin(), examples.rows.end(), [](const Example& e) { return e.learned; });
  return all ? std::move(examples) : filtered(examples, [&](std::size_t i) { return examples.rows[i].learned; });
}

}  // namespace davy::dataset
