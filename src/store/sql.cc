#include "store/sql.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <cassert>
#include <cstdlib>
#include <cstring>

namespace davy::store {
namespace {

Error system_error(const std::string& path, const char* what, int number) {
  const char* why = number == 0 ? "no such file, or no permission" : std::strerror(number);
  return {fmt::format("{}: cannot be {}: {}", path, what, why), Error::Kind::kFailed};
}

/// What SQLITE_TRANSIENT says, without its old cast.
sqlite3_destructor_type copied() { return reinterpret_cast<sqlite3_destructor_type>(std::intptr_t{-1}); }

Error words(const std::string& path, int code, int system, const char* said) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {fmt::format("{}: the disk is full and nothing of this was written: make room", path)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {fmt::format("{}: another program has been writing to it for too long: try again", path)};
    case SQLITE_READONLY:
      return {fmt::format("{}: it cannot be written to: the disk is read-only, or it is another user's", path)};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return system_error(path, "opened", system);
    case SQLITE_IOERR:
      return system_error(path, "read or written", system);
    case SQLITE_NOTADB:
      return {fmt::format("{}: is not a database: name davy's own, or one that is not there yet", path),
              Error::Kind::kBadInput};
    case SQLITE_CORRUPT:
      return {fmt::format("{}: is damaged ({}): put a backup in its place", path, said)};
    default:
      return {fmt::format("{}: {}", path, said)};
  }
}

}  // namespace

Statement::~Statement() {
  if (raw_ == nullptr) return;
  sqlite3_reset(raw_);
  sqlite3_clear_bindings(raw_);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(raw_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->failed(code);
}

// SQLite takes a copy; without an address an empty text would become NULL.
void Statement::bind_one(int index, std::int64_t value) { sqlite3_bind_int64(raw_, index, value); }
void Statement::bind_one(int index, double value) { sqlite3_bind_double(raw_, index, value); }
void Statement::bind_one(int index, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(raw_, index, data, text.size(), copied(), SQLITE_UTF8);
}

void Statement::read(int column, std::int64_t& value) const { value = sqlite3_column_int64(raw_, column); }
void Statement::read(int column, double& value) const { value = sqlite3_column_double(raw_, column); }
void Statement::read(int column, std::uint64_t& value) const {
  value = static_cast<std::uint64_t>(sqlite3_column_int64(raw_, column));
}
void Statement::read(int column, std::string& bytes) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(raw_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw_, column));
  bytes.assign(data == nullptr ? "" : data, size);
}
void Statement::read(int column, WallTime& time) const {
  time = WallTime(nanoseconds(sqlite3_column_int64(raw_, column)));
}
bool Statement::is_null(int column) const { return sqlite3_column_type(raw_, column) == SQLITE_NULL; }

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, Access access,
                                                 std::chrono::milliseconds busy) {
  sqlite3* raw = nullptr;
  const int how = access == Access::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, how | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (raw == nullptr) return Error{path.string() + ": no memory to open it"};
  std::unique_ptr<Database> database(new Database(path, raw));
  if (code != SQLITE_OK) return database->failed(code);
  sqlite3_busy_timeout(raw, static_cast<int>(busy.count()));
  if (access == Access::kWrite && sqlite3_db_readonly(raw, "main") == 1) return database->failed(SQLITE_READONLY);
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
  sqlite3_close(raw_);
}

Result<Statement> Database::prepare(std::string_view sql) {
  if (const auto at = prepared_.find(sql); at != prepared_.end()) {
    assert(sqlite3_stmt_busy(at->second) == 0);
    return Statement(*this, at->second);
  }
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(raw_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return failed(code);
  prepared_.emplace(sql, raw);
  return Statement(*this, raw);
}

Status Database::finish(Statement& statement) {
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

Result<std::int64_t> Database::number_of(Statement& statement) const {
  const auto row = statement.step();
  if (!row) return row.error();
  if (!*row) return failed(SQLITE_CORRUPT);
  std::int64_t value = 0;
  statement.into(value);
  return value;
}

Status Database::script(const std::string& sql) {
  const int code = sqlite3_exec(raw_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status{} : failed(code);
}

std::int64_t Database::changed() const { return sqlite3_changes64(raw_); }
std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(raw_); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(raw_) == 0; }

Error Database::failed(int code) const {
  return words(path_.string(), code, sqlite3_system_errno(raw_), sqlite3_errmsg(raw_));
}

Result<Transaction> Transaction::begin(Database& database) {
  if (Status begun = database.run("BEGIN IMMEDIATE"); !begun) return begun.error();
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ == nullptr || !database_->in_transaction()) return;
  if (Status undone = database_->run("ROLLBACK"); !undone) return;  // SQLite undoes it when it next can
}

Status Transaction::commit() {
  Status done = database_->run("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

std::string hex16(std::uint64_t value) { return fmt::format("{:016x}", value); }
std::uint64_t from_hex16(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 16); }

}  // namespace davy::store
