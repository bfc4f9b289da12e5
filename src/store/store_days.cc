#include <algorithm>

#include "store/sql.h"
#include "store/store.h"

namespace davy::store {
namespace {

Status raise(Database& database, const std::string& day, const std::string& release, const WorkloadLevel& seen) {
  constexpr std::string_view kSql =
      "INSERT INTO levels(day, release, workload, level, cgroup, image, namespace) VALUES(?,?,?,?,?,?,?) "
      "ON CONFLICT(day, release, workload) DO UPDATE SET level = max(level, excluded.level), "
      "cgroup = excluded.cgroup, image = excluded.image, namespace = excluded.namespace";
  return database.run(kSql, day, release, hex16(seen.workload.value()), seen.level, seen.cgroup, seen.image,
                      seen.pod_namespace);
}

constexpr std::string_view kLowest =
    "(SELECT release, workload, level FROM levels WHERE day = ?1 ORDER BY level, release, workload LIMIT ?2)";

/// The lowest `excess` of the day go, and are counted.
Status leave_out(Database& database, const std::string& day, std::int64_t excess) {
  Status counted = database.run(
      "INSERT INTO days(day, release, left_out, left_out_level) SELECT ?1, release, count(*), max(level) FROM " +
          std::string(kLowest) +
          " WHERE true GROUP BY release ON CONFLICT(day, release) DO UPDATE SET left_out = left_out + "
          "excluded.left_out, "
          "left_out_level = max(ifnull(left_out_level, excluded.left_out_level), excluded.left_out_level)",
      day, excess);
  if (!counted) return counted;
  return database.run("DELETE FROM levels WHERE day = ?1 AND (release, workload) IN (SELECT release, workload FROM " +
                          std::string(kLowest) + ")",
                      day, excess);
}

Status keep_within(Database& database, const std::string& day, std::size_t most) {
  const auto held = database.number("SELECT count(*) FROM levels WHERE day = ?", day);
  if (!held) return held.error();
  const auto excess = *held - static_cast<std::int64_t>(most);
  return excess > 0 ? leave_out(database, day, excess) : Status{};
}

DayLevel level_of(Statement& row) {
  DayLevel one;
  std::string day;
  std::string workload;
  row.into(day, one.release, workload, one.seen.level, one.seen.cgroup, one.seen.image, one.seen.pod_namespace);
  one.day = day_from(day);
  one.seen.workload = event::WorkloadId(from_hex16(workload));
  return one;
}

WatchedDay day_row_of(Statement& row) {
  WatchedDay one;
  std::string day;
  row.into(day, one.release, one.seconds, one.armed_seconds, one.left_out, one.left_out_level);
  one.day = day_from(day);
  return one;
}

}  // namespace

Status Store::saw(Day day, const std::string& release, std::span<const WorkloadLevel> levels) {
  const std::scoped_lock lock(mutex_);
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return transaction.error();
  const std::string name = to_text(day);
  for (const WorkloadLevel& seen : levels) {
    if (Status raised = raise(*database_, name, release, seen); !raised) return raised;
  }
  if (Status kept = keep_within(*database_, name, options_.levels_a_day); !kept) return kept;
  return transaction->commit();
}

Status Store::watched(Day day, const std::string& release, double seconds, double armed_seconds) {
  const std::scoped_lock lock(mutex_);
  return database_->run(
      "INSERT INTO days(day, release, seconds, armed_seconds) VALUES(?,?,?,?) ON CONFLICT(day, release) DO UPDATE SET "
      "seconds = seconds + excluded.seconds, armed_seconds = armed_seconds + excluded.armed_seconds",
      to_text(day), release, seconds, armed_seconds);
}

Status Store::levels(Day from, const std::function<void(const DayLevel&)>& each) {
  const std::scoped_lock lock(mutex_);
  auto asked = database_->ask(
      "SELECT day, release, workload, level, cgroup, image, namespace FROM levels WHERE day >= ? "
      "ORDER BY day, level DESC, workload",
      to_text(from));
  if (!asked) return asked.error();
  while (true) {
    const auto row = asked->step();
    if (!row) return row.error();
    if (!*row) return {};
    each(level_of(*asked));
  }
}

Result<std::vector<WatchedDay>> Store::watched(Day from) {
  const std::scoped_lock lock(mutex_);
  return rows(database_->ask("SELECT day, release, seconds, armed_seconds, left_out, left_out_level FROM days "
                             "WHERE day >= ? ORDER BY day, release",
                             to_text(from)),
              day_row_of);
}

}  // namespace davy::store
