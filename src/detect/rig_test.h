#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "detect/staged_test.h"

namespace davy::detect {

inline std::shared_ptr<const model::Model> separating() {
  static const auto kModel = std::make_shared<const model::Model>(separating_model());
  return kModel;
}

/// A detector with all around it.
struct Rig {
  explicit Rig(Options options = {}, std::shared_ptr<const model::Model> model = separating()) {
    auto made = Detector::create(std::move(model), std::move(options), capture, board);
    EXPECT_TRUE(made.ok());
    detector = *std::move(made);
  }
  [[nodiscard]] std::vector<event::Detection> of(event::Detection::State state) const {
    std::vector<event::Detection> found;
    for (const auto& detection : capture.detections) {
      if (detection.state == state) found.push_back(detection);
    }
    return found;
  }
  Capture capture;
  Board board;
  std::unique_ptr<Detector> detector;
};

}  // namespace davy::detect
