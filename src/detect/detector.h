#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "detect/snapshot.h"
#include "event/detection.h"
#include "event/slice.h"
#include "feature/schema.h"
#include "model/model.h"
#include "window/window.h"

namespace davy::detect {

/// Where decisions go. Calls come from the thread that feeds the detector.
class DetectionSink {
 public:
  virtual ~DetectionSink() = default;
  virtual void on_detection(const event::Detection& detection) = 0;
  /// At each slice end, after its detections. `not_seen` is empty when nothing is known to be missing.
  virtual void on_health(const event::Health& health, const std::vector<std::string>& not_seen) = 0;
};

/// One window as it was scored, for `davy scan --windows`. The references hold during the call.
struct Scored {
  const window::Window& window;
  const feature::Vector& features;
  double score;  // of the window alone
  double held;   // against the threshold, with what came before (model/decision.h)
};

/// A detection that was open when the last detector of this host ended.
struct OpenBefore {
  event::WorkloadId workload;
  std::string id;
  event::SliceNumber opened;
  WallTime alerted;
  WallTime first_seen;
  double score = 0;
};

struct Options {
  window::Options window;
  std::optional<double> threshold;  // of levels of the model's decision; none: the model's
  /// The threshold of one workload where another than that holds. Asked once a slice for each workload that was scored,
  /// as is `allowed` for each open detection, so that what changes while we watch takes hold within a slice.
  std::function<std::optional<double>(const event::Workload&)> threshold_of;
  std::function<std::optional<event::Allowed>(const event::Detection&, WallTime now)> allowed;
  /// Told when a workload reaches a higher level than before: at which threshold it would just have been alerted.
  std::function<void(const event::Workload&, double level)> on_level;
  std::vector<OpenBefore> open_before;  // of this boot: gone on with, under their ids
  double min_seen_s = 10;               // windows of less are shown, but are no evidence: the model never saw such
  std::size_t close_after = 12;         // slices below the threshold after which a detection closes: 2 minutes
  std::size_t update_every = 6;         // slices between updates without material change: 1 minute
  double material_change = 0.1;         // of the score
  double explain_above = 0.1;           // workloads shown with reasons; others on demand, see detect::explain
  std::size_t explain_at_most = 16;
  /// SHA-256 of a running process's executable, or empty when it cannot be read. Asked once when a detection opens or
  /// its process changes. Null: never known (recordings).
  std::function<std::string(const event::Process&)> exe_digest;
  /// The command line of a running process, for people, or empty. Asked for workloads with reasons, once a process.
  std::function<std::string(const event::Process&)> command_line;
  std::function<void(const Scored&)> on_scored;  // null: nobody asks
};

/// The live detector: slices in, detections out. The same for the kernel and for a recording: everything it reports
/// follows from the slices, the clock is never read.
class Detector : public event::SliceSink {
 public:
  /// kBadInput when the model was trained under another feature schema. `sink` and `board` must outlive the detector.
  static Result<std::unique_ptr<Detector>> create(std::shared_ptr<const model::Model> model, Options options,
                                                  DetectionSink& sink, Board& board);
};

}  // namespace davy::detect
