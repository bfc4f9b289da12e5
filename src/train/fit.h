#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "model/model.h"
#include "train/calibrate.h"
#include "train/forest.h"
#include "train/out_of_bag.h"
#include "train/out_of_fold.h"

namespace davy::train {

/// A model ready for use, and how it came out on what those that chose its threshold had not seen.
struct Fitted {
  model::Model model;
  std::size_t families = 0;
  std::size_t miner_families = 0;
  std::size_t programs = 0;
  std::vector<ProgramScore> program_scores;  // highest first
  Threshold threshold;
  std::optional<double> average_precision;
};

/// Whether the model says which probability its scores stand for (`calibrate`). A forest without has the same bytes as
/// before there was such a thing.
enum class Calibrated : std::uint8_t { kNo, kYes };

/// Trains two forests of `options.trees` each: one on drawn families, whose out-of-bag scores choose the threshold, and
/// the one of the model, each tree of which has seen every family: what is known is not forgotten by the third of the
/// trees that happened not to draw it. Notes what is normal, too. `options.on_tree` counts the trees of both. `origin`
/// says in a line where the examples come from (digest, what was left out); settings are added to it. Equal examples,
/// options and origin give the same bytes.
Result<Fitted> fit_forest(const dataset::Examples& examples, const ForestOptions& options, const std::string& origin,
                          Calibrated calibrated = Calibrated::kNo);

/// Whether it holds windows that are judged but not learned from, so that decisions can be learned.
bool has_every_window(const dataset::Examples& examples);

/// The same for any learner, calibrated: its threshold is chosen by the scores of out_of_fold(), and the scorer of the
/// model has learned from all. `folds.on_fold` counts the folds and that one. Of a dataset with every window the model
/// decides by evidence (model/decision.h), and threshold and ranges are of programs' levels, as a detector would have
/// found them: of whole decisions about programs that did not train what decided. Of one without, it decides by
/// counting, and a forest goes to fit_forest, which needs no folds.
Result<Fitted> fit(const dataset::Examples& examples, const Setting& setting, const std::string& origin,
                   const FoldOptions& folds = {});

/// Programs by their highest level, as a calibration takes them: each weighs 1.
struct ScoredPrograms {
  explicit ScoredPrograms(std::span<const ProgramScore> programs);
  [[nodiscard]] Scored scored() const { return {level, miner, weight}; }
  /// Of the label that has fewer.
  [[nodiscard]] std::size_t fewer() const;
  std::vector<double> level, weight;
  std::vector<std::uint8_t> miner;
};

/// Fills in what makes probabilities of scores, from those of rows that were not seen, each program weighing 1:
/// isotonic steps where both labels have kLeastForSteps programs, else Platt's sigmoid; and Venn-Abers ranges. Nothing
/// when no miner was left out. Approximate as the threshold is: the scorer that ships has seen these programs.
void calibrate(model::Model& model, const dataset::Examples& examples, const dataset::Groups& groups,
               const Unseen& unseen);

/// Per feature the 5th, 50th and 95th percentile (linear between ranks) over honest programs of each one's median.
std::vector<std::array<float, 3>> normal_ranges(const dataset::Examples& examples, const dataset::Groups& groups);

}  // namespace davy::train
