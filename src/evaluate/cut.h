#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"

namespace davy::evaluate {

/// How examples are parted into those learned from and those judged. The first is the one that counts; the last two
/// ask more of a model; the three at random are how the literature does it, printed beside to show what they flatter.
enum class Scheme : std::uint8_t {
  kGrouped,             // by groups: families, joined where they run one executable
  kRandomRuns,          // by runs: another run of the same program is learned from
  kRandomWindows,       // by windows: others of the same run are learned from
  kOverlappingWindows,  // by windows every 10 s, which share up to nine tenths of what they saw
  kTimeOrdered,         // the last third of the runs is judged, all that ended before is learned from, of whatever
                        // family: as a detector in service meets what it knows and what it does not
  kLeaveOneFamilyOut,   // each group of miners in a fold of its own, all programs of our own as one
  kLeaveOneCoreOut,     // the same, with all that share a hashing core as one
  kCount
};
std::string_view name_of(Scheme scheme);  // "grouped", "random_runs", ...
Result<Scheme> scheme_from(std::string_view name);

/// Whether whole runs are judged, not windows alone.
bool judges_runs(Scheme scheme);

/// Which rows each fold judges; it learns from the others, but for kNeither.
struct Cut {
  static constexpr std::uint32_t kAlwaysLearned = UINT32_MAX, kNeither = UINT32_MAX - 1;
  std::vector<std::uint32_t> fold_of_row;
  std::uint32_t folds = 0;
};

/// Parts `examples`; `folds` counts for the first four schemes. Rows of neither class are in no fold and not learned
/// from. kBadInput, with the way out, when a fold would have a label missing.
Result<Cut> cut(const dataset::Examples& examples, Scheme scheme, std::uint32_t folds, std::uint64_t seed);

/// What a scheme works on: the windows of kOverlappingWindows are not those of the others.
struct Material {
  dataset::Examples examples;
  std::vector<std::uint32_t> origin;      // per row which of the dataset's it is
  std::vector<std::uint32_t> run_origin;  // per run which of the dataset's it is
  std::vector<bool> counted;              // per row whether figures of windows count it
};

/// `examples` as `scheme` wants them. Of each run at most `most` windows count, those whose hash is lowest: a run does
/// not weigh more for being long. Where runs are judged all of their windows are there.
Material material_for(const dataset::Examples& examples, Scheme scheme, std::size_t most);

}  // namespace davy::evaluate
