#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/calibration.h"
#include "model/decision.h"
#include "model/exemplar.h"
#include "model/explain.h"
#include "model/scorer.h"

namespace davy::model {

/// A model as it is used: a scorer, what it was trained under, and the threshold it alerts at.
struct Model {
  Scorer scorer;
  std::uint64_t schema = 0;  // feature::schema_digest() at training
  double threshold = 0.5;    // in [0, 1], on the scale of levels of `decision`
  // What is normal, for explanations: per feature the 5th, 50th and 95th percentile over the honest training programs
  // of each program's median. Empty or one per feature.
  std::vector<std::array<float, 3>> normal;
  std::string trained;  // the command, dataset digest and seed it came from, one line
  Decision decision;    // how scores of windows become an alert
  // What makes a probability, and a range of two, of what `decision` holds against the threshold.
  Calibration calibration = std::monostate();
  VennAbers venn_abers;
  std::vector<Exemplar> exemplars;  // some windows of each program, for explanations; may be empty
  bool operator==(const Model&) const = default;
};

/// Our own versioned binary format; one model has one file, byte-identical for equal models. Grammar (integers and IEEE
/// floats little-endian):
///   file        := "DAVYMDL1"  u32 version  head  trees  sum                  of version 1
///                | "DAVYMDL1"  u32 version  head  scorer  calibration  range  sum      of 2
///                | "DAVYMDL1"  u32 version  head  scorer  calibration  range  decision  sum      of 3
///                | "DAVYMDL1"  u32 version  head  scorer  calibration  range  decision  exemplars  sum      of 4
///   head        := u64 schema  f64 threshold  u32 features  u32 normals  f32[3]*  text
///   text        := u32 bytes  u8*
///   trees       := u32 trees  tree*
///   tree        := u32 nodes  node*     node := u32 left  u32 right  u16 feature  f32 threshold  f64 value  f64 cover
///   scorer      := u8 0  trees                                                                  a forest
///                | u8 1  f64 base  trees                                                        boosted trees
///                | u8 2  f64 gamma  f64 offset  u32 columns  column*  u32 vectors  f64*  f32[columns]*   a machine
///                | u8 3  u32 sample  u32 trees  parting*                                        an isolation forest
///                | u8 4                                                                         rules
///   column      := u16 feature  f32 middle  f32 range
///   parting     := u32 nodes  part*     part := u32 left  u32 right  u16 feature  f32 threshold  u32 rows
///   calibration := u8 0  |  u8 1  u32 points  (f64 score  f64 value)*  |  u8 2  f64 slope  f64 offset
///   range       := u32 points  (f64 score  f64 low  f64 high)*  between
///   between     := nothing where there are no points, else (f64 low  f64 high)*, one more than points
///   decision    := u8 0  u32 needed  u32 of
///                | u8 1  f64 slope  f64 offset  f64 correlation  f64 memory       of scores
///                | u8 2  the same                                                 of their log odds
///   exemplars   := u32 exemplars  (text program  text family  u8 miner  f32[features])*
///   sum         := u8[64] hex sha256(all before)
/// A model is written in the lowest version that can hold it, and refused in a higher one: what was trained before
/// there was more keeps its bytes and so its digest (docs/decisions/0017-model-file.md). Before version 3 all decide by
/// Counting{}; in version 1 none is calibrated.
std::string to_bytes(const Model& model);

/// Survives any bytes: nothing is allocated for more than the bytes could hold. Refuses, each in one clear line, what
/// is truncated, altered or of another version; children that do not stand after their parent or have two; paths
/// deeper than kMaxDepth; features out of range; numbers that are not finite or out of theirs, so that a score of what
/// it lets through is in [0, 1] for every finite row.
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
