#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "alert/sender.h"
#include "base/result.h"
#include "detect/detector.h"
#include "store/store.h"

namespace davy::app {

/// What people have set: which thresholds hold where, and what may mine. Immutable once read.
struct Policy {
  std::vector<store::ThresholdSetting> thresholds;
  std::vector<store::AllowEntry> allowed;
};

/// Keeps what `davy watch` finds in the store, and tells the detector what people have set there. It writes from a
/// thread of its own: a slow or full disk holds up that thread and nothing else. Each report is passed on once it is on
/// disk: what was printed or sent survives kill -9. What cannot be kept is passed on all the same, counted, and kept
/// once the disk takes it again.
class Keeper : public detect::DetectionSink {
 public:
  static constexpr std::size_t kLimit = 20'000;  // reports that may wait

  /// Opens the store; before privileges are given up. Nothing in it is read yet.
  static Result<std::unique_ptr<Keeper>> open(const std::string& path, const event::Host& host);
  /// What has not been kept yet is not kept any more.
  ~Keeper() override;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// What was open when this host's last detector ended.
  [[nodiscard]] Result<std::vector<detect::OpenBefore>> open_before() const;
  /// Alerts leave by this from then on: when a detection opens that nobody allows, when what allowed it ends, and when
  /// it closes. Before start().
  void send_by(std::unique_ptr<alert::Webhook> webhook, std::function<void(const std::string&)> say);
  /// Starts the thread: once privileges are given up. What was open under another boot of this host closes. Reports go
  /// on to `next`, and what is to be said aloud to `say`, from that thread. Both must outlive the keeper.
  Status start(const std::string& release, detect::DetectionSink& next, std::function<void(const std::string&)> say);

  // The detector's thread; none of these waits for the disk.
  void on_detection(const event::Detection& detection) override;
  void on_health(const event::Health& health, const std::vector<std::string>& not_seen) override;
  void on_level(const event::Workload& workload, double level);
  [[nodiscard]] std::optional<double> threshold_of(const event::Workload& workload) const;
  [[nodiscard]] std::optional<event::Allowed> allowed(const event::Detection& detection, WallTime now) const;

  /// Reports passed on without being on disk yet, and those that wait for a disk that hangs. Any thread.
  [[nodiscard]] std::uint64_t unkept() const;
  /// Reports without news that had no room while it hung.
  [[nodiscard]] std::uint64_t dropped() const;
  /// None: no alerts leave.
  [[nodiscard]] std::optional<alert::SenderCounts> alerts() const;
  /// Waits until all that was reported is kept and passed on.
  void finish();

 private:
  struct Report {
    event::Detection detection;
  };
  struct SliceEnd {
    event::Health health;
    std::vector<std::string> not_seen;
    std::map<event::WorkloadId, store::WorkloadLevel> levels;
  };
  using Job = std::variant<Report, SliceEnd>;

  Keeper(std::unique_ptr<store::Store> store, event::Host host);
  Status find_open();
  void end_before(const event::Detection& end);
  void add(Job job);
  void run();
  void take(const Report& report);
  void take(const SliceEnd& end);
  /// A report on its way to disk, and the alert that goes with it.
  struct Kept {
    store::StoredDetection report;
    event::Detection detection;
    std::optional<store::Alert::Kind> kind;
  };
  void keep(Kept kept);
  Status write(const Kept& kept);
  std::optional<store::Alert::Kind> kind_of(const event::Detection& detection);
  void keep_again();
  Status write_day(const SliceEnd& end);
  Status read_policy();
  bool note_clock(const event::Health& health);
  void note_kept(const Status& status);
  void complain(const Status& status);
  [[nodiscard]] std::shared_ptr<const Policy> policy() const;

  std::unique_ptr<store::Store> store_;
  event::Host host_;
  std::string release_;
  detect::DetectionSink* next_ = nullptr;
  std::function<void(const std::string&)> say_;
  std::map<event::WorkloadId, store::WorkloadLevel> levels_;  // of the slice under way; the detector's thread
  std::deque<Kept> unkept_;                                   // in order; the keeper's thread
  std::set<std::string> told_;    // open detections that an alert was sent of; the keeper's thread
  std::set<std::string> silent_;  // open detections that somebody allows; the keeper's thread
  /// Of the day, what the disk has not taken yet; the keeper's thread.
  struct Unwritten {
    std::map<event::WorkloadId, store::WorkloadLevel> levels;
    double seconds = 0;
    double armed = 0;
  } unwritten_;
  // The keeper's thread.
  std::vector<event::Detection> ends_;  // of detections of before, whose last report could not be read yet
  bool failing_ = false;                // to keep reports
  std::string complaint_;               // what else failed, as it was last said
  bool policy_stale_ = true;
  std::int64_t slices_ = 0;
  std::optional<WallTime> started_;  // when the host was, by the clock of the first slice
  bool clock_holds_ = true;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::shared_ptr<const Policy> policy_ = std::make_shared<const Policy>();
  std::uint64_t unkept_count_ = 0;
  std::uint64_t dropped_ = 0;
  bool over_ = false;
  std::thread thread_;
  std::unique_ptr<alert::Sender> sender_;  // goes before the store
};

}  // namespace davy::app
