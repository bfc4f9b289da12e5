#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataset/examples.h"

namespace davy::train {

inline constexpr std::size_t kMaxBins = 255;

/// The training matrix as a forest sees it: each feature cut into at most 255 quantile bins of the weighted rows, one
/// bin a value where there are no more. Codes are column-major, one byte each.
struct Bins {
  struct Column {
    std::vector<float> low;   // smallest value in each bin
    std::vector<float> high;  // largest
  };
  std::vector<Column> columns;
  std::vector<std::uint8_t> codes;
  std::size_t rows = 0;

  [[nodiscard]] std::span<const std::uint8_t> column(std::size_t feature) const {
    return std::span(codes).subspan(feature * rows, rows);
  }
};

/// Rows of weight 0 get a code, but shape no bin. REQUIRES: values finite, weight per row.
Bins make_bins(const dataset::Examples& examples, std::span<const double> weight);

/// The threshold that parts values <= `low` from values >= `high`: their midpoint, exact in float32 (x <= t holds for
/// low and never for high). REQUIRES: low < high.
float threshold_between(float low, float high);

}  // namespace davy::train
