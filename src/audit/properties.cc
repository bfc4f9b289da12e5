#include "audit/properties.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <set>

namespace davy::audit {
namespace {

using Texts = std::vector<std::string>;  // per run; "": it does not say

const std::set<std::string>& of_the_program() {
  static const std::set<std::string> kKeys{"variant", "trick", "run", "packages", "sealed", "exe", "time"};
  return kKeys;
}

bool always_a_name(const std::string& name) {
  return name == "port" || name == "uid" || name == "recorded uid" || name == "host";
}

std::optional<double> number_in(const std::string& text) {
  if (text == "True" || text == "true") return 1;
  if (text == "False" || text == "false") return 0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool all_numbers(const Texts& texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [](const std::string& text) { return text.empty() || number_in(text).has_value(); });
}

void fill_numbers(Property& property, const Texts& texts) {
  double least = 0;
  for (const std::string& text : texts) least = std::min(least, number_in(text).value_or(0));
  for (const std::string& text : texts) property.values.push_back(number_in(text).value_or(least - 1));
}

void fill_names(Property& property, const Texts& texts) {
  const std::set<std::string> different(texts.begin(), texts.end());
  property.names.assign(different.begin(), different.end());
  for (const std::string& text : texts) {
    const auto at = std::lower_bound(property.names.begin(), property.names.end(), text);
    property.values.push_back(static_cast<double>(at - property.names.begin()));
  }
}

Property property_of(std::string name, const Texts& texts) {
  Property property;
  property.name = std::move(name);
  property.number = !always_a_name(property.name) && all_numbers(texts);
  property.missing = static_cast<std::size_t>(std::count(texts.begin(), texts.end(), ""));
  property.number ? fill_numbers(property, texts) : fill_names(property, texts);
  return property;
}

/// Per name, the texts of all runs.
class Collected {
 public:
  explicit Collected(std::size_t runs) : runs_(runs) {}
  void set(const std::string& name, std::size_t run, std::string text) {
    texts_.try_emplace(name, runs_).first->second[run] = std::move(text);
  }
  [[nodiscard]] const std::map<std::string, Texts>& texts() const { return texts_; }

 private:
  std::size_t runs_;
  std::map<std::string, Texts> texts_;
};

void collect_time(Collected& collected, std::size_t i, const dataset::Run& run) {
  constexpr double kDay = 24;
  const double hours = std::chrono::duration<double, std::ratio<3600>>(run.started.time_since_epoch()).count();
  collected.set("time", i, fmt::format("{}", hours));
  collected.set("day", i, fmt::format("{}", std::floor(hours / kDay)));
  collected.set("hour", i, fmt::format("{}", hours - kDay * std::floor(hours / kDay)));
}

}  // namespace

std::vector<Property> properties_of(const dataset::Examples& examples, const Runs& runs) {
  Collected collected(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const dataset::Run& run = examples.runs[runs.index[i]];
    for (const auto& [key, value] : run.provenance) {
      if (!of_the_program().contains(key)) collected.set(key, i, value);
    }
    for (const auto& [key, value] : run.seen) {
      if (!of_the_program().contains(key)) collected.set("recorded " + key, i, value);
    }
    collected.set("recorded host", i, run.host);
    collect_time(collected, i, run);
  }
  std::vector<Property> properties;
  for (const auto& [name, texts] : collected.texts()) {
    const bool same = std::equal(texts.begin() + 1, texts.end(), texts.begin());
    if (!same) properties.push_back(property_of(name, texts));
  }
  return properties;
}

}  // namespace davy::audit
