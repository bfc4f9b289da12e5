#pragma once

#include <string>
#include <vector>

#include "audit/runs.h"

namespace davy::audit {

/// One condition under which runs were recorded, per run of Runs.
struct Property {
  std::string name;
  bool number = false;             // else a name
  std::vector<double> values;      // the number, below all others where a run does not say; or the index of its name
  std::vector<std::string> names;  // of a name: sorted; "" is of runs that do not say
  std::size_t missing = 0;         // runs that do not say while others do
};

/// Every condition the runs tell of and that is not the same in all: each key of their provenance; `time`, `day` and
/// `hour` of their start; their `host`; and what their slices show, by the name of "recorded KEY". Left out are keys
/// that describe the program and not the recording: variant, trick, run (its number), packages, sealed (the shelf, by
/// program) and the executable. A number is what is one in every run that says it, but for ports and user ids.
std::vector<Property> properties_of(const dataset::Examples& examples, const Runs& runs);

}  // namespace davy::audit
