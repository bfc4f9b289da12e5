#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/examples.h"

namespace davy::dataset {

/// Who belongs together. The family is the group of every split and every bootstrap; for now it is the declared one,
/// later the connected components over digests and captures too. Only rows labelled miner or benign are in a group.
struct Groups {
  struct Family {
    std::string name;
    bool miner = false;  // a family with both labels counts as a miner's
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
