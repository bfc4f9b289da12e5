#include "detect/phrases.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "detect/columns.h"

namespace davy::detect {
namespace {

std::string with(std::string_view text, std::string_view what, const std::string& value) {
  std::string filled(text);
  for (auto at = filled.find(what); at != std::string::npos; at = filled.find(what, at + value.size())) {
    filled.replace(at, what.size(), value);
  }
  return filled;
}

const Phrase* phrase_of(std::string_view feature) {
  const auto all = phrases();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Phrase& p) { return p.feature == feature; });
  return found == all.end() ? nullptr : &*found;
}

/// Features of the conversation most like a pool's mean nothing when there is none.
bool about_missing_talk(std::string_view feature, const feature::Vector& row) {
  if (!feature.starts_with("talk_")) return false;
  const auto catalogue = feature::catalogue();
  const auto talks =
      std::find_if(catalogue.begin(), catalogue.end(), [](const feature::Feature& f) { return f.name == "talks"; });
  return talks != catalogue.end() && row[static_cast<std::size_t>(talks - catalogue.begin())] < 0.5F;
}

/// As feature::to_text, but a deviation is told as people say it.
std::string value_text(const feature::Feature& feature, float value) {
  if (feature.unit != "s.d./mean") return feature::to_text(feature, value);
  return fmt::format("{:.0f} % of its mean", 100 * std::max(0.0, feature::natural(feature, value)));
}

std::string statement(const feature::Feature& feature, float value, double seconds) {
  const auto shown = value_text(feature, value);
  const Phrase* phrase = phrase_of(feature.name);
  if (phrase == nullptr) return std::string(feature.name) + ": " + shown;  // phrases_test.cc: cannot be
  const double least = feature.unit == "yes" ? 0.5 : 1e-9;
  const bool none = !phrase->none.empty() && feature::natural(feature, value) < least;
  const auto time = seconds > 0 ? duration_words(seconds) : std::string("the window");
  return with(with(none ? phrase->none : phrase->some, "{}", shown), "{t}", time);
}

std::string yes_no_comparison(float value, const std::array<float, 3>& normal) {
  constexpr float kYes = 0.5F;
  const auto alike = [&](float other) { return (value >= kYes) == (other >= kYes); };
  if (alike(normal[1])) return "as with most";
  return alike(normal[0]) || alike(normal[2]) ? "unlike most" : "unlike nearly all";
}

/// How the value stands against ordinary programs.
std::string comparison(const feature::Feature& feature, float value, const std::array<float, 3>& normal) {
  if (feature.unit == "yes") return yes_no_comparison(value, normal);
  const auto shown = value_text(feature, value);
  const auto low = value_text(feature, normal[0]);
  const auto usual = value_text(feature, normal[1]);
  const auto high = value_text(feature, normal[2]);
  if (value > normal[2] && shown != high && high != usual) return fmt::format("typical {}, 95 % below {}", usual, high);
  if (value < normal[0] && shown != low && low != usual) return fmt::format("typical {}, 95 % above {}", usual, low);
  return "typical " + usual;
}

}  // namespace

bool surely_known(const feature::Feature& feature, float value) {
  if (feature.neutral == 0) return true;  // zero and unknown read alike: Phrase::none is true of both
  const Phrase* phrase = phrase_of(feature.name);
  if (phrase != nullptr && phrase->always_known) return true;
  return std::abs(feature::natural(feature, value) - feature.neutral) > 1e-5 * std::abs(feature.neutral);
}

bool is_typical(std::size_t index, float value, const std::array<float, 3>& normal) {
  const feature::Feature& feature = feature::catalogue()[index];
  return value_text(feature, value) == value_text(feature, normal[1]);
}

std::string tell(std::size_t index, const feature::Vector& row, const std::array<float, 3>* normal, double seconds) {
  const feature::Feature& feature = feature::catalogue()[index];
  const float value = row[index];
  if (about_missing_talk(feature.name, row)) return "no conversation of five seconds or more was seen";
  const auto fact = statement(feature, value, seconds);
  if (!surely_known(feature, value)) return fact + " (or unknown, and taken for ordinary)";
  return normal == nullptr ? fact : fact + " (" + comparison(feature, value, *normal) + ")";
}

}  // namespace davy::detect
