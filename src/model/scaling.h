#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace davy::model {

/// Features as a machine of distances needs them: less what is usual, in units of how far values usually lie apart, cut
/// at kFarthest on both sides so that one giant does not drown the others. Heavy tails are logarithms already
/// (feature::Scale). Features that never change are left out.
struct Scaling {
  struct Column {
    std::uint16_t feature = 0;
    float middle = 0;
    float range = 1;  // > 0
    bool operator==(const Column&) const = default;
  };
  std::uint16_t features = 0;  // of a row
  std::vector<Column> columns;
  bool operator==(const Scaling&) const = default;
  /// One number a column. REQUIRES: row.size() == features, all finite.
  [[nodiscard]] std::vector<float> operator()(std::span<const float> row) const;
};
inline constexpr float kFarthest = 10;

}  // namespace davy::model
