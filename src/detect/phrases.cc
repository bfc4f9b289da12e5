#include "detect/phrases.h"

#include <algorithm>
#include <array>

#include "detect/columns.h"

namespace davy::detect {
namespace {

constexpr std::array<Phrase, 0> kPhrases{};

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

std::string time_words(double seconds) { return seconds > 0 ? duration_words(seconds) : "the window"; }

/// The fact alone.
std::string statement(const feature::Feature& feature, float value, double seconds) {
  const auto shown = feature::to_text(feature, value);
  const Phrase* phrase = phrase_of(feature.name);
  if (phrase == nullptr) return std::string(feature.name) + " is " + shown;
  const bool none = !phrase->none.empty() && feature::natural(feature, value) <= 0;
  return with(with(none ? phrase->none : phrase->some, "{}", shown), "{t}", time_words(seconds));
}

std::string yes_no_comparison(float value, const std::array<float, 3>& normal) {
  constexpr float kYes = 0.5F;
  const auto alike = [&](float other) { return (value >= kYes) == (other >= kYes); };
  if (!alike(normal[0]) && !alike(normal[2])) return "95 % of ordinary programs are otherwise";
  if (!alike(normal[1])) return "most ordinary programs are otherwise";
  return "as with most ordinary programs";
}

/// How the value stands against ordinary programs.
std::string comparison(const feature::Feature& feature, float value, const std::array<float, 3>& normal) {
  if (feature.unit == "yes") return yes_no_comparison(value, normal);
  const auto shown = feature::to_text(feature, value);
  const auto low = feature::to_text(feature, normal[0]);
  const auto usual = feature::to_text(feature, normal[1]);
  const auto high = feature::to_text(feature, normal[2]);
  if (shown == usual) return "as with ordinary programs";
  if (low == high) return "ordinary programs: " + usual;
  if (value > normal[2] && shown != high) return "95 % of ordinary programs stay below " + high;
  if (value < normal[0] && shown != low) return "95 % of ordinary programs lie above " + low;
  return "ordinary programs: about " + usual;
}

}  // namespace

std::span<const Phrase> phrases() { return kPhrases; }

std::string tell(const feature::Feature& feature, float value, const std::array<float, 3>* normal, double seconds) {
  const auto fact = statement(feature, value, seconds);
  return normal == nullptr ? fact : fact + " (" + comparison(feature, value, *normal) + ")";
}

}  // namespace davy::detect
