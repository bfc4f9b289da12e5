#include "audit/finding.h"

#include <array>

namespace davy::audit {

std::string_view name_of(Check check) {
  constexpr std::array<std::string_view, kChecks> kNames{"provenance", "families", "likeness", "association", "drift",
                                                         "probe",      "canary",   "shuffled", "flattery"};
  return kNames[static_cast<std::size_t>(check)];
}

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames{"fine", "note", "red"};
  return kNames[static_cast<std::size_t>(severity)];
}

}  // namespace davy::audit
