#include "feature/schema.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "base/hash.h"
#include "feature/knowledge.h"
#include "feature/row.h"

namespace davy::feature {
namespace {

struct Table {
  Group group;
  std::string_view name;
  std::span<const Row> (*rows)();
};

constexpr std::array<Table, static_cast<std::size_t>(Group::kCount)> kTables{{
    {Group::kRounding, "rounding mode", rounding_rows},
    {Group::kComputing, "shape of computing", computing_rows},
    {Group::kRatios, "ratios to CPU time", ratio_rows},
    {Group::kMemory, "memory", memory_rows},
    {Group::kConversation, "conversation", conversation_rows},
    {Group::kPreparation, "preparation", preparation_rows},
    {Group::kOrigin, "origin", origin_rows},
    {Group::kAccounting, "accounting", accounting_rows},
    {Group::kLibraries, "files and libraries", library_rows},
}};

/// Beyond this a natural value means nothing more; it keeps hostile counters finite as float.
constexpr double kLargest = 1e15;

std::vector<Feature> build_catalogue() {
  std::vector<Feature> all;
  for (const Table& table : kTables) {
    for (const Row& row : table.rows()) {
      all.push_back({row.name, row.unit, table.group, row.sentence, row.scale, row.neutral, speaks_of(row.name)});
    }
  }
  return all;
}

float stored(const Row& row, double value) {
  if (!std::isfinite(value)) value = row.neutral;
  value = std::clamp(value, -kLargest, kLargest);
  return static_cast<float>(row.scale == Scale::kLog ? std::log2(1 + std::max(0.0, value)) : value);
}

std::string with_thousands(std::string digits) {
  for (std::ptrdiff_t at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

/// Three significant digits, without an exponent: 0.031, 4.2, 1,750.
std::string number_text(double value) {
  const double size = std::abs(value);
  if (size >= 1000) return (value < 0 ? "-" : "") + with_thousands(fmt::format("{:.0f}", size));
  if (size >= 100) return fmt::format("{:.0f}", value);
  if (size >= 10 || value == std::round(value))
    return fmt::format("{:.{}f}", value, value == std::round(value) ? 0 : 1);
  return fmt::format("{:.2g}", size < 0.001 ? 0.0 : value);
}

/// 2.0 GiB from 2097152 KiB.
std::string size_text(double bytes) {
  constexpr std::array<const char*, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, kUnits[unit]);
}

std::string percent_text(double share) {
  const double percent = 100 * share;
  const bool whole = std::abs(percent) >= 10 || std::abs(percent) < 0.05;
  return fmt::format("{:.{}f} %", whole ? std::round(percent) + 0.0 : percent, whole ? 0 : 1);
}

/// What follows the number when the unit is a rate: "1/cpu s" -> " per CPU second".
std::string rate_text(std::string_view per) {
  if (per == "cpu s") return " per CPU second";
  if (per == "cpu") return " per available CPU";
  if (per == "min") return " per minute";
  return fmt::format(" per {}", per);
}

}  // namespace

std::string_view name_of(Group group) { return kTables.at(static_cast<std::size_t>(group)).name; }

std::size_t index_of(std::string_view name) {
  const auto all = catalogue();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Feature& feature) { return feature.name == name; });
  assert(found != all.end());
  return static_cast<std::size_t>(found - all.begin());
}

std::span<const Feature> catalogue() {
  static const std::vector<Feature> kAll = build_catalogue();
  return kAll;
}

std::uint64_t schema_digest() {
  std::string text;
  for (const Feature& feature : catalogue()) {
    text += fmt::format("{}|{}|{};", feature.name, feature.unit, static_cast<int>(feature.scale));
  }
  return hash64(text);
}

Vector extract(const window::Window& window) {
  const Measures measures(window);
  Vector vector;
  vector.reserve(catalogue().size());
  for (const Table& table : kTables) {
    for (const Row& row : table.rows()) vector.push_back(stored(row, row.value(measures)));
  }
  return vector;
}

double natural(const Feature& feature, float stored) {
  return feature.scale == Scale::kLog ? std::exp2(static_cast<double>(stored)) - 1 : static_cast<double>(stored);
}

std::string to_text(const Feature& feature, float stored) {
  const double value = natural(feature, stored);
  const std::string_view unit = feature.unit;
  if (unit == "yes") return value >= 0.5 ? "yes" : "no";
  if (unit == "share") return percent_text(value);
  if (unit == "KiB") return size_text(value * 1024);
  if (unit == "B") return size_text(value);
  if (unit == "count") return number_text(std::round(value));
  const std::size_t slash = unit.find('/');
  if (slash == std::string_view::npos) return fmt::format("{} {}", number_text(value), unit);
  const std::string_view what = unit.substr(0, slash);
  const std::string per = rate_text(unit.substr(slash + 1));
  if (what == "1") return number_text(value) + per;
  if (what == "KiB" || what == "B") return size_text(value * (what == "B" ? 1 : 1024)) + per;
  return fmt::format("{} {}", number_text(value), unit);
}

}  // namespace davy::feature
