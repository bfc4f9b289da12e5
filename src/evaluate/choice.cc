#include "evaluate/choice.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "evaluate/threshold.h"

namespace davy::evaluate {
namespace {

using Json = nlohmann::json;

Figure figure_from(const Json& json) {
  const auto number = [&](const char* field) {
    return json.at(field).is_null() ? std::numeric_limits<double>::quiet_NaN() : json.at(field).get<double>();
  };
  Figure figure{number("value"), number("low"), number("high"), number("level"), json.at("method"), number("n")};
  constexpr double kMost = 1e9;
  const bool is_share = std::isnan(figure.value) || (figure.value >= 0 && figure.value <= 1);
  if (!is_share || !(figure.n >= 0 && figure.n <= kMost)) throw Json::other_error::create(501, "no share", nullptr);
  return figure;
}

/// Reports of before had none.
std::map<std::string, double> tricks_from(const Json& json) {
  std::map<std::string, double> tricks;
  if (!json.contains("by_trick")) return tricks;
  for (const auto& [trick, share] : json.at("by_trick").items()) {
    if (!share.is_null()) tricks[trick] = share.get<double>();
  }
  return tricks;
}

OperatingPoint point_from(const Json& json) {
  return {json.at("name"),
          json.at("asked").is_null() ? 0 : json.at("asked").get<double>(),
          json.at("threshold").at("median"),
          figure_from(json.at("recall")),
          figure_from(json.at("false_positive_rate")),
          json.at("honest_alerted"),
          tricks_from(json)};
}

Choices parse(const Json& report, const std::string& model) {
  const Json& mine = report.at("models").at(model);
  Choices choices;
  choices.model = model;
  choices.schema = report.at("about").at("schema");
  choices.by_evidence =
      report.at("about").contains("decision") && report.at("about").at("decision").at("kind") == "evidence";
  for (const Json& one : mine.at("operating_points")) {
    if (one.at("asked").is_null()) {
      choices.shipped = point_from(one);
    } else {
      choices.points.push_back(point_from(one));
    }
  }
  std::map<std::string, double> groups;
  for (const Json& program : mine.at("programs")) {
    if (program.at("label") != "benign" || program.at("own").get<bool>()) continue;
    double& highest = groups.try_emplace(program.at("group"), 0).first->second;
    for (const Json& level : program.at("levels")) highest = std::max(highest, level.get<double>());
  }
  for (const auto& [group, level] : groups) choices.honest.push_back(level);
  return choices;
}

/// The lowest rate that no false alarm among `n` programs can show.
double strictest(std::size_t n, double risk) { return n == 0 ? 1 : 1 - std::pow(risk, 1 / static_cast<double>(n)); }

std::string refusal(std::size_t n, double rate, double risk) {
  return fmt::format(
      "the data cannot show a rate of {:.3g} %: that needs {} honest families even if none is alerted, {} were judged; "
      "the least they can show is {:.2g} %",
      100 * rate, programs_needed(rate, risk), n, 100 * strictest(n, risk));
}

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

}  // namespace

const OperatingPoint* find_point(const Choices& choices, const std::string& name) {
  if (name == choices.shipped.name) return &choices.shipped;
  const auto at =
      std::find_if(choices.points.begin(), choices.points.end(), [&](const auto& p) { return p.name == name; });
  return at == choices.points.end() ? nullptr : &*at;
}

const OperatingPoint& nearest_point(const Choices& choices, double threshold) {
  const auto off = [&](const OperatingPoint& point) { return std::abs(point.threshold - threshold); };
  const OperatingPoint* nearest = &choices.shipped;
  for (const OperatingPoint& point : choices.points) {
    if (off(point) < off(*nearest)) nearest = &point;
  }
  return *nearest;
}

Status check_fits(const Choices& choices, const model::Model& model) {
  constexpr std::array<std::string_view, std::variant_size_v<model::Scorer>> kKinds{"forest", "boost", "svm", "iforest",
                                                                                    "rules"};
  std::string_view judged = choices.model;
  if (judged == "ocsvm") judged = "svm";
  if (judged == "iforest_mixed") judged = "iforest";
  const auto* boosted = std::get_if<model::Boosted>(&model.scorer);
  const bool additive = boosted != nullptr && model::is_additive(*boosted);
  const bool layered = boosted != nullptr && judged == "layered";  // of which the upper layer may be empty
  if (!layered && (additive ? "additive" : kKinds.at(model.scorer.index())) != judged) {
    return bad(fmt::format("it is {}, the thresholds are of '{}': name its kind with --kind",
                           model::kind_of(model.scorer), choices.model));
  }
  if (fmt::format("{:016x}", model.schema) != choices.schema)
    return bad("it computes other features than what was judged: train it again");
  const bool counts = std::holds_alternative<model::Counting>(model.decision);
  if (choices.by_evidence == counts)
    return bad(fmt::format("it decides by {}, what was judged by {}: train it again", counts ? "counting" : "evidence",
                           counts ? "evidence" : "counting"));
  return {};
}

Result<Choices> choices_from(const Json& report, const std::string& model) {
  if (!report.is_object() || !report.contains("models") || !report["models"].is_object())
    return bad("it is no report.json of `davy evaluate`");
  if (!report["models"].contains(model)) {
    std::string all;
    for (const auto& [name, one] : report["models"].items()) all += (all.empty() ? "" : ", ") + name;
    return bad(fmt::format("it judges no '{}'; it has: {}", model, all));
  }
  try {  // a file of another shape than ours
    return parse(report, model);
  } catch (const Json::exception&) {
    return bad("it is no report.json of this davy: make it again with `davy evaluate`");
  }
}

Guarantee by_neyman_pearson(const Choices& choices, double rate, double risk) {
  const auto threshold = neyman_pearson_threshold(choices.honest, rate, risk);
  if (!threshold) return {{}, "", refusal(choices.honest.size(), rate, risk)};
  return {std::nextafter(*threshold, 2.0), "", ""};  // alerts above it, ours at or above
}

Guarantee by_learn_then_test(const Choices& choices, double rate, double risk) {
  std::vector<Trials> settings;
  for (const OperatingPoint& point : choices.points) {
    const auto n = static_cast<std::size_t>(point.false_positive_rate.n);
    settings.push_back({std::min(point.honest_alerted, n), n});  // a group of which a part was alerted counts whole
  }
  const std::size_t shown = learn_then_test(settings, rate, risk);
  if (shown > 0) return {choices.points[shown - 1].threshold, choices.points[shown - 1].name, ""};
  const std::size_t n = settings.empty() ? 0 : settings.front().n;
  if (n < programs_needed(rate, risk)) return {{}, "", refusal(n, rate, risk)};
  return {{},
          "",
          fmt::format("even the strictest point alerts {} of {} honest families, too many to show {:.3g} %",
                      settings.front().failed, n, 100 * rate)};
}

Needed needed_for(const OperatingPoint& point, double precision, double prior, double risk) {
  if (!(point.recall.value > 0)) return {};
  const double rate = std::min(1.0, false_positive_ceiling(prior, point.recall.value, precision));
  return {rate, rate < 1 ? std::ceil(std::log(risk) / std::log1p(-rate)) : 0};
}

}  // namespace davy::evaluate
