#pragma once

#include <cstdint>
#include <span>

#include "model/decision.h"

namespace davy::train {

/// Windows of programs that did not train the model; per window its score, label (1: a miner) and its program's number.
struct ProgramWindows {
  std::span<const double> score;
  std::span<const std::uint8_t> miner;
  std::span<const std::uint32_t> program;
};

/// How far two windows of one program say the same, beyond what all of their label say: the intraclass correlation of
/// what windows measure by one-way analysis of variance, labels pooled (Donner & Koval 1980), within [0, 1]. 1 when no
/// label has two programs, or no program two windows: nothing is known then.
double intraclass_correlation(const ProgramWindows& windows);

/// What evidence of windows is worth (model/decision.h): the log odds by Platt's sigmoid, each program weighing the
/// same and both labels together the same; their correlation; a memory of kMemory windows. REQUIRES: both labels.
model::Accumulation fit_accumulation(const ProgramWindows& windows, model::Measure measure = model::Measure::kScore);
inline constexpr double kMemory = 12;

}  // namespace davy::train
