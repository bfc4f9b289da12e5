#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace davy::model {

/// A probability forest: the score is the mean over trees of the leaf's frequency of miners. x <= threshold goes left.
struct Node {
  std::uint32_t left = 0;  // index in the same tree; 0: a leaf (no child can be the root)
  std::uint32_t right = 0;
  std::uint16_t feature = 0;
  float threshold = 0;
  double value = 0;  // frequency of miners, in leaves and inner nodes alike
  double cover = 0;  // training weight that reached it
  bool operator==(const Node&) const = default;
};
using Tree = std::vector<Node>;

struct Forest {
  std::uint16_t features = 0;
  std::vector<Tree> trees;
  bool operator==(const Forest&) const = default;
};

/// Score in [0, 1]. REQUIRES: row.size() == forest.features, all finite.
double score(const Forest& forest, std::span<const float> row);

/// Exact path-dependent Shapley values of the score, one per feature, and the base value (the score with nothing
/// known): base + sum(values) == score to 1e-10.
struct Shapley {
  double base = 0;
  std::vector<double> values;
};
Shapley explain(const Forest& forest, std::span<const float> row);

/// A model as it is used: forest, what it was trained under, and the threshold it alerts at.
struct Model {
  Forest forest;
  std::uint64_t schema = 0;  // feature::schema_digest() at training
  double threshold = 0.5;
  // What is normal, for explanations: per feature the 5th, 50th and 95th percentile of the honest training programs.
  std::vector<std::array<float, 3>> normal;
  std::string trained;  // the command, dataset digest and seed it came from
  bool operator==(const Model&) const = default;
};

/// Our own versioned binary format; byte-identical for equal models. Loading survives any bytes and refuses a wrong
/// version, another schema, cycles, indices out of range and numbers that are not finite, each in one clear line.
std::string to_bytes(const Model& model);
Result<Model> from_bytes(std::string_view bytes);
Status save(const Model& model, const std::filesystem::path& path);
Result<Model> load(const std::filesystem::path& path);
/// SHA-256 of to_bytes(), hex: the model's name until releases exist.
std::string digest(const Model& model);

}  // namespace davy::model
