#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/result.h"

namespace davy::dataset {

/// What nobody may learn from, choose a threshold by or mend with before a release is judged: families with all of
/// their programs, and tricks by whatever miner.
struct HoldOut {
  std::set<std::string> families;
  std::set<std::string> tricks;

  /// "family", "trick", or "": what seals a run.
  [[nodiscard]] std::string why(const std::string& family, const std::string& trick) const;
};

/// Reads holdout.json of a corpus; of a corpus without one nothing is sealed. kBadInput when it is of another shape, or
/// not what its rule draws from its candidates (in the order of SHA-256 of "SEED: KIND NAME" the first quarter of each
/// kind): it was altered.
Result<HoldOut> read_hold_out(const std::filesystem::path& path);

}  // namespace davy::dataset
