#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "store/sql.h"
#include "store/store.h"

namespace davy::store {
namespace {

constexpr std::array<std::string_view, 4> kKinds{"opened", "closed", "allow_ended", "test"};
constexpr std::size_t kShortestId = 16;
constexpr std::size_t kLongestError = 500;  // bytes

constexpr std::string_view kInsert =
    "INSERT INTO alerts(id, detection, kind, body, created, next_try) VALUES(?1,?2,?3,?4,?5,?5) "
    "ON CONFLICT(id) DO NOTHING";
constexpr std::string_view kDue =
    "SELECT id, detection, kind, body, created, tries, next_try FROM alerts "
    "WHERE delivered IS NULL AND given_up IS NULL AND (next_try <= ?1 OR next_try > ?2) ORDER BY next_try, number "
    "LIMIT ?3";
constexpr std::string_view kFailed =
    "UPDATE alerts SET tries = tries + 1, last_error = ?2, next_try = ?3 "
    "WHERE id = ?1 AND delivered IS NULL AND given_up IS NULL";
constexpr std::string_view kDelivered =
    "UPDATE alerts SET delivered = ?2 WHERE id = ?1 AND delivered IS NULL AND given_up IS NULL";
constexpr std::string_view kTooOld =
    "UPDATE alerts SET given_up = ?2 "
    "WHERE delivered IS NULL AND given_up IS NULL AND created < ?1 AND tries > 0";
// What made them is kept with the detection: of one that had no room the body need not stay.
constexpr std::string_view kNoRoom =
    "UPDATE alerts SET given_up = ?1, body = '', last_error = 'given up: too many alerts wait' WHERE number IN "
    "(SELECT number FROM alerts WHERE delivered IS NULL AND given_up IS NULL ORDER BY kind <> 'closed', number "
    "LIMIT ?2)";
constexpr std::string_view kCounts =
    "SELECT (SELECT count(*) FROM alerts WHERE delivered IS NULL AND given_up IS NULL), "
    "(SELECT count(*) FROM alerts WHERE given_up IS NOT NULL), "
    "(SELECT min(created) FROM alerts WHERE delivered IS NULL AND given_up IS NULL), "
    "(SELECT min(next_try) FROM alerts WHERE delivered IS NULL AND given_up IS NULL)";

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

Alert::Kind kind_from(const std::string& name) {
  const auto at = std::find(kKinds.begin(), kKinds.end(), name);
  return at == kKinds.end() ? Alert::Kind::kTest : static_cast<Alert::Kind>(at - kKinds.begin());
}

WaitingAlert row_of(Statement& row) {
  WaitingAlert one;
  std::string kind;
  row.into(one.alert.id, one.alert.detection, kind, one.alert.body, one.alert.created, one.tries, one.next_try);
  one.alert.kind = kind_from(kind);
  return one;
}

AlertCounts counts_of(Statement& row) {
  AlertCounts counts;
  row.into(counts.waiting, counts.given_up, counts.oldest, counts.next_try);
  return counts;
}

Status check_alert(const Alert& alert) {
  if (alert.id.size() < kShortestId || alert.id.find_first_not_of("0123456789abcdef") != std::string::npos)
    return bad(fmt::format("the id of an alert is lower-case hex, {} digits or more", kShortestId));
  if (alert.body.empty() || alert.body.find('\n') != std::string::npos)
    return bad(fmt::format("alert {}: its body has to be one line", alert.id));
  return {};
}

}  // namespace

std::string_view name_of(Alert::Kind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

Result<std::size_t> Store::put(const StoredDetection& detection, const Alert& alert) {
  if (const Status fine = check_alert(alert); !fine) return fine.error();
  const std::scoped_lock lock(mutex_);
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return transaction.error();
  if (const Status done = put_locked(detection); !done) return done.error();
  if (const Status done = put_locked(alert); !done) return done.error();
  const auto dropped = give_up_beyond(options_.alerts_waiting, alert.created);
  if (!dropped) return dropped.error();
  if (const Status done = transaction->commit(); !done) return done.error();
  return *dropped;
}

Status Store::put_locked(const Alert& alert) {
  const Status done =
      database_->run(kInsert, alert.id, alert.detection, name_of(alert.kind), alert.body, alert.created);
  return done ? done : done.error().within("alert " + alert.id);
}

Result<std::size_t> Store::give_up_beyond(std::size_t most, WallTime now) {
  const auto waiting = database_->number("SELECT count(*) FROM alerts WHERE delivered IS NULL AND given_up IS NULL");
  if (!waiting) return waiting.error();
  const auto excess = *waiting - static_cast<std::int64_t>(most);
  if (excess <= 0) return std::size_t{0};
  if (const Status done = database_->run(kNoRoom, now, excess); !done) return done.error();
  return static_cast<std::size_t>(database_->changed());
}

Result<std::vector<WaitingAlert>> Store::due_alerts(WallTime now, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  return rows(database_->ask(kDue, now, now + kLongestAlertPause, limit), row_of);
}

Status Store::delivered(const std::string& alert, WallTime now) {
  const std::scoped_lock lock(mutex_);
  return database_->run(kDelivered, alert, now);
}

Status Store::failed(const std::string& alert, WallTime now, const std::string& why, WallTime next_try) {
  const std::scoped_lock lock(mutex_);
  return database_->run(kFailed, alert, why.substr(0, kLongestError), std::min(next_try, now + kLongestAlertPause));
}

Result<std::size_t> Store::give_up_alerts(WallTime created_before, WallTime now) {
  const std::scoped_lock lock(mutex_);
  if (const Status done = database_->run(kTooOld, created_before, now); !done) return done.error();
  return static_cast<std::size_t>(database_->changed());
}

Result<AlertCounts> Store::alert_counts() {
  const std::scoped_lock lock(mutex_);
  const auto counts = rows(database_->ask(kCounts), counts_of);
  if (!counts) return counts.error();
  return counts->front();
}

}  // namespace davy::store
