#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "dataset/examples.h"

namespace davy::dataset {

/// What a dataset holds, for people and its manifest.
struct Counts {
  struct Label {
    std::set<std::string> families;
    std::set<std::string> programs;
    std::size_t runs = 0;
    std::size_t examples = 0;
  };
  struct Program {
    std::string family;
    event::Label label = event::Label::kUnknown;
    bool twin = false;
    std::size_t runs = 0;
    std::map<std::uint16_t, std::size_t> ages;  // examples by age
    std::size_t examples = 0;
  };
  std::map<std::string, Label> labels;      // by name of the label
  std::map<std::string, Program> programs;  // by "label program"
  std::map<std::uint16_t, std::size_t> ages;
  std::size_t process = 0;   // examples that are windows of a process
  std::size_t workload = 0;  // of a workload
  std::size_t judged = 0;    // windows that are not learned from: in no figure above
};

Counts count(const Examples& examples);
nlohmann::json to_json(const Counts& counts);

/// Indices of features that are the same number in every row.
std::vector<std::size_t> constant_features(const Examples& examples);

}  // namespace davy::dataset
