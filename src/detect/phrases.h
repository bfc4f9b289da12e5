#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "feature/schema.h"

namespace davy::detect {

/// How one feature is told to an analyst: a statement of fact that is true for any value, whatever the model makes of
/// it. `{}` stands for the value with its unit, `{t}` for the time looked at.
struct Phrase {
  std::string_view feature;  // its name in feature::catalogue()
  std::string_view some;     // the value is there
  std::string_view none;     // the value is zero; empty: `some` serves, with "0"
};

/// One for each feature of the catalogue.
std::span<const Phrase> phrases();

/// "96 % CPU in all 60 s; 95 % of ordinary programs stay below 41 %". `normal` is the 5th, 50th and 95th percentile of
/// ordinary programs, or null when the model does not know them: then the comparison is left out. `seconds` is the
/// length of the window; 0: unknown.
std::string tell(const feature::Feature& feature, float value, const std::array<float, 3>* normal, double seconds);

}  // namespace davy::detect
