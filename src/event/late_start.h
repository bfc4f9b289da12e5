#pragma once

#include "event/slice.h"

namespace davy::event {

/// Hands on a recording as a collector would have told it that was started only at `from`: earlier slices are missing,
/// and of a conversation that was going on then it is not known who opened it and who spoke first. (How its bytes begin
/// is: a collector judges the first it sees.) What was counted before is in no later slice anyhow.
class LateStart final : public SliceSink {
 public:
  /// `to` must outlive it.
  LateStart(SliceSink& to, WallTime from) : to_(to), from_(from) {}

  void on_slice(const Slice& slice) override;
  void on_slice_end(const Health& health) override;

 private:
  SliceSink& to_;
  WallTime from_;
};

}  // namespace davy::event
