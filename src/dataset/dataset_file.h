#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dataset/examples.h"

namespace davy::dataset {

/// A dataset on disk, byte-identical for equal examples:
///   "DAVYDATA3\n"  manifest "\n"  row*  u8[64] hex sha256(all before)
///   manifest := one line of JSON: schema, features, rows, counts and one object a recording with its digest
///   row      := u32 run  u32 subject  u16 age_s  u8 scope  u8 label  i64 wall_ns  f32[features]   (little-endian)
/// The highest bit of scope says that a row is not learned from, only judged by; the next, that it was seen late, and
/// the third, that it is of a helper beside a miner.
/// `head -2 F` shows a person what is in it.
std::string to_bytes(const Examples& examples);

/// Survives any bytes; kBadInput in one line for what is truncated, altered or of another version.
Result<Examples> from_bytes(std::string_view bytes);

Status save(const Examples& examples, const std::filesystem::path& path);

/// What was read and the SHA-256 of the file, hex: a model's provenance.
struct Loaded {
  Examples examples;
  std::string digest;
};
/// kBadInput also when the features are of another schema than this program computes.
Result<Loaded> load(const std::filesystem::path& path);

}  // namespace davy::dataset
