#include "detect/episode.h"

#include <fmt/core.h>

#include <cmath>

namespace davy::detect {
namespace {

std::optional<event::ProcessId> id_of(const event::Process* process) {
  return process == nullptr ? std::nullopt : std::optional(process->id);
}

std::string minutes(std::size_t slices) {
  return fmt::format("{:g} min", static_cast<double>(slices * event::kSliceSeconds) / 60.0);
}

}  // namespace

std::optional<event::Detection::State> Episode::step(const Options& options, const Standing& now) {
  using State = event::Detection::State;
  if (!open_) {
    if (!now.enough || !now.scored) return std::nullopt;
    open_ = true;
    opened_ = now.number;
    alerted_ = now.wall;
    below_ = 0;
    reported(now);
    return State::kOpened;
  }
  if (over(options, now)) {
    open_ = false;
    return State::kClosed;
  }
  if (!worth_an_update(options, now)) return std::nullopt;
  reported(now);
  return State::kUpdated;
}

void Episode::go_on(event::SliceNumber opened, WallTime alerted, double score) {
  open_ = true;
  opened_ = reported_ = opened;
  alerted_ = alerted;
  reported_score_ = score;
}

bool Episode::over(const Options& options, const Standing& now) {
  if (now.scored) below_ = now.score < now.threshold ? below_ + 1 : 0;
  if (now.ended) {
    because_ = "every process seen in it has ended";
  } else if (below_ >= options.close_after) {
    because_ = fmt::format("its score stayed below the threshold for {}", minutes(below_));
  } else if (now.quiet_slices >= options.window.slices) {
    because_ = fmt::format("it did next to nothing for {}", minutes(now.quiet_slices));
  } else {
    return false;
  }
  return true;
}

bool Episode::worth_an_update(const Options& options, const Standing& now) const {
  if (now.changed) return true;
  if (!now.scored) return false;
  return now.number.value() - reported_.value() >= options.update_every ||
         std::abs(now.score - reported_score_) >= options.material_change || id_of(now.process) != reported_process_;
}

void Episode::reported(const Standing& now) {
  reported_ = now.number;
  reported_score_ = now.score;
  reported_process_ = id_of(now.process);
}

}  // namespace davy::detect
