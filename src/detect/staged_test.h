#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "detect/detector.h"
#include "event/synthetic.h"
#include "feature/schema.h"
#include "model/model.h"
#include "window/window.h"

// What tests of the detector share: made-up processes on a stage, and a model that tells the made-up miner from the
// made-up honest ones.

namespace davy::detect {

/// Processes that come and go on one made-up host, played slice by slice into any sink.
class Stage {
 public:
  explicit Stage(std::uint32_t cpus = 4) : host_(event::made_up_host(cpus)) {}

  /// Alive in slices [from, to).
  std::shared_ptr<const event::Workload> put(std::uint64_t container, std::uint32_t tgid, event::Character character,
                                             std::uint64_t from, std::uint64_t to) {
    auto workload = event::made_up_container(*host_, container);
    roles_.push_back({event::SteadyProcess(host_, workload, tgid, number(from), std::move(character)), from, to});
    return workload;
  }

  void play(event::SliceSink& sink, std::uint64_t from, std::uint64_t to) const {
    for (std::uint64_t n = from; n < to; ++n) play_one(sink, n);
  }

  [[nodiscard]] const event::Host& host() const { return *host_; }
  [[nodiscard]] static event::SliceNumber number(std::uint64_t n) { return event::SliceNumber(kFirst + n); }

 private:
  static constexpr std::uint64_t kFirst = 1000;
  struct Role {
    event::SteadyProcess process;
    std::uint64_t from;
    std::uint64_t to;
  };

  void play_one(event::SliceSink& sink, std::uint64_t n) const {
    for (const Role& role : roles_) {
      if (n < role.from || n >= role.to) continue;
      event::Slice slice = role.process.slice(number(n));
      if (n + 1 == role.to) slice.activity.set(event::Flag::kExited);
      sink.on_slice(slice);
    }
    sink.on_slice_end(event::made_up_health(number(n)));
  }

  std::shared_ptr<const event::Host> host_;
  std::vector<Role> roles_;
};

inline std::vector<feature::Vector> vectors_of(const event::Character& character, std::uint64_t slices) {
  std::vector<feature::Vector> rows;
  Stage stage;
  stage.put(1, 100, character, 0, slices + 1);
  auto windows = window::Windows::create(
      {}, [&](const window::Window& window) { rows.push_back(feature::extract(window)); }, [](const event::Health&) {});
  stage.play(*windows, 0, slices);
  return rows;
}

/// A forest of stumps on the features that part the made-up miner furthest from all made-up honest programs.
inline model::Model separating_model() {
  constexpr std::uint64_t kSlices = 12;
  constexpr std::size_t kStumps = 5;
  const auto miners = vectors_of(event::miner_like(4), kSlices);
  std::vector<feature::Vector> honest;
  for (const auto& character :
       {event::worker_like(4), event::encoder_like(4), event::server_like(), event::compiler_like(4)}) {
    for (auto& row : vectors_of(character, kSlices)) honest.push_back(std::move(row));
  }
  struct Gap {
    double width;
    std::size_t feature;
    float middle;
    bool miner_above;
  };
  std::vector<Gap> gaps;
  for (std::size_t f = 0; f < feature::catalogue().size(); ++f) {
    const auto range = [f](const std::vector<feature::Vector>& rows) {
      const auto [low, high] =
          std::minmax_element(rows.begin(), rows.end(), [f](const auto& a, const auto& b) { return a[f] < b[f]; });
      return std::pair((*low)[f], (*high)[f]);
    };
    const auto m = range(miners);
    const auto h = range(honest);
    const double spread = std::max(m.second, h.second) - std::min(m.first, h.first);
    if (m.first > h.second) gaps.push_back({(m.first - h.second) / spread, f, (m.first + h.second) / 2, true});
    if (h.first > m.second) gaps.push_back({(h.first - m.second) / spread, f, (h.first + m.second) / 2, false});
  }
  std::stable_sort(gaps.begin(), gaps.end(), [](const Gap& a, const Gap& b) { return a.width > b.width; });
  gaps.resize(std::min(gaps.size(), kStumps));

  model::Model model;
  model.schema = feature::schema_digest();
  model.threshold = 0.5;
  model.trained = "by hand, on made-up processes";
  model::Forest forest;
  forest.features = static_cast<std::uint16_t>(feature::catalogue().size());
  for (const Gap& gap : gaps) {
    const double left = gap.miner_above ? 0.03 : 0.97;
    forest.trees.push_back({{.left = 1,
                             .right = 2,
                             .feature = static_cast<std::uint16_t>(gap.feature),
                             .threshold = gap.middle,
                             .value = 0.5,
                             .cover = 2},
                            {.value = left, .cover = 1},
                            {.value = 1 - left, .cover = 1}});
  }
  for (std::size_t f = 0; f < feature::catalogue().size(); ++f) {
    std::vector<float> values;
    for (const auto& row : honest) values.push_back(row[f]);
    std::sort(values.begin(), values.end());
    model.normal.push_back({values[values.size() / 20], values[values.size() / 2], values[values.size() * 19 / 20]});
  }
  model.scorer = std::move(forest);
  model.exemplars = {{"digger", "mines", true, miners.back()}, {"compiler", "compilers", false, honest.back()}};
  return model;
}

/// Keeps what it is told.
class Capture : public DetectionSink {
 public:
  void on_detection(const event::Detection& detection) override { detections.push_back(detection); }
  void on_health(const event::Health&, const std::vector<std::string>& words) override {
    not_seen = words;
    ++slices;
  }
  std::vector<event::Detection> detections;
  std::vector<std::string> not_seen;
  std::size_t slices = 0;
};

}  // namespace davy::detect
