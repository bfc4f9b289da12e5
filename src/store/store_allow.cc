#include <fmt/core.h>

#include "store/sql.h"
#include "store/store.h"

namespace davy::store {
namespace {

constexpr std::string_view kColumns =
    "id, exe_sha256, exe, image, namespace, workload, comm, host, owner, reason, created, created_by, expires, "
    "revoked, revoked_by, revoked_why, told";

std::string select(std::string_view rest) { return fmt::format("SELECT {} FROM allow_entries {}", kColumns, rest); }

AllowEntry row_of(Statement& row) {
  AllowEntry one;
  std::optional<WallTime> revoked;
  AllowEntry::Revoked how;
  row.into(one.id, one.match.exe_sha256, one.match.exe, one.match.image, one.match.pod_namespace, one.match.workload,
           one.match.comm, one.match.host, one.owner, one.reason, one.created, one.created_by, one.expires, revoked,
           how.who, how.why, one.told);
  if (revoked) one.revoked = {*revoked, how.who, how.why};
  return one;
}

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

Result<AllowEntry> one_of(Database& database, AllowId id) {
  auto found = rows(database.ask(select("WHERE id = ?"), id), row_of);
  if (!found) return found.error();
  if (found->empty()) return bad(fmt::format("there is no allow entry {}: `davy allow --list` has them", id.value()));
  return std::move(found->front());
}

}  // namespace

Result<AllowId> Store::add(const AllowEntry& entry) {
  if (Status fine = store::check(entry); !fine) return fine.error();
  const std::scoped_lock lock(mutex_);
  constexpr std::string_view kSql =
      "INSERT INTO allow_entries(exe_sha256, exe, image, namespace, workload, comm, host, owner, reason, created, "
      "created_by, expires) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)";
  const Match& match = entry.match;
  Status done =
      database_->run(kSql, match.exe_sha256, match.exe, match.image, match.pod_namespace, match.workload, match.comm,
                     match.host, entry.owner, entry.reason, entry.created, entry.created_by, entry.expires);
  if (!done) return done.error();
  return AllowId(database_->last_id());
}

Result<AllowEntry> Store::allow_entry(AllowId id) {
  const std::scoped_lock lock(mutex_);
  return one_of(*database_, id);
}

Result<std::vector<AllowEntry>> Store::allow_entries() {
  const std::scoped_lock lock(mutex_);
  return rows(database_->ask(select("ORDER BY id")), row_of);
}

Result<std::vector<AllowEntry>> Store::allowed_at(WallTime now) {
  const std::scoped_lock lock(mutex_);
  return rows(database_->ask(select("WHERE revoked IS NULL AND created <= ?1 AND ?1 < expires ORDER BY id"), now),
              row_of);
}

Status Store::revoke(AllowId id, const AllowEntry::Revoked& revoked) {
  if (Status said = check_said("who revokes it", revoked.who); !said) return said;
  if (Status said = check_said("why it is revoked", revoked.why); !said) return said;
  const std::scoped_lock lock(mutex_);
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return transaction.error();
  const auto entry = one_of(*database_, id);
  if (!entry) return entry.error();
  if (entry->revoked) return bad(fmt::format("allow entry {} has been revoked before", id.value()));
  constexpr std::string_view kSql =
      "UPDATE allow_entries SET revoked = ?, revoked_by = ?, revoked_why = ? WHERE id = ?";
  Status done = database_->run(kSql, revoked.when, revoked.who, revoked.why, id);
  return done ? transaction->commit() : done;
}

Result<std::vector<AllowEntry>> Store::newly_expired(WallTime now) {
  const std::scoped_lock lock(mutex_);
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return transaction.error();
  constexpr std::string_view kWhich = "WHERE expires <= ?1 AND revoked IS NULL AND told IS NULL";
  auto expired = rows(database_->ask(select(fmt::format("{} ORDER BY id", kWhich)), now), row_of);
  if (!expired || expired->empty()) return expired;
  Status told = database_->run(fmt::format("UPDATE allow_entries SET told = ?1 {}", kWhich), now);
  if (!told) return told.error();
  if (Status done = transaction->commit(); !done) return done.error();
  return expired;
}

}  // namespace davy::store
