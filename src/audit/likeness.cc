#include "audit/likeness.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace davy::audit {
namespace {

constexpr std::size_t kNearWindows = 3;
constexpr float kMostOff = 5;  // interquartile ranges

/// Age, and which of a run's workload windows of that age (seen from the start, or late).
using Key = std::pair<std::uint16_t, int>;
/// A window scaled, or nothing: it is plain.
using Windows = std::map<Key, std::optional<std::vector<float>>>;

struct Scale {
  float commonest = 0;
  float middle = 0;
  float range = 0;  // 0: the same in all windows
};

float commonest_of(const std::vector<float>& sorted) {
  float commonest = 0;
  std::ptrdiff_t most = 0;
  for (auto at = sorted.begin(); at != sorted.end();) {
    const auto end = std::upper_bound(at, sorted.end(), *at);
    if (end - at > most) {
      most = end - at;
      commonest = *at;
    }
    at = end;
  }
  return commonest;
}

/// The interquartile range; where that is nothing, the range of the middle nine tenths, or of all.
float range_of(const std::vector<float>& sorted) {
  const auto at = [&](double part) { return sorted[static_cast<std::size_t>(part * double(sorted.size() - 1))]; };
  for (const double tail : {0.25, 0.05, 0.0}) {
    if (const float range = at(1 - tail) - at(tail); range > 0) return range;
  }
  return 0;
}

std::vector<Scale> scales_of(const dataset::Examples& examples) {
  std::vector<Scale> scales;
  std::vector<float> values(examples.rows.size());
  for (std::size_t feature = 0; feature < examples.features; ++feature) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = examples.row(i)[feature];
    std::sort(values.begin(), values.end());
    scales.push_back({commonest_of(values), values[values.size() / 2], range_of(values)});
  }
  return scales;
}

/// Over features that are not the same everywhere.
std::optional<std::vector<float>> scaled(std::span<const float> row, const std::vector<Scale>& scales) {
  std::vector<float> made;
  std::size_t speaking = 0;
  for (std::size_t i = 0; i < scales.size(); ++i) {
    if (scales[i].range == 0) continue;
    made.push_back((row[i] - scales[i].middle) / scales[i].range);
    speaking += row[i] != scales[i].commonest ? 1 : 0;
  }
  if (made.empty() || speaking < std::min(kLeastSpeaking, made.size() / 2)) return std::nullopt;
  return made;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float off = std::min(std::abs(a[i] - b[i]), kMostOff);
    sum += off * off;
  }
  return std::sqrt(static_cast<double>(sum) / static_cast<double>(a.size()));
}

std::vector<Windows> windows_of_runs(const dataset::Examples& examples, const Runs& runs) {
  const std::vector<Scale> scales = scales_of(examples);
  std::vector<std::size_t> number(examples.runs.size(), SIZE_MAX);
  for (std::size_t i = 0; i < runs.size(); ++i) number[runs.index[i]] = i;
  std::vector<Windows> windows(runs.size());
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    const dataset::Example& example = examples.rows[i];
    if (example.scope != dataset::Scope::kWorkload || number[example.run] == SIZE_MAX) continue;
    Windows& mine = windows[number[example.run]];
    Key key{example.age_s, 0};
    while (mine.contains(key)) ++key.second;
    mine.emplace(key, scaled(examples.row(i), scales));
  }
  return windows;
}

/// Of windows of the same age in which something speaks, sorted.
std::vector<double> distances(const Windows& a, const Windows& b) {
  std::vector<double> made;
  for (const auto& [key, window] : a) {
    const auto other = b.find(key);
    if (other != b.end() && window && other->second) made.push_back(distance(*window, *other->second));
  }
  std::sort(made.begin(), made.end());
  return made;
}

double median(const std::vector<double>& sorted) { return sorted[sorted.size() / 2]; }

/// The median over runs of how far the nearest other run of its program is; 0 when no program has two.
double usual_distance(const std::vector<Windows>& windows, const Runs& runs) {
  std::vector<double> nearest;
  for (std::size_t a = 0; a < runs.size(); ++a) {
    std::optional<double> least;
    for (std::size_t b = 0; b < runs.size(); ++b) {
      if (a == b || runs.program[a] != runs.program[b]) continue;
      const auto all = distances(windows[a], windows[b]);
      if (!all.empty()) least = std::min(least.value_or(median(all)), median(all));
    }
    if (least) nearest.push_back(*least);
  }
  std::sort(nearest.begin(), nearest.end());
  return nearest.empty() ? 0 : median(nearest);
}

Finding finding_of(const Alike& pair, const dataset::Examples& examples, const Runs& runs) {
  const dataset::Run& a = examples.runs[runs.index[pair.a]];
  const dataset::Run& b = examples.runs[runs.index[pair.b]];
  const bool red = pair.near >= kNearWindows || pair.near * 2 >= pair.windows;
  const std::string who = fmt::format("{} ({}) and {} ({})", a.file, a.family, b.file, b.family);
  std::string what = fmt::format("{} of {} windows of {} are near-duplicates", pair.near, pair.windows, who);
  if (pair.near == 0 && pair.usual == 0) what = "no program has two runs that differ: only equal windows can be told";
  if (pair.near == 0 && pair.usual > 0) {
    what = fmt::format("the nearest runs of two families are {}, {:.2f} as far apart as runs of one program", who,
                       pair.distance / pair.usual);
  }
  what += a.label == b.label || pair.near == 0 ? "" : ", with different labels";
  if (red) what += ": give both programs one family, or leave one out";
  const bool note = pair.near > 0 || pair.usual == 0;
  const Severity severity = red ? Severity::kRed : note ? Severity::kNote : Severity::kFine;
  return {Check::kLikeness,
          severity,
          std::move(what),
          {{"near", static_cast<double>(pair.near)},
           {"windows", static_cast<double>(pair.windows)},
           {"distance", pair.distance},
           {"usual", pair.usual}}};
}

}  // namespace

std::vector<Alike> alike_pairs(const dataset::Examples& examples, const Runs& runs) {
  const std::vector<Windows> windows = windows_of_runs(examples, runs);
  const double usual = usual_distance(windows, runs);
  std::vector<Alike> pairs;
  std::optional<Alike> nearest;
  for (std::size_t a = 0; a < runs.size(); ++a) {
    for (std::size_t b = a + 1; b < runs.size(); ++b) {
      if (runs.family[a] == runs.family[b]) continue;
      const auto all = distances(windows[a], windows[b]);
      const auto near = static_cast<std::size_t>(std::upper_bound(all.begin(), all.end(), kNear * usual) - all.begin());
      if (all.empty()) continue;
      const Alike pair{a, b, all.size(), near, median(all), usual};
      if (near > 0) pairs.push_back(pair);
      if (!nearest || pair.distance < nearest->distance) nearest = pair;
    }
  }
  if (pairs.empty() && nearest) pairs.push_back(*nearest);
  std::stable_sort(pairs.begin(), pairs.end(), [](const Alike& a, const Alike& b) {
    return std::tie(b.near, a.distance) < std::tie(a.near, b.distance);
  });
  return pairs;
}

Findings check_likeness(const dataset::Examples& examples, const Runs& runs) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> told;  // families: the worst pair of runs speaks for them
  Findings findings;
  for (const Alike& pair : alike_pairs(examples, runs)) {
    if (told.insert(std::minmax(runs.family[pair.a], runs.family[pair.b])).second) {
      findings.push_back(finding_of(pair, examples, runs));
    }
  }
  return findings;
}

}  // namespace davy::audit
