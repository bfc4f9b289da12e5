#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evaluate/interval.h"

namespace davy::evaluate {

/// One of the fixed points a customer may choose, as report.json tells it. Intervals hold for all points together, so
/// that choosing afterwards is allowed.
struct OperatingPoint {
  std::string name;
  double asked = 0;  // share of honest programs of the inner loops let through
  double threshold = 0;
  Figure recall;
  Figure false_positive_rate;
  std::size_t honest_alerted = 0;  // groups of which anything was alerted
};

/// What report.json says of one model family.
struct Choices {
  std::string model;
  OperatingPoint shipped;
  std::vector<OperatingPoint> points;  // strict to lenient
  std::vector<double> honest;          // per group of honest programs its highest level, over programs and repeats
  std::string schema;                  // that the features are of, as hex
};

/// kBadInput, one line, when `report` is none, or has no such model.
Result<Choices> choices_from(const nlohmann::json& report, const std::string& model);

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
