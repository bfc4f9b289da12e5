// Does with our code what statistics_oracle.py asks, for comparison with scipy and scikit-learn. Reads from standard
// input, and prints one line of JSON a request
//   interval NAME(clopper_pearson|wilson|jeffreys) K N ALPHA
//   poisson K ALPHA
//   nadeau_bengio COUNT FOLDS ALPHA VALUES...
//   curve ROWS  then ROWS x (score miner weight)
//   calibrate ROWS QUERIES  then ROWS x (score miner weight), QUERIES x score
//   folds GROUPS FOLDS  then GROUPS x (honest miners)
//   rank N RATE RISK
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evaluate/interval.h"
#include "evaluate/split.h"
#include "evaluate/threshold.h"
#include "train/calibrate.h"
#include "train/curve.h"

namespace {

using namespace davy;
using Json = nlohmann::json;

template <typename T>
T next() {
  T value{};
  std::cin >> value;
  return value;
}

Json to_json(const evaluate::Interval& interval) { return {interval.low, interval.high}; }

Json interval() {
  const std::map<std::string, evaluate::Interval (*)(double, double, double)> kinds{
      {"clopper_pearson", evaluate::clopper_pearson}, {"wilson", evaluate::wilson}, {"jeffreys", evaluate::jeffreys}};
  const auto kind = kinds.at(next<std::string>());
  const auto k = next<double>(), n = next<double>(), alpha = next<double>();
  return to_json(kind(k, n, alpha));
}

Json poisson() {
  const auto k = next<double>(), alpha = next<double>();
  return to_json(evaluate::poisson(k, alpha));
}

Json nadeau_bengio() {
  std::vector<double> values(next<std::size_t>());
  const auto folds = next<std::size_t>();
  const auto alpha = next<double>();
  for (double& value : values) value = next<double>();
  return to_json(evaluate::nadeau_bengio(values, folds, alpha));
}

struct Rows {
  std::vector<double> score;
  std::vector<std::uint8_t> miner;
  std::vector<double> weight;
  explicit Rows(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      score.push_back(next<double>());
      miner.push_back(static_cast<std::uint8_t>(next<int>()));
      weight.push_back(next<double>());
    }
  }
};

Json curve() {
  const Rows rows(next<std::size_t>());
  const train::Curve made = train::curve_of(rows.score, rows.miner, rows.weight);
  Json answer{{"average_precision", train::average_precision(made)}, {"area", train::interpolated_area(made)}};
  for (const train::Step& step : made.steps) {
    answer["steps"].push_back(
        {step.threshold, train::Curve::precision(step), made.recall(step), step.found, step.alarms});
  }
  return answer;
}

Json calibrate() {
  const auto count = next<std::size_t>(), queries = next<std::size_t>();
  const Rows rows(count);
  const train::Scored scored{rows.score, rows.miner, rows.weight};
  const model::Isotonic isotonic = train::fit_isotonic(scored);
  const model::Platt platt = train::fit_platt(scored);
  Json answer{{"isotonic", Json::array()}, {"platt", {platt.slope, platt.offset}}};
  for (std::size_t i = 0; i < queries; ++i) answer["isotonic"].push_back(isotonic(next<double>()));
  return answer;
}

Json folds() {
  std::vector<evaluate::LabelCounts> groups(next<std::size_t>());
  const auto count = next<std::uint32_t>();
  for (auto& group : groups) group = {next<std::size_t>(), next<std::size_t>()};
  return evaluate::stratified_group_folds(groups, count);
}

Json rank() {
  const auto n = next<std::size_t>();
  const auto rate = next<double>(), risk = next<double>();
  return evaluate::neyman_pearson_rank(n, rate, risk).value_or(0);
}

}  // namespace

int main() {
  const std::map<std::string, std::function<Json()>> requests{
      {"interval", interval}, {"poisson", poisson}, {"nadeau_bengio", nadeau_bengio},
      {"curve", curve},       {"folds", folds},     {"calibrate", calibrate},
      {"rank", rank}};
  for (std::string what; std::cin >> what;) std::cout << requests.at(what)().dump() << std::endl;
  return 0;
}
