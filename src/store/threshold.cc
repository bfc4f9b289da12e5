#include "store/threshold.h"

#include <fmt/core.h>

#include <array>
#include <tuple>

#include "store/match.h"
#include "store/stored_detection.h"

namespace davy::store {
namespace {

bool holds(const std::string& glob, const std::string& name) { return glob.empty() || glob_matches(glob, name); }

/// As of an allow entry, but one that is everywhere is fine here.
Status check_scope(const Scope& scope) {
  Match match;
  match.comm = "any";  // so that nothing has to be named
  match.host = scope.host;
  match.pod_namespace = scope.pod_namespace;
  match.image = scope.image;
  match.workload = scope.workload;
  return check(match);
}

bool is_threshold(double value) { return value >= 0 && value <= 1; }  // not a NaN either

}  // namespace

Status check(const ThresholdSetting& setting) {
  const auto bad = [](std::string message) { return Error{std::move(message), Error::Kind::kBadInput}; };
  if (Status fine = check_scope(setting.scope); !fine) return fine;
  if (setting.threshold && !is_threshold(*setting.threshold))
    return bad(fmt::format("{} is no threshold: it lies between 0 and 1", *setting.threshold));
  if (Status said = check_said("the release", setting.release); !said) return said;
  if (Status said = check_said("who sets it", setting.who); !said) return said;
  return check_said("why it is set", setting.why);
}

bool covers(const Scope& scope, const event::Host& host, const event::Workload& workload) {
  return holds(scope.host, host.name) && holds(scope.pod_namespace, namespace_of(workload)) &&
         holds(scope.image, workload.image) && holds(scope.workload, workload.cgroup);
}

std::uint32_t specificity(const Scope& scope) {
  const std::array<bool, 4> asked{!scope.workload.empty(), !scope.image.empty(), !scope.pod_namespace.empty(),
                                  !scope.host.empty()};
  std::uint32_t weight = 0;
  for (const bool one : asked) weight = 2 * weight + (one ? 1 : 0);
  return weight;
}

const ThresholdSetting* most_specific(std::span<const ThresholdSetting> settings, const std::string& release,
                                      const event::Host& host, const event::Workload& workload) {
  const ThresholdSetting* best = nullptr;
  const auto rank = [](const ThresholdSetting& one) { return std::tuple(specificity(one.scope), *one.threshold); };
  for (const ThresholdSetting& one : settings) {
    if (!one.threshold || one.release != release || !covers(one.scope, host, workload)) continue;
    if (best == nullptr || rank(one) > rank(*best)) best = &one;
  }
  return best;
}

}  // namespace davy::store
