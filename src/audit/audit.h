#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "audit/finding.h"
#include "base/result.h"
#include "dataset/examples.h"

namespace davy::audit {

/// Of what is looked at: a verdict of another version is none.
inline constexpr int kAuditVersion = 2;

inline constexpr std::uint64_t kAuditSeed = 1;  // of verdicts that are kept: another could be chosen for its outcome

struct AuditOptions {
  std::uint64_t seed = kAuditSeed;
  double alpha = 0.05;      // chance of a red verdict on a dataset that leaks nothing, over all checks together
  std::size_t draws = 999;  // shuffles of the labels in the probe, at most
  std::function<void(std::size_t done)> on_step = {};  // of steps()
};

/// How many steps an audit takes.
std::size_t steps(const AuditOptions& options);

/// What came out, of the dataset with this digest.
struct Verdict {
  std::string dataset;  // SHA-256 of its file, hex
  std::uint64_t seed = 1;
  std::size_t runs = 0, programs = 0, families = 0, conditions = 0;
  Findings findings;
  [[nodiscard]] std::size_t count(Severity severity) const;
  [[nodiscard]] bool red() const { return count(Severity::kRed) > 0; }
};

/// Looks for all by which a dataset could flatter what is learned from it (docs/decisions/0014-audit.md). The five
/// checks that test something share `alpha` evenly. Equal examples and options give the same verdict. kBadInput when
/// there are no examples, or not runs of both labels.
Result<Verdict> audit(const dataset::Examples& examples, const std::string& digest, const AuditOptions& options = {});

}  // namespace davy::audit
