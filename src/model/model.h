#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/explain.h"
#include "model/forest.h"

namespace davy::model {

/// A model as it is used: forest, what it was trained under, and the threshold it alerts at.
struct Model {
  Forest forest;
  std::uint64_t schema = 0;  // feature::schema_digest() at training
  double threshold = 0.5;    // in [0, 1]
  // What is normal, for explanations: per feature the 5th, 50th and 95th percentile over the honest training programs
  // of each program's median. Empty or one per feature.
  std::vector<std::array<float, 3>> normal;
  std::string trained;  // the command, dataset digest and seed it came from, one line
  bool operator==(const Model&) const = default;

  [[nodiscard]] bool alerts_at(double score) const { return score >= threshold; }
};

/// Our own versioned binary format; byte-identical for equal models. Grammar (integers and IEEE floats little-endian):
///   file   := "DAVYMDL1"  u32 version  u64 schema  f64 threshold  u32 features  u32 normals  f32[3]*  text
///             u32 trees  tree*  u8[64] hex sha256(all before)
///   text   := u32 bytes  u8*
///   tree   := u32 nodes  node*        node := u32 left  u32 right  u16 feature  f32 threshold  f64 value  f64 cover
std::string to_bytes(const Model& model);

/// Survives any bytes: nothing is allocated for more than the bytes could hold. Refuses, each in one clear line, what
/// is truncated, altered or of another version; children that do not stand after their parent or have two; paths
/// deeper than kMaxDepth; features out of range; numbers that are not finite or out of theirs.
Result<Model> from_bytes(std::string_view bytes);

/// kBadInput unless the model was trained under the schema (feature::schema_digest()) this program computes.
Status check_schema(const Model& model, std::uint64_t schema, std::size_t features);

/// Replaces `path` whole or not at all.
Status save(const Model& model, const std::filesystem::path& path);

/// from_bytes and check_schema against this program's own schema; the error names `path`.
Result<Model> load(const std::filesystem::path& path);

/// SHA-256 of to_bytes(), hex: the model's name until releases exist.
std::string digest(const Model& model);

}  // namespace davy::model
