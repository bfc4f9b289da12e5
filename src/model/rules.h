#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace davy::model {

/// What is in use today, to compare with: rules by hand in the manner of Falco's, Elastic's and cryptnono's for miners,
/// on what a window shows. Their lists of names, command lines and pools have no counterpart, as no feature holds
/// those.
struct Rules {
  bool operator==(const Rules&) const = default;
};

/// 1 - product over the rules that fire of (1 - how sure it is), in [0, 1). REQUIRES: a row of feature::catalogue().
double score(const Rules& rules, std::span<const float> row);

/// Names of the rules that fire.
std::vector<std::string_view> fired(const Rules& rules, std::span<const float> row);

}  // namespace davy::model
