#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "train/learner.h"

namespace davy::train {

/// What is known of the features before anything is learned; empty: nothing.
struct Known {
  std::vector<std::uint16_t>
      features;  // that theory says something of: what is learned from, but for a forest's last settings
  std::vector<std::uint16_t> all;     // that may be used at all
  std::vector<std::int8_t> monotone;  // per feature, as in TreeOptions
  std::vector<std::uint8_t> groups;   // per feature
};

/// What this program's catalogue says.
Known known_features();

/// How fine a grid is.
enum class Grid : std::uint8_t { kFull, kSmall };

/// The settings of a learner that an inner loop chooses among, simpler ones first: of equal ones the first is taken.
/// kFull holds twelve or more (rules have one), kSmall two or three for a quick look.
std::vector<Setting> settings_of(Learner learner, const Known& known, Grid grid, std::uint64_t seed);

/// One scorer for each of `settings`, which are of one learner; equal to learn() of each. Of a forest's settings that
/// differ in trees and depth only the largest is grown: a prefix of its trees, cut off, is the smaller forest. Boosted
/// trees and isolation forests share theirs by prefix.
Result<std::vector<model::Scorer>> learn_all(const dataset::Examples& examples, const std::vector<Setting>& settings);

/// The forest that would have been grown with `trees` trees and `options.depth`, out of one with at least as many of
/// both that was grown with `options.order` 0.
model::Forest cut_off(const model::Forest& grown, std::size_t trees, const TreeOptions& options);

}  // namespace davy::train
