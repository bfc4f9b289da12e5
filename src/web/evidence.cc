#include "web/evidence.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace davy::web {
namespace {

using detect::Json;
using detect::Snapshot;
using detect::WorkloadView;

constexpr std::size_t kSlicesShown = 60;

/// What is known of one slice: a point of the detector, a moment of the activity, or both.
struct Known {
  const detect::Point* point = nullptr;
  const event::Moment* moment = nullptr;
};
using Slices = std::map<event::SliceNumber, Known>;

Slices join(const WorkloadView& view) {
  Slices slices;
  for (const auto& point : view.series) slices[point.number].point = &point;
  if (view.activity) {
    for (const auto& moment : view.activity->moments) slices[moment.number].moment = &moment;
  }
  while (slices.size() > kSlicesShown) slices.erase(slices.begin());
  return slices;
}

double cpus_of(const event::Moment& moment) {
  const double used = std::accumulate(moment.cpu_us.begin(), moment.cpu_us.end(), 0.0);
  return used / (1e6 * static_cast<double>(event::kSliceSeconds));
}

double armed_of(const event::Moment& moment) {
  if (moment.length_us == 0) return 0;
  return std::min(1.0, static_cast<double>(moment.armed_us) / moment.length_us);
}

WallTime end_of(const Snapshot& snapshot, event::SliceNumber number) {
  const auto slices = static_cast<std::int64_t>(snapshot.number.value() - number.value());
  return snapshot.wall - std::chrono::seconds(slices * static_cast<std::int64_t>(event::kSliceSeconds));
}

Json rounding_of(const detect::Point* point) {
  if (point == nullptr) return nullptr;
  const bool sampled = std::any_of(point->rounding.begin(), point->rounding.end(), [](auto n) { return n > 0; });
  return sampled ? Json(point->rounding) : Json(nullptr);
}

Json slice(const Snapshot& snapshot, event::SliceNumber number, const Known& known) {
  const auto [point, moment] = known;
  Json out{{"slice", number.value()}, {"time", to_rfc3339(end_of(snapshot, number))}};
  out["score"] = point != nullptr && point->scored ? Json(brief(point->score)) : Json(nullptr);
  out["cpus"] = brief(point != nullptr ? point->cpus : cpus_of(*moment));
  out["rounding"] = rounding_of(point);
  const auto put = [&, m = moment](const char* name, auto member) {
    out[name] = m != nullptr ? Json(m->*member) : Json(nullptr);
  };
  put("rss_kib", &event::Moment::rss_kib);
  put("threads", &event::Moment::threads);
  put("processes", &event::Moment::processes);
  put("bytes_in", &event::Moment::bytes_in);
  put("bytes_out", &event::Moment::bytes_out);
  put("messages_in", &event::Moment::messages_received);
  put("messages_out", &event::Moment::messages_sent);
  out["armed"] = moment != nullptr ? Json(brief(armed_of(*moment))) : Json(nullptr);
  return out;
}

std::string_view name_of(event::Speaker speaker) {
  constexpr std::array<std::string_view, 3> kNames{"unknown", "us", "peer"};
  return kNames.at(static_cast<std::size_t>(speaker));
}

/// Seconds between successive messages of one way; null when there were no two.
Json mean_gap(const event::Flow& flow) {
  const auto gaps = std::accumulate(flow.gaps.begin(), flow.gaps.end(), std::uint64_t{0});
  if (gaps == 0) return nullptr;
  return brief(static_cast<double>(flow.gap_ms) / 1e3 / static_cast<double>(gaps));
}

Json conversation(const Snapshot& snapshot, const event::Conversation& talk) {
  Json out = detect::to_json(talk);
  out["opened"] = wall_at(snapshot, talk.opened_ns);
  out["first_speaker"] = name_of(talk.first_speaker);
  out["turns"] = talk.turns;
  out["largest_sent"] = talk.sent.largest;
  out["largest_received"] = talk.received.largest;
  out["mean_gap_sent_s"] = mean_gap(talk.sent);
  out["mean_gap_received_s"] = mean_gap(talk.received);
  return out;
}

Json normal_of(const model::Model& model, std::size_t feature) {
  if (feature >= model.normal.size()) return nullptr;
  const auto& range = model.normal[feature];
  return Json::array({brief(range[0]), brief(range[1]), brief(range[2])});
}

}  // namespace

double brief(double value) { return std::isfinite(value) ? std::round(value * 1e4) / 1e4 : 0; }

Json wall_at(const Snapshot& snapshot, std::uint64_t boot_ns) {
  if (boot_ns == 0 || snapshot.version == 0) return nullptr;
  const auto end = std::chrono::seconds((static_cast<std::int64_t>(snapshot.number.value()) + 1) *
                                        static_cast<std::int64_t>(event::kSliceSeconds));
  return to_rfc3339(snapshot.wall - (end - nanoseconds(static_cast<std::int64_t>(boot_ns))));
}

Json series(const Snapshot& snapshot, const WorkloadView& view) {
  Json out = Json::array();
  for (const auto& [number, known] : join(view)) out.push_back(slice(snapshot, number, known));
  return out;
}

Json conversations(const Snapshot& snapshot, const WorkloadView& view) {
  Json out = Json::array();
  if (!view.activity) return out;
  for (const auto& talk : view.activity->conversations) out.push_back(conversation(snapshot, talk));
  return out;
}

Json rounding(const WorkloadView& view) {
  using event::Sum;
  const event::Activity none;
  const event::Activity& activity = view.activity ? *view.activity : none;
  return {{"nearest", activity[Sum::kRoundingNearest]},
          {"down", activity[Sum::kRoundingDown]},
          {"up", activity[Sum::kRoundingUp]},
          {"zero", activity[Sum::kRoundingZero]}};
}

Features features(const Snapshot& snapshot, const WorkloadView& view) {
  Features out{nullptr, Json::array()};
  const auto catalogue = feature::catalogue();
  if (view.features.size() != catalogue.size() || !snapshot.model) return out;
  const auto explainer = model::explainer_of(snapshot.model->scorer);
  const auto shapley = explainer ? explainer->explain(view.features) : model::Shapley();
  if (explainer) out.base = brief(shapley.base);
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    out.list.push_back({{"name", catalogue[i].name},
                        {"unit", catalogue[i].unit},
                        {"group", feature::name_of(catalogue[i].group)},
                        {"sentence", catalogue[i].sentence},
                        {"value", brief(view.features[i])},
                        {"normal", normal_of(*snapshot.model, i)},
                        {"contribution", explainer ? Json(brief(shapley.values[i])) : Json(nullptr)}});
  }
  return out;
}

}  // namespace davy::web
