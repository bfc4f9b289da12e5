#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"

struct sqlite3;
struct sqlite3_stmt;

// Private to store/: SQLite with our errors and lifetimes, and nothing else. Values are always bound, never written
// into the SQL. Not safe for threads: Store holds a lock around it.

namespace davy::store {

class Database;

/// A prepared statement in use. It goes back to its database, reset and without values, when this goes.
class Statement {
 public:
  Statement(Database& database, sqlite3_stmt* raw) : database_(&database), raw_(raw) {}
  Statement(Statement&& other) noexcept : database_(other.database_), raw_(std::exchange(other.raw_, nullptr)) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// True: there is a row to read. False: it is done.
  Result<bool> step();

  /// The columns of this row, from the first on. REQUIRES: step() was true.
  template <typename... Fields>
  void into(Fields&... fields) {
    int column = 0;
    (read(column++, fields), ...);
  }

  template <typename... Values>
  void bind(const Values&... values) {
    int index = 1;
    (bind_one(index++, values), ...);
  }

 private:
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, double value);
  void bind_one(int index, std::string_view text);
  void bind_one(int index, WallTime time) { bind_one(index, std::int64_t{time.time_since_epoch().count()}); }
  void bind_one(int index, std::integral auto value) { bind_one(index, static_cast<std::int64_t>(value)); }
  template <typename T>
  void bind_one(int index, const std::optional<T>& value) {
    if (value) bind_one(index, *value);  // else it stays NULL
  }
  template <typename Tag>
  void bind_one(int index, Id<Tag, std::int64_t> id) {
    bind_one(index, id.value());
  }

  void read(int column, std::int64_t& value) const;
  void read(int column, double& value) const;
  void read(int column, std::string& bytes) const;
  void read(int column, WallTime& time) const;
  void read(int column, std::uint64_t& value) const;
  template <typename T>
  void read(int column, std::optional<T>& value) const {
    if (is_null(column)) return value.reset();
    read(column, value.emplace());
  }
  template <typename Tag>
  void read(int column, Id<Tag, std::int64_t>& id) const {
    std::int64_t value = 0;
    read(column, value);
    id = Id<Tag, std::int64_t>(value);
  }
  [[nodiscard]] bool is_null(int column) const;

  Database* database_;
  sqlite3_stmt* raw_;
};

/// One connection, with the statements it has prepared.
class Database {
 public:
  enum class Access : std::uint8_t { kRead, kWrite };

  /// The file must be there. Errors are one line that begins with the path.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, Access access,
                                                std::chrono::milliseconds busy);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A statement with its values, to be stepped. One with the same SQL may not be in use at the same time.
  template <typename... Values>
  Result<Statement> ask(std::string_view sql, const Values&... values) {
    auto statement = prepare(sql);
    if (statement) statement->bind(values...);
    return statement;
  }

  /// Runs it to its end. Outside of a Transaction it is one by itself, on disk when this returns.
  template <typename... Values>
  Status run(std::string_view sql, const Values&... values) {
    auto statement = ask(sql, values...);
    return statement ? finish(*statement) : statement.error();
  }

  /// The first column of the only row, a number.
  template <typename... Values>
  Result<std::int64_t> number(std::string_view sql, const Values&... values) {
    auto statement = ask(sql, values...);
    return statement ? number_of(*statement) : statement.error();
  }

  /// Several statements without values. What they give is not looked at.
  Status script(const std::string& sql);

  /// Rows that the last statement changed, and the id that it gave.
  [[nodiscard]] std::int64_t changed() const;
  [[nodiscard]] std::int64_t last_id() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] sqlite3* raw() const { return raw_; }

  /// What SQLite's `code` means for a person, and what to do.
  [[nodiscard]] Error failed(int code) const;

 private:
  Database(std::filesystem::path path, sqlite3* raw) : path_(std::move(path)), raw_(raw) {}
  Result<Statement> prepare(std::string_view sql);
  static Status finish(Statement& statement);
  Result<std::int64_t> number_of(Statement& statement) const;

  std::filesystem::path path_;
  sqlite3* raw_;
  std::map<std::string, sqlite3_stmt*, std::less<>> prepared_;
};

/// All or nothing: what is not committed is undone. It holds the right to write from its beginning, so that no other
/// program can come between what it reads and what it writes.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  /// On disk when this returns.
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

/// All rows of what was asked, each read by `row_of`.
template <typename Row>
Result<std::vector<Row>> rows(Result<Statement> asked, Row (*row_of)(Statement&)) {
  if (!asked) return asked.error();
  std::vector<Row> all;
  while (true) {
    const auto row = asked->step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(row_of(*asked));
  }
}

/// 16 hex digits, as ids stand in reports.
std::string hex16(std::uint64_t value);
/// The inverse; 0 of what is none.
std::uint64_t from_hex16(const std::string& text);

}  // namespace davy::store
