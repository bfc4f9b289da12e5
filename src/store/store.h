#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/alert.h"
#include "store/allow.h"
#include "store/stored_detection.h"
#include "store/threshold.h"
#include "store/watching.h"

namespace davy::store {

class Database;

struct Options {
  bool make_missing = true;               // a store is made where there is none
  bool read_only = false;                 // nothing is made, migrated or written
  std::chrono::days keep_closed{400};     // how long closed detections are kept
  std::chrono::days keep_levels{90};      // how long levels are kept
  std::chrono::days keep_alerts{30};      // alerts delivered or given up; no longer than keep_closed
  std::size_t alerts_waiting = 10'000;    // beyond these an older one is given up
  std::size_t levels_a_day = 10'000;      // workloads kept of a day: those with the highest levels
  std::chrono::milliseconds busy{5'000};  // how long another program's writing is waited for
};

struct Pruned {
  std::size_t detections = 0;
  std::size_t levels = 0;
  std::size_t alerts = 0;
};

/// What outlives a restart: detections, verdicts, allow entries, thresholds, levels, alerts, saved state. One SQLite
/// file (docs/store.md), to which several programs may write at once.
///
/// Durable: a call that returned success is on disk (WAL, synchronous FULL), and neither kill -9 nor a power cut takes
/// it back; one that failed (disk full, I/O error) left nothing behind, and the store works again once there is room.
/// Threads: any, one at a time; a call may take as long as Options::busy, so a thread that must not wait calls none.
/// Privileges: open() touches all files it will ever need. What was opened as root goes on after root is given up.
/// Errors: one line that begins with the path. kBadInput is the caller's; else the world said no.
/// It never reads a clock: times are handed in.
class Store {
 public:
  /// Opens the store at `path`, made anew (folder 0700, file 0600) when there is none and `options` may write, and
  /// brings one of an older davy up to date. Refuses what is no database, of another program or of a newer davy.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& path, const Options& options = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Detections ------------------------------------------------------------------------------------------------------
  /// Keeps the report when its slice is not before that of what is stored of this id: one that comes late or again
  /// changes nothing (and is a success). The end of an episode is always kept, and nothing after it. kBadInput: no
  /// hex id, no report, a line break in it, an unknown allow entry.
  Status put(const StoredDetection& detection);
  /// By its id or the beginning of it, 4 digits or more. kBadInput: none, or several; those are named.
  Result<StoredDetection> detection(const std::string& id_or_prefix);
  /// Newest alert first.
  Result<std::vector<StoredDetection>> detections(const Query& query);
  /// Not closed, of this boot of the host: what a restart goes on with instead of opening it again.
  Result<std::vector<StoredDetection>> open_of(std::uint64_t boot);

  // Alerts: what is still to be told
  // -----------------------------------------------------------------------------------
  /// put() of the report and, in the same transaction, its alert: neither is there without the other. An alert whose id
  /// is there already changes nothing. Gives how many waiting ones were given up for want of room: the oldest `closed`
  /// before any other. kBadInput: as put(), and an id or a body that is none.
  Result<std::size_t> put(const StoredDetection& detection, const Alert& alert);
  /// Waiting, and to be tried by `now`: whose turn came first, first. One that is to be tried more than
  /// kLongestAlertPause from now was put off by a clock that was wrong, and is due.
  Result<std::vector<WaitingAlert>> due_alerts(WallTime now, std::size_t limit);
  /// A receiver has it. Nothing happens to one that waits no more, here and in failed().
  Status delivered(const std::string& alert, WallTime now);
  /// One try more has failed; the next is at `next_try`.
  Status failed(const std::string& alert, WallTime now, const std::string& why, WallTime next_try);
  /// Gives up what was made before `created_before` and was tried in vain; how many those were. They stay in the table.
  Result<std::size_t> give_up_alerts(WallTime created_before, WallTime now);
  Result<AlertCounts> alert_counts();

  // Verdicts: added to, never changed -------------------------------------------------------------------------------
  /// kBadInput: there is no such detection, nobody says it, or nothing is said.
  Status add(const Verdict& verdict);
  /// Of a detection, newest first: the first is the one that counts. Kept when the detection is not.
  Result<std::vector<Verdict>> verdicts(const std::string& detection);

  // Allow entries: revoked, never deleted -----------------------------------------------------------------------------
  /// Its id; those of `entry.id`, `revoked` and `told` are not looked at. kBadInput as check() says.
  Result<AllowId> add(const AllowEntry& entry);
  Result<AllowEntry> allow_entry(AllowId id);
  /// Oldest first, revoked and expired ones among them.
  Result<std::vector<AllowEntry>> allow_entries();
  /// Those in force, oldest first.
  Result<std::vector<AllowEntry>> allowed_at(WallTime now);
  /// kBadInput: no such entry, revoked before, nobody or nothing said.
  Status revoke(AllowId id, const AllowEntry::Revoked& revoked);
  /// Those that expired by `now`, were not revoked and were not given by this before: each is given once.
  Result<std::vector<AllowEntry>> newly_expired(WallTime now);

  // Thresholds: added to, never changed -------------------------------------------------------------------------------
  Status set(const ThresholdSetting& setting);
  /// What counts: the newest of each scope and release, without those that were unset.
  Result<std::vector<ThresholdSetting>> thresholds();
  /// All, newest first.
  Result<std::vector<ThresholdSetting>> threshold_history();

  // What was seen, by day ------------------------------------------------------------------------------------------
  /// Raises each workload's highest level of that day and model. Of a day the Options::levels_a_day highest are kept,
  /// the rest is counted. One transaction.
  Status saw(Day day, const std::string& release, std::span<const WorkloadLevel> levels);
  /// Adds to how long this host was watched on that day with that model.
  Status watched(Day day, const std::string& release, double seconds, double armed_seconds);
  /// Tells `each` what was kept of `from` and later, by day, highest level first. `each` may not call the store.
  Status levels(Day from, const std::function<void(const DayLevel&)>& each);
  /// Days on which something was watched, from `from` on, in order.
  Result<std::vector<WatchedDay>> watched(Day from);

  // Upkeep ---------------------------------------------------------------------------------------------------------
  /// True when another program has written since this was last asked: verdicts, allow entries and thresholds may have
  /// changed. Cheap: looks at no table. The first answer is true.
  Result<bool> changed_elsewhere();
  /// Deletes what is older than Options say, in small transactions between which others may write, and gives the room
  /// back to the disk.
  Result<Pruned> prune(WallTime now);
  /// A whole copy of this moment at `path`, while others write: written beside it, synced, renamed. kBadInput when a
  /// store is in use there.
  Status backup(const std::filesystem::path& path);
  /// Reads every page. An error names what is damaged.
  Status check();

 private:
  Store(std::unique_ptr<Database> database, const Options& options);
  Status put_locked(const StoredDetection& detection);
  Status put_locked(const Alert& alert);
  Result<std::size_t> give_up_beyond(std::size_t most, WallTime now);
  Result<std::size_t> prune_by(std::string_view sql, std::int64_t before_ns, const std::string& before_day);

  std::unique_ptr<Database> database_;
  Options options_;
  std::optional<std::int64_t> version_seen_;
  std::mutex mutex_;
};

}  // namespace davy::store
