#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/examples.h"

namespace davy::audit {

/// One label a run, a miner's 1.
using Labels = std::vector<std::uint8_t>;

/// The runs that are labelled miner or benign, and who belongs together. All vectors but `program_label` are per run.
struct Runs {
  std::vector<std::uint32_t> index;         // of Examples::runs
  std::vector<std::uint32_t> program;       // numbered; a program with both labels is two
  std::vector<std::uint32_t> family;        // its group, numbered
  std::vector<double> weight;               // each program weighs 1 in total
  Labels label;                             //
  std::vector<std::uint8_t> program_label;  // per program
  std::uint32_t families = 0;

  [[nodiscard]] std::size_t size() const { return index.size(); }
  [[nodiscard]] std::size_t programs() const { return program_label.size(); }
  /// Labels of draw `draw` in which nothing can be: shuffled over programs, as the runs of one are not independent.
  [[nodiscard]] Labels shuffled(std::uint64_t seed, std::uint64_t draw) const;
};

Runs runs_of(const dataset::Examples& examples);

/// Per run its fold of `folds`, families whole, drawn by `seed` without a look at the labels, so that shuffled ones
/// stand on equal terms.
std::vector<std::uint32_t> family_folds(const Runs& runs, std::uint32_t folds, std::uint64_t seed);

}  // namespace davy::audit
