#include "evaluate/choice.h"

#include <fmt/core.h>

#include <algorithm>
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

OperatingPoint point_from(const Json& json) {
  return {json.at("name"),
          json.at("asked").is_null() ? 0 : json.at("asked").get<double>(),
          json.at("threshold").at("median"),
          figure_from(json.at("recall")),
          figure_from(json.at("false_positive_rate")),
          json.at("honest_alerted")};
}

Choices parse(const Json& report, const std::string& model) {
  const Json& mine = report.at("models").at(model);
  Choices choices;
  choices.model = model;
  choices.schema = report.at("about").at("schema");
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

}  // namespace

Result<Choices> choices_from(const Json& report, const std::string& model) {
  const auto bad = [](std::string what) { return Error{std::move(what), Error::Kind::kBadInput}; };
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
