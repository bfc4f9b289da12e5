#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataset/examples.h"

namespace davy::dataset {

/// The executable that did the work of a run; "" where its path says nothing of the program: an interpreter, which
/// runs others' programs, or one that no package put there (/app, /tmp, a memfd). Recordings hold no digest of it.
std::string executable_of(const Run& run);

/// Per run the name of its group, the unit of every split and every bootstrap: families, and those families as one in
/// whose runs the same executable did the work, under the first of their names. What a family is called cannot put one
/// program on two sides. `joined_by`, if not empty, is a further name of each run that joins those that share it; ""
/// joins none.
std::vector<std::string> group_names(const std::vector<Run>& runs, std::span<const std::string> joined_by = {});

/// Who belongs together. Only rows labelled miner or benign are in a group.
struct Groups {
  struct Family {
    std::string name;    // of the group
    bool miner = false;  // one with both labels counts as a miner's
    std::vector<std::uint32_t> rows;
  };
  static constexpr std::uint32_t kNone = UINT32_MAX;

  std::vector<Family> families;           // sorted by name
  std::vector<std::uint32_t> family_of;   // per row, or kNone
  std::vector<std::uint32_t> program_of;  // per row, or kNone; a program with both labels is two
  std::vector<double> weight;             // per row: each program weighs 1 in total, its rows the same; else 0
  std::size_t programs = 0;
};

Groups group(const Examples& examples);

}  // namespace davy::dataset
