#pragma once

#include <memory>

#include "dataset/examples.h"
#include "event/slice.h"

namespace davy::dataset {

/// Replays one run and takes its examples, by the rule of dataset/build.h.
class Taker {
 public:
  /// Adds to `examples`, whose run number `run` they belong to; `examples` must outlive it. With `every_window` also
  /// those of other ages than kAges, which are not learned from.
  static std::unique_ptr<Taker> create(Examples& examples, std::uint32_t run, bool every_window = false);
  virtual ~Taker() = default;
  /// Where the recording's slices go.
  virtual event::SliceSink& sink() = 0;
  /// Windows in neither class.
  [[nodiscard]] virtual std::size_t set_aside() const = 0;
};

}  // namespace davy::dataset
