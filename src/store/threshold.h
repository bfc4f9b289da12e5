#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "event/slice.h"

namespace davy::store {

/// Where a threshold holds: every condition that is not empty must hold, as in Match. Empty altogether: everywhere.
struct Scope {
  std::string host;           // globs, all four
  std::string pod_namespace;  // of the Kubernetes namespace
  std::string image;
  std::string workload;  // of the cgroup's path below its root
  auto operator<=>(const Scope&) const = default;
};

/// One turn of the knob. Rows are only ever added: who, when and why is kept for ever.
struct ThresholdSetting {
  Scope scope;
  std::string release;              // the model whose scores it is about: on another's scale it means nothing
  std::string point;                // name of the operating point, or empty: a number by hand
  std::optional<double> threshold;  // 0 to 1; none: unset, what is less specific holds again
  std::string who;
  std::string why;
  WallTime when;
  bool operator==(const ThresholdSetting&) const = default;
};

/// kBadInput, one line: a number that is none, a glob that can never match, nobody or nothing said.
Status check(const ThresholdSetting& setting);

/// True when all its conditions hold. What is unknown (an image that could not be read) fits no condition.
bool covers(const Scope& scope, const event::Host& host, const event::Workload& workload);

/// How much a scope says, in an order that is total over kinds of conditions: one on the workload outweighs one on the
/// image, that one on the namespace, that one on the host, that none; beside the same, one more condition is more.
std::uint32_t specificity(const Scope& scope);

/// Of `settings` (one for each scope and release, as Store::thresholds() gives them) the one that holds: of `release`,
/// set, covering, with the highest specificity. Of two that say as much the stricter one, that is the higher threshold
/// (fewer alerts): it does not depend on which was written first. Null: none holds, the model's own does.
const ThresholdSetting* most_specific(std::span<const ThresholdSetting> settings, const std::string& release,
                                      const event::Host& host, const event::Workload& workload);

}  // namespace davy::store
