#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "evaluate/study.h"

namespace davy::evaluate {

/// What an evaluation found, as report.json holds it. Every figure is {value, low, high, level, method, n}.
///   about     dataset, seed, folds, decision, grid; data: what was judged; omitted: what splits could not be, and why
///   models    per model family, by the grouped split: settings that the inner loops chose; operating_points: at the
///             threshold that ships and at each of kMatchedRates recall and false positive rate, at the level that
///             makes all of them hold together; at_shipped: recall by family, core, source and trick, own workers
///             apart, precision at each prior, false alarms a day, seconds to alert, the same for runs seen late;
///             windows: ranking and calibration; programs: each with what became of it
///   splits    per scheme and model family recall, false positive rate and average precision
///   ablation, learning_curve   of train::kStarter; by_trick: which part of the runs of each trick was alerted
nlohmann::json report_of(const Study& study, std::span<const Done> done);

/// The priors that precision is given at beside the test's own mix.
inline constexpr double kPriors[] = {0.01, 0.001, 0.0001};

}  // namespace davy::evaluate
