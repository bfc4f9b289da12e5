#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "store/schema.h"
#include "store/sql.h"
#include "store/store.h"

namespace davy::store {
namespace {

namespace fs = std::filesystem;

/// Temporary tables would be files that are opened too late (below); of the log 16 MB stay on disk when it is empty.
constexpr const char* kSettings =
    "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 16777216;";

Error cannot(const char* what, const fs::path& path, int number) {
  return Error{fmt::format("{}: cannot be {}: {}", path.string(), what, std::strerror(number))};
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// The last folder of the path alone: a missing /var/lib is a slip of the pen.
Status make_folder(const fs::path& path) {
  const fs::path folder = path.parent_path();
  if (folder.empty() || is_there(folder) || mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return cannot("made", folder, errno);
}

/// New files, the log among them, are in the folder for good. SQLite does so when it first syncs the log, and not if it
/// may not open the folder any more.
Status sync_folder(const fs::path& path) {
  const fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return cannot("opened", folder, errno);
  const bool synced = fsync(opened) == 0;
  const int why = errno;
  close(opened);
  return synced ? Status{} : Status(cannot("synced", folder, why));
}

/// An empty file that nobody else may read; SQLite gives those beside it the same mode.
Status make_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return cannot("made", path, errno);
  close(file);
  return {};
}

Status fill(const fs::path& path, const Options& options) {
  auto database = Database::open(path, Database::Access::kWrite, options.busy);
  if (!database) return database.error();
  const auto start = fmt::format("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = {};", kApplicationId);
  if (Status started = (*database)->script(start); !started) return started;
  return migrate(**database, newest_version());
}

void remove_with_log(const fs::path& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(path.string() + suffix, ignored);
}

/// Under another name first: the store is there whole or not at all, and of two programs that make it one is first.
Status make(const fs::path& path, const Options& options) {
  if (Status made = make_folder(path); !made) return made;
  const fs::path beside = path.string() + fmt::format(".{}.new", getpid());
  remove_with_log(beside);
  Status made = make_file(beside);
  if (made) made = fill(beside, options);
  if (made && link(beside.c_str(), path.c_str()) != 0 && errno != EEXIST) made = cannot("made", path, errno);
  remove_with_log(beside);
  return made;
}

/// What SQLite would say of these is "unable to open" or nothing at all.
Status check_kind(const fs::path& path, const Options& options) {
  struct stat seen {};
  const auto bad = [&](const char* why) {
    return Error{fmt::format("{}: {}", path.string(), why), Error::Kind::kBadInput};
  };
  if (stat(path.c_str(), &seen) != 0) {
    if (errno != ENOENT) return cannot("opened", path, errno);
    if (options.make_missing && !options.read_only) return make(path, options);
    return bad("there is no store here yet: name the one that is meant");
  }
  if (!S_ISREG(seen.st_mode)) return bad("is no file: name the store's file");
  if (seen.st_size == 0) return bad("is empty: remove it, and a store is made in its place");
  return {};
}

/// The log of a database in WAL mode is opened by the first reading and its index by the first writing: both now, while
/// there is the privilege to.
Status touch(Database& database) {
  if (Status set = database.script("PRAGMA journal_mode = WAL;"); !set) return set;
  auto transaction = Transaction::begin(database);
  return transaction ? transaction->commit() : transaction.error();
}

Status check_version(Database& database) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version == newest_version()) return {};
  return Error{
      fmt::format("{}: is of an older davy: `davy store check` brings it up to date", database.path().string()),
      Error::Kind::kBadInput};
}

Status prepare(Database& database, const Options& options) {
  if (Status ours = check_ours(database); !ours) return ours;
  if (Status set = database.script(kSettings); !set) return set;
  if (options.read_only) return check_version(database);
  if (Status touched = touch(database); !touched) return touched;
  if (Status synced = sync_folder(database.path()); !synced) return synced;
  return migrate(database, newest_version());
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& path, const Options& options) {
  if (Status fine = check_kind(path, options); !fine) return fine.error();
  const auto access = options.read_only ? Database::Access::kRead : Database::Access::kWrite;
  auto database = Database::open(path, access, options.busy);
  if (!database) return database.error();
  if (Status prepared = prepare(**database, options); !prepared) return prepared.error();
  return std::unique_ptr<Store>(new Store(*std::move(database), options));
}

Store::Store(std::unique_ptr<Database> database, const Options& options)
    : database_(std::move(database)), options_(options) {}

Store::~Store() = default;

}  // namespace davy::store
