#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataset/examples.h"
#include "dataset/groups.h"

namespace davy::train {

/// How surprising a value of one feature is to honest programs: -ln of the share of them that show so much or more
/// (rising) or so little or less (falling), the one that is asked counted among them, so that it is never infinite:
///   s(x) = -ln((1 + T(x)) / (n + 1)),  T(x) = sum over n programs of the share of their rows that reach x
/// which is Shannon's self-information of a conformal p-value (Vovk, Gammerman & Shafer 2005). Rounded down to steps of
/// 1/8, so it only rises (or falls) with x, and is 0 where honest programs are usually found.
struct Surprisal {
  std::uint16_t feature = 0;
  bool rising = true;
  std::vector<float> cuts;     // rising; x is in step i when i of them lie below it
  std::vector<double> levels;  // of each step, one more than cuts

  [[nodiscard]] double operator()(float x) const;
};

/// What honest rows are to each other.
class Honest {
 public:
  /// Those of `examples` that have a group. Both must outlive it.
  Honest(const dataset::Examples& examples, const dataset::Groups& groups);

  [[nodiscard]] std::size_t programs() const { return programs_; }
  [[nodiscard]] std::span<const std::uint32_t> rows() const { return rows_; }

  /// Cuts lie halfway between what was seen in `examples`, of either label, and what is surprising begins beyond.
  /// REQUIRES: an honest row.
  [[nodiscard]] Surprisal surprisal(std::uint16_t feature, bool rising) const;

  /// The same of each honest row, in the order of rows(), by the other programs alone, as if its own had never been
  /// seen: what a program it is unlike would look like. REQUIRES: an honest row.
  [[nodiscard]] std::vector<double> of_others(std::uint16_t feature, bool rising) const;

 private:
  [[nodiscard]] std::vector<std::uint32_t> from_most_extreme(std::uint16_t feature, bool rising) const;

  const dataset::Examples& examples_;
  const dataset::Groups& groups_;
  std::vector<std::uint32_t> rows_;
  std::size_t programs_ = 0;
};

}  // namespace davy::train
