#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "feature/schema.h"

namespace davy::detect {

/// How one feature is told to an analyst: a statement of fact that is true for any value, whatever the model makes of
/// it. `{}` stands for the value with its unit, `{t}` for the time looked at.
struct Phrase {
  std::string_view feature;   // its name in feature::catalogue()
  std::string_view some;      // the value is there
  std::string_view none;      // the value is zero or unknown, which its neutral value cannot tell apart; empty: `some`
  bool always_known = false;  // its neutral value never stands for "unknown"
};

/// One for each feature of the catalogue.
std::span<const Phrase> phrases();

/// False when the value may be the neutral one that stands for "unknown" and is not zero.
bool surely_known(const feature::Feature& feature, float value);

/// True when the value reads as that of the median honest program does.
bool is_typical(std::size_t index, float value, const std::array<float, 3>& normal);

/// "96 % of the CPU time it may use, over 60 s (typical 10 %, 95 % below 41 %)". `normal` is the 5th, 50th and 95th
/// percentile of the honest programs of training, or null when the model does not know them: then nothing is compared.
/// `seconds` is the length of the window; 0: unknown. REQUIRES: index < row.size() == feature::catalogue().size().
std::string tell(std::size_t index, const feature::Vector& row, const std::array<float, 3>* normal, double seconds);

}  // namespace davy::detect
