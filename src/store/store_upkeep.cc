#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "store/sql.h"
#include "store/store.h"

namespace davy::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBatch = 500;                                   // rows deleted in one transaction
constexpr const char* kGiveBack = "PRAGMA incremental_vacuum(1000);";  // pages after each

constexpr std::string_view kOldDetections =
    "DELETE FROM detections WHERE id IN (SELECT id FROM detections WHERE state = 'closed' AND closed < ?1 LIMIT ?2)";
constexpr std::string_view kOldAlerts =
    "DELETE FROM alerts WHERE number IN (SELECT number FROM alerts WHERE delivered < ?1 "
    "UNION SELECT number FROM alerts WHERE given_up < ?1 LIMIT ?2)";
constexpr std::string_view kOldLevels =
    "DELETE FROM levels WHERE (day, release, workload) IN "
    "(SELECT day, release, workload FROM levels WHERE day < ?1 LIMIT ?2)";

Error cannot(const char* what, const fs::path& path) {
  return Error{fmt::format("{}: cannot be {}: {}", path.string(), what, std::strerror(errno))};
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// A copy put in the place of a store that is in use would meet that one's log and be ruined.
Status check_free(const fs::path& path) {
  if (!is_there(path.string() + "-wal")) return {};
  return Error{fmt::format("{}: a store is in use there: name another file for the backup", path.string()),
               Error::Kind::kBadInput};
}

Status make_private(const fs::path& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return cannot("made", path);
  close(file);
  return {};
}

Status sync(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return cannot("opened", path);
  const bool synced = fsync(file) == 0;
  Status done = synced ? Status{} : Status(cannot("synced", path));
  close(file);
  return done;
}

/// In one step: a snapshot, which in WAL mode holds up nobody who writes.
Status copy(Database& from, Database& to) {
  sqlite3_backup* backup = sqlite3_backup_init(to.raw(), "main", from.raw(), "main");
  if (backup == nullptr) return to.failed(sqlite3_errcode(to.raw()));
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (finished != SQLITE_OK) return to.failed(finished);
  return stepped == SQLITE_DONE ? Status{} : Status(from.failed(stepped));
}

Status copy_to(const fs::path& from, const fs::path& to, std::chrono::milliseconds busy) {
  auto source = Database::open(from, Database::Access::kRead, busy);
  if (!source) return source.error();
  auto target = Database::open(to, Database::Access::kWrite, busy);
  if (!target) return target.error();
  // It is synced as a whole; a journal of a file that nobody knows yet would be for nothing.
  Status set = (*target)->script("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;");
  return set ? copy(**source, **target) : set;
}

Status put_in_place(const fs::path& beside, const fs::path& path) {
  if (Status synced = sync(beside); !synced) return synced;
  if (std::rename(beside.c_str(), path.c_str()) != 0) return cannot("put in place", path);
  return sync(path.parent_path().empty() ? fs::path(".") : path.parent_path());
}

std::string first_finding(Statement& row) {
  std::string finding;
  row.into(finding);
  return finding;
}

Error damaged(const Database& database, const std::vector<std::string>& findings) {
  std::string first = findings.empty() ? "nothing could be read" : findings.front();
  std::replace(first.begin(), first.end(), '\n', ' ');
  return Error{fmt::format("{}: is damaged: {}: put a backup in its place", database.path().string(), first)};
}

}  // namespace

Result<bool> Store::changed_elsewhere() {
  const std::scoped_lock lock(mutex_);
  const auto version = database_->number("PRAGMA data_version");
  if (!version) return version.error();
  return std::exchange(version_seen_, *version) != *version;
}

Result<std::size_t> Store::prune_by(std::string_view sql, std::int64_t before_ns, const std::string& before_day) {
  std::size_t gone = 0;
  while (true) {
    const std::scoped_lock lock(mutex_);
    Status done = before_day.empty() ? database_->run(sql, before_ns, kBatch) : database_->run(sql, before_day, kBatch);
    if (!done) return done.error();
    const auto changed = database_->changed();
    if (changed == 0) return gone;
    gone += static_cast<std::size_t>(changed);
    if (Status given = database_->script(kGiveBack); !given) return given.error();
  }
}

Result<Pruned> Store::prune(WallTime now) {
  const WallTime closed = now - options_.keep_closed;
  const auto detections = prune_by(kOldDetections, closed.time_since_epoch().count(), {});
  if (!detections) return detections.error();
  const auto levels = prune_by(kOldLevels, 0, to_text(day_of(now) - options_.keep_levels));
  if (!levels) return levels.error();
  const WallTime told = now - std::min(options_.keep_alerts, options_.keep_closed);
  const auto alerts = prune_by(kOldAlerts, told.time_since_epoch().count(), {});
  if (!alerts) return alerts.error();
  return Pruned{*detections, *levels, *alerts};
}

Status Store::backup(const fs::path& path) {
  if (Status free = check_free(path); !free) return free;
  const fs::path beside = path.string() + fmt::format(".{}.part", getpid());
  Status done = make_private(beside);
  if (done) done = copy_to(database_->path(), beside, options_.busy);
  if (done) done = put_in_place(beside, path);
  std::error_code ignored;
  if (!done) fs::remove(beside, ignored);
  return done;
}

Status Store::check() {
  const std::scoped_lock lock(mutex_);
  const auto found = rows(database_->ask("PRAGMA integrity_check(1)"), first_finding);
  if (!found) return found.error();
  if (found->empty() || found->front() != "ok") return damaged(*database_, *found);
  const auto orphans = database_->number("SELECT count(*) FROM pragma_foreign_key_check");
  if (!orphans) return orphans.error();
  if (*orphans == 0) return {};
  return Error{fmt::format("{}: {} rows speak of allow entries that are not there: put a backup in its place",
                           database_->path().string(), *orphans)};
}

}  // namespace davy::store
