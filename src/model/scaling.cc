#include "model/scaling.h"

#include <algorithm>
#include <cassert>

namespace davy::model {

std::vector<float> Scaling::operator()(std::span<const float> row) const {
  assert(row.size() == features);
  std::vector<float> scaled;
  scaled.reserve(columns.size());
  for (const Column& column : columns) {
    const float off = (row[column.feature] - column.middle) / column.range;
    scaled.push_back(std::clamp(off, -kFarthest, kFarthest));
  }
  return scaled;
}

}  // namespace davy::model
