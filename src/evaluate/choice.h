#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evaluate/interval.h"
#include "model/model.h"

namespace davy::evaluate {

/// One of the fixed points a customer may choose, as report.json tells it. Intervals hold for all points together, so
/// that choosing afterwards is allowed.
struct OperatingPoint {
  std::string name;
  double asked = 0;  // share of honest programs of the inner loops let through
  double threshold = 0;
  Figure recall;
  Figure false_positive_rate;
  std::size_t honest_alerted = 0;          // groups of which anything was alerted
  std::map<std::string, double> by_trick;  // which part of the runs of each trick was alerted
};

/// What report.json says of one model family.
struct Choices {
  std::string model;
  OperatingPoint shipped;
  std::vector<OperatingPoint> points;  // strict to lenient
  std::vector<double> honest;          // per group of honest programs its highest level, over programs and repeats
  std::string schema;                  // that the features are of, as hex
  bool by_evidence = false;            // how alerts were decided; else by counting windows
};

/// kBadInput, one line, when `report` is none, or has no such model.
Result<Choices> choices_from(const nlohmann::json& report, const std::string& model);

/// The point of that name, the one that ships among them, or null.
const OperatingPoint* find_point(const Choices& choices, const std::string& name);
/// The point whose threshold is nearest to `threshold`. REQUIRES: there are points.
const OperatingPoint& nearest_point(const Choices& choices, double threshold);

/// Thresholds of one kind of model mean nothing to another, nor do those of other features. kBadInput, one line.
Status check_fits(const Choices& choices, const model::Model& model);

/// A threshold with a guarantee, or why there is none.
struct Guarantee {
  std::optional<double> threshold;
  std::string point;    // name, where one of the fixed points was chosen
  std::string refusal;  // in words, with what would be needed
};

/// By the Neyman-Pearson umbrella: of honest families at most `rate` are alerted, with a chance of `risk` to be wrong.
Guarantee by_neyman_pearson(const Choices& choices, double rate, double risk);
/// By Learn-then-Test over the fixed points: the most lenient that is shown to alert at most `rate` of honest groups.
Guarantee by_learn_then_test(const Choices& choices, double rate, double risk);
/// The false positive rate that gives `precision` at `prior` with the recall of `point`, and how many honest families
/// could show it, if none is alerted; both 0 where nothing is found.
struct Needed {
  double false_positive_rate = 0;
  double programs = 0;
};
Needed needed_for(const OperatingPoint& point, double precision, double prior, double risk);

}  // namespace davy::evaluate
