#pragma once

#include <string>
#include <vector>

namespace davy::model {

/// One window of a program that was learned from, kept with the model so that what is detected can be compared with
/// it.
struct Exemplar {
  std::string program;
  std::string family;
  bool miner = false;
  std::vector<float> row;  // one value per feature
  bool operator==(const Exemplar&) const = default;
};

}  // namespace davy::model
