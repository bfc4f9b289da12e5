#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace davy::audit {

/// The part of the audit that speaks.
enum class Check : std::uint8_t {
  kProvenance,   // runs that do not say how they were made
  kFamilies,     // a family on two sides
  kLikeness,     // windows of two families that are one
  kAssociation,  // a condition of recording goes with the label
  kDrift,        // its distribution differs between the labels
  kProbe,        // conditions together tell the label
  kCanary,       // the split by families lets the name of a program tell its label
  kShuffled,     // labels that mean nothing can be learned
  kFlattery,     // how much better a cut that leaks would look; never red
};
inline constexpr std::size_t kChecks = 9;
std::string_view name_of(Check check);  // provenance, families, likeness...

enum class Severity : std::uint8_t {
  kFine,  // what was measured, and it is as it should be
  kNote,  // to know
  kRed,   // nothing may be learned from this dataset or measured on it
};
std::string_view name_of(Severity severity);  // fine, note, red

/// One thing the audit found, with the figures it rests on.
struct Finding {
  Check check = Check::kProvenance;
  Severity severity = Severity::kNote;
  std::string what;  // one line: what it is and, when red, what to do
  std::map<std::string, double> figures;
  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

}  // namespace davy::audit
