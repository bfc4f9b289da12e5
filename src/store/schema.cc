#include "store/schema.h"

#include <fmt/core.h>

#include <array>
#include <string>

namespace davy::store {
namespace {

// Times are nanoseconds since 1970 UTC, ids of hosts and workloads 16 hex digits, as reports have them.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE allow_entries(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  exe_sha256 TEXT NOT NULL, exe TEXT NOT NULL, image TEXT NOT NULL, namespace TEXT NOT NULL,
  workload TEXT NOT NULL, comm TEXT NOT NULL, host TEXT NOT NULL,
  owner TEXT NOT NULL, reason TEXT NOT NULL,
  created INTEGER NOT NULL, created_by TEXT NOT NULL, expires INTEGER NOT NULL CHECK (expires > created),
  revoked INTEGER, revoked_by TEXT, revoked_why TEXT,
  told INTEGER
) STRICT;
CREATE TRIGGER allow_entries_stay BEFORE DELETE ON allow_entries
  BEGIN SELECT RAISE(ABORT, 'allow entries are kept: revoke it instead'); END;
CREATE TRIGGER allow_entries_hold BEFORE UPDATE OF id, exe_sha256, exe, image, namespace, workload, comm, host, owner,
  reason, created, created_by, expires ON allow_entries
  BEGIN SELECT RAISE(ABORT, 'allow entries do not change: revoke it and make another'); END;
CREATE TRIGGER allow_entries_revoked_once BEFORE UPDATE OF revoked, revoked_by, revoked_why ON allow_entries
  WHEN old.revoked IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'this allow entry has been revoked before'); END;

CREATE TABLE detections(
  id TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('opened', 'updated', 'closed')),
  boot TEXT NOT NULL, host TEXT NOT NULL, workload TEXT NOT NULL, opened_slice INTEGER NOT NULL,
  first_seen INTEGER NOT NULL, alerted INTEGER NOT NULL, time INTEGER NOT NULL, reported_slice INTEGER NOT NULL,
  closed INTEGER AS (CASE WHEN state = 'closed' THEN time END),
  score REAL NOT NULL, threshold REAL NOT NULL, release TEXT NOT NULL,
  exe_sha256 TEXT NOT NULL, exe TEXT NOT NULL, image TEXT NOT NULL, namespace TEXT NOT NULL, comm TEXT NOT NULL,
  report TEXT NOT NULL,
  allowed_by INTEGER REFERENCES allow_entries(id)
) STRICT;
CREATE INDEX detections_newest ON detections(alerted, id);
CREATE INDEX detections_open ON detections(boot) WHERE state <> 'closed';
CREATE INDEX detections_closed ON detections(closed) WHERE state = 'closed';
CREATE INDEX detections_allowed ON detections(allowed_by) WHERE allowed_by IS NOT NULL;

CREATE TABLE verdicts(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  detection TEXT NOT NULL,
  word TEXT NOT NULL CHECK (word IN ('miner', 'not-miner', 'allowed-here')),
  who TEXT NOT NULL, why TEXT NOT NULL, time INTEGER NOT NULL,
  exe_sha256 TEXT NOT NULL, image TEXT NOT NULL, score REAL NOT NULL, release TEXT NOT NULL
) STRICT;
CREATE INDEX verdicts_of ON verdicts(detection, id);
CREATE TRIGGER verdicts_stay BEFORE DELETE ON verdicts
  BEGIN SELECT RAISE(ABORT, 'verdicts are kept: give another'); END;
CREATE TRIGGER verdicts_hold BEFORE UPDATE ON verdicts
  BEGIN SELECT RAISE(ABORT, 'verdicts do not change: give another'); END;

CREATE TABLE thresholds(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  host TEXT NOT NULL, namespace TEXT NOT NULL, image TEXT NOT NULL, workload TEXT NOT NULL,
  release TEXT NOT NULL, point TEXT NOT NULL, threshold REAL,
  who TEXT NOT NULL, why TEXT NOT NULL, time INTEGER NOT NULL
) STRICT;
CREATE INDEX thresholds_of ON thresholds(host, namespace, image, workload, release, id);
CREATE TRIGGER thresholds_stay BEFORE DELETE ON thresholds
  BEGIN SELECT RAISE(ABORT, 'the history of thresholds is kept: set another'); END;
CREATE TRIGGER thresholds_hold BEFORE UPDATE ON thresholds
  BEGIN SELECT RAISE(ABORT, 'the history of thresholds does not change: set another'); END;
)sql";

constexpr std::string_view kVersion2 = R"sql(
CREATE TABLE days(
  day TEXT NOT NULL, release TEXT NOT NULL,
  seconds REAL NOT NULL DEFAULT 0, armed_seconds REAL NOT NULL DEFAULT 0,
  left_out INTEGER NOT NULL DEFAULT 0, left_out_level REAL,
  PRIMARY KEY (day, release)
) STRICT, WITHOUT ROWID;
CREATE TABLE levels(
  day TEXT NOT NULL, release TEXT NOT NULL, workload TEXT NOT NULL,
  level REAL NOT NULL,
  cgroup TEXT NOT NULL, image TEXT NOT NULL, namespace TEXT NOT NULL,
  PRIMARY KEY (day, release, workload)
) STRICT, WITHOUT ROWID;
CREATE INDEX levels_lowest ON levels(day, level);
)sql";

constexpr std::string_view kVersion3 = R"sql(
CREATE TABLE alerts(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  detection TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('opened', 'closed', 'allow_ended', 'test')),
  created INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0, next_try INTEGER NOT NULL,
  delivered INTEGER, given_up INTEGER, last_error TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,
  CHECK (delivered IS NULL OR given_up IS NULL)
) STRICT;
CREATE INDEX alerts_waiting ON alerts(next_try, number) WHERE delivered IS NULL AND given_up IS NULL;
CREATE INDEX alerts_oldest ON alerts(created) WHERE delivered IS NULL AND given_up IS NULL;
CREATE INDEX alerts_delivered ON alerts(delivered) WHERE delivered IS NOT NULL;
CREATE INDEX alerts_given_up ON alerts(given_up) WHERE given_up IS NOT NULL;
)sql";

constexpr std::array<Migration, 3> kMigrations{{{1, kVersion1}, {2, kVersion2}, {3, kVersion3}}};

Result<std::int64_t> version_of(Database& database) { return database.number("PRAGMA user_version"); }

/// Looks again once it may write: another program may have been quicker.
Status step(Database& database, const Migration& migration) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  const auto version = version_of(database);
  if (!version) return version.error();
  if (*version >= migration.version) return {};
  const auto sql = fmt::format("{} PRAGMA user_version = {};", migration.sql, migration.version);
  if (Status done = database.script(sql); !done) return done;
  return transaction->commit();
}

Error not_ours(const Database& database, const std::string& why) {
  return {fmt::format("{}: {}", database.path().string(), why), Error::Kind::kBadInput};
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }
std::int64_t newest_version() { return kMigrations.back().version; }

Status migrate(Database& database, std::int64_t version) {
  const auto now = version_of(database);
  if (!now) return now.error();
  for (const Migration& migration : kMigrations) {
    if (migration.version <= *now) continue;
    if (migration.version > version) break;
    if (Status done = step(database, migration); !done) return done;
  }
  return {};
}

Status check_ours(Database& database) {
  const auto id = database.number("PRAGMA application_id");
  if (!id) return id.error();
  if (*id != kApplicationId) return not_ours(database, "is a database of another program: name davy's own");
  const auto version = version_of(database);
  if (!version) return version.error();
  if (*version <= newest_version()) return {};
  return not_ours(database, fmt::format("was written by a newer davy (schema {}, this one knows {}): use that one",
                                        *version, newest_version()));
}

}  // namespace davy::store
