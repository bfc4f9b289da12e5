#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <string>

#include "base/file.h"
#include "base/hash.h"
#include "base/scratch_folder_test.h"
#include "store/made_up_test.h"
#include "store/schema.h"

namespace davy::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class OpenTest : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path path() const { return dir_ / "davy.db"; }

  void refused(const std::string& why, Error::Kind kind = Error::Kind::kBadInput, const Options& options = {}) {
    const auto store = Store::open(path(), options);
    ASSERT_FALSE(store);
    EXPECT_THAT(store.error().message, HasSubstr(path().string() + ": "));
    EXPECT_THAT(store.error().message, HasSubstr(why));
    EXPECT_EQ(store.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(store.error().kind, kind);
  }

  /// A database made without the store.
  std::unique_ptr<Database> plain(const std::string& sql) {
    EXPECT_TRUE(replace_file(path(), ""));
    auto database = Database::open(path(), Database::Access::kWrite, std::chrono::milliseconds(100));
    EXPECT_TRUE(database);
    EXPECT_TRUE((*database)->script(sql));
    return *std::move(database);
  }

  ScratchFolder dir_;
};

mode_t mode_of(const fs::path& path) {
  struct stat seen {};
  return stat(path.c_str(), &seen) == 0 ? seen.st_mode & 0777 : 0;
}

TEST_F(OpenTest, IsMadeForItsOwnerAlone) {
  const auto store = opened(dir_ / "davy" / "davy.db");
  ASSERT_TRUE(store->put(made_up(1)));
  EXPECT_EQ(mode_of(dir_ / "davy"), 0700U);
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    EXPECT_EQ(mode_of((dir_ / "davy" / "davy.db").string() + suffix), 0600U) << suffix;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_ / "davy"), {}), 3) << "nothing else is left there";
}

TEST_F(OpenTest, WhatIsNoStoreIsRefusedAndLeftAlone) {
  const std::string text(5000, 'x');
  ASSERT_TRUE(replace_file(path(), text));
  refused("is not a database");
  EXPECT_EQ(*read_file(path()), text);
  ASSERT_TRUE(replace_file(path(), ""));
  refused("is empty: remove it");
  fs::remove(path());
  fs::create_directory(path());
  refused("is no file");
}

TEST_F(OpenTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  { const auto other = plain("CREATE TABLE bookmarks(x); PRAGMA user_version = 1;"); }
  const auto before = *read_file(path());
  refused("is a database of another program");
  EXPECT_EQ(*read_file(path()), before);
}

TEST_F(OpenTest, ANewerDavysIsRefused) {
  { const auto store = opened(path()); }
  {
    const auto newer = Database::open(path(), Database::Access::kWrite, {});
    ASSERT_TRUE((*newer)->script("PRAGMA user_version = 99;"));
  }
  refused("was written by a newer davy (schema 99, this one knows 3): use that one");
  refused("was written by a newer davy", Error::Kind::kBadInput, {.read_only = true});
}

TEST_F(OpenTest, WhatIsNotThereIsNamed) {
  refused("there is no store here yet", Error::Kind::kBadInput, {.read_only = true});
  const auto deep = Store::open("/proc/davy/davy.db");
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().message, "/proc/davy: cannot be made: No such file or directory");
  EXPECT_FALSE(Store::open(dir_ / "a" / "b" / "davy.db")) << "one folder is made, not a path of them";
}

TEST_F(OpenTest, DamageIsNamed) {
  {
    const auto store = opened(path());
    for (std::uint64_t i = 0; i < 40; ++i) {
      auto one = made_up(i);
      one.report += std::string(3000, ' ');
      ASSERT_TRUE(store->put(one));
    }
    ASSERT_TRUE(store->check());
  }
  auto bytes = *read_file(path());
  for (std::size_t at = bytes.size() - 12 * 4096; at < bytes.size(); at += 7) bytes[at] = '\x5a';
  ASSERT_TRUE(replace_file(path(), bytes));
  const auto store = Store::open(path());
  ASSERT_TRUE(store) << store.error().message;
  const auto checked = (*store)->check();
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("is damaged"));
  EXPECT_EQ(checked.error().message.find('\n'), std::string::npos);
  EXPECT_FALSE((*store)->detections({.limit = 0})) << "an error, and no half of an answer";
}

TEST_F(OpenTest, AFileCutShortIsNoCrash) {
  {
    const auto store = opened(path());
    for (std::uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(store->put(made_up(i)));
  }
  const auto bytes = *read_file(path());
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{50}, std::size_t{100}, std::size_t{4096}, bytes.size() / 2}) {
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(path().string() + suffix);
    ASSERT_TRUE(replace_file(path(), bytes.substr(0, size)));
    auto store = Store::open(path());
    if (!store) continue;
    EXPECT_FALSE((*store)->check()) << size;
  }
}

/// A disk that is full from here on.
class FullDisk {
 public:
  explicit FullDisk(rlim_t size) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit small{size, limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit limit_{};
  void (*before_)(int);
};

TEST_F(OpenTest, AFullDiskLosesOnlyWhatItRefuses) {
  const auto store = opened(path());
  std::uint64_t put = 0;
  std::string why;
  {
    const FullDisk full(300'000);
    for (; put < 200; ++put) {
      auto one = made_up(put);
      one.report += std::string(10'000, ' ');
      if (const auto done = store->put(one); !done) {
        why = done.error().message;
        break;
      }
    }
    EXPECT_THAT(why, HasSubstr("cannot be read or written"));
    EXPECT_EQ(why.find('\n'), std::string::npos);
    EXPECT_FALSE(store->saw(day_of(kNoon), "r", std::vector<WorkloadLevel>(1)));
    EXPECT_EQ(store->detections({.limit = 0})->size(), put) << "what was taken can be read";
  }
  ASSERT_GT(put, 0U);
  EXPECT_TRUE(store->put(made_up(1000))) << "there is room again";
  EXPECT_EQ(store->detections({.limit = 0})->size(), put + 1);
  EXPECT_TRUE(store->watched(Day{})->empty());
  EXPECT_TRUE(store->check());
}

TEST_F(OpenTest, NoRoomInTheDatabaseIsSaidSo) {
  { const auto store = opened(path()); }
  const auto database = Database::open(path(), Database::Access::kWrite, std::chrono::milliseconds(100));
  ASSERT_TRUE(database);
  ASSERT_TRUE((*database)->script("PRAGMA max_page_count = 30;"));
  const std::string large(200'000, 'x');
  const auto put = (*database)->run("INSERT INTO days(day, release) VALUES('2026-01-01', ?)", large);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().message, path().string() + ": the disk is full and nothing of this was written: make room");
  EXPECT_FALSE((*database)->in_transaction());
  EXPECT_EQ(*(*database)->number("SELECT count(*) FROM days"), 0);
}

// Migrations
// -------------------------------------------------------------------------------------------------------------

TEST(Schema, WhatWasReleasedIsNotEdited) {
  std::vector<std::string> digests;
  for (const Migration& one : migrations()) digests.push_back(sha256_hex(one.sql).substr(0, 16));
  EXPECT_EQ(digests, (std::vector<std::string>{"16069840b8cf8b8e", "b9f884dae46ea095", "46bd83f4ad167c97"}));
  for (std::size_t i = 0; i < migrations().size(); ++i)
    EXPECT_EQ(migrations()[i].version, static_cast<std::int64_t>(i) + 1);
}

TEST_F(OpenTest, AStoreOfVersion1GoesOn) {
  {
    const auto old = plain("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = 1147238009;");
    ASSERT_TRUE(migrate(*old, 1));
    ASSERT_EQ(*old->number("PRAGMA user_version"), 1);
    ASSERT_TRUE(
        old->run("INSERT INTO verdicts(detection, word, who, why, time, exe_sha256, image, score, release) "
                 "VALUES('aaaa', 'miner', 'ann', 'x', 7, '', '', 0.5, 'r')"));
  }
  refused("is of an older davy: `davy store check` brings it up to date", Error::Kind::kBadInput, {.read_only = true});
  const auto store = opened(path());
  ASSERT_EQ(store->verdicts("aaaa")->size(), 1U);
  EXPECT_TRUE(store->watched(Day{} + std::chrono::days(1), "r", 1, 1));
  EXPECT_EQ(store->watched(Day{})->size(), 1U);
  EXPECT_TRUE(opened(path(), {.read_only = true})->check());
}

TEST_F(OpenTest, AStepThatFailsLeavesTheVersionBefore) {
  const auto old = plain("PRAGMA application_id = 1147238009; CREATE TABLE levels(x);");
  EXPECT_FALSE(migrate(*old, newest_version())) << "levels is there already";
  EXPECT_EQ(*old->number("PRAGMA user_version"), 1);
  EXPECT_EQ(*old->number("SELECT count(*) FROM sqlite_schema WHERE name IN ('days', 'states')"), 0);
  EXPECT_FALSE(old->in_transaction());
}

TEST_F(OpenTest, WhatWasSaidStays) {
  {
    const auto store = opened(path());
    ASSERT_TRUE(store->put(made_up(1)));
    ASSERT_TRUE(store->add(made_up_entry()));
    ASSERT_TRUE(store->add(Verdict{made_up(1).id, Verdict::Word::kMiner, "ann", "x", kNoon}));
    ASSERT_TRUE(store->set({{}, "r", "", 0.5, "ann", "x", kNoon}));
  }
  const auto database = Database::open(path(), Database::Access::kWrite, {});
  for (const std::string sql :
       {"DELETE FROM verdicts", "UPDATE verdicts SET word = 'not-miner'", "DELETE FROM allow_entries",
        "UPDATE allow_entries SET image = 'y'", "UPDATE allow_entries SET expires = expires + 1",
        "DELETE FROM thresholds", "UPDATE thresholds SET threshold = 0.1"}) {
    EXPECT_FALSE((*database)->run(sql)) << sql;
  }
  EXPECT_TRUE((*database)->run("UPDATE allow_entries SET told = 1"));
}

// Backup
// -----------------------------------------------------------------------------------------------------------------

TEST_F(OpenTest, ABackupIsAWholeStoreWhileOthersWrite) {
  const auto store = opened(path());
  ASSERT_TRUE(store->put(made_up(1)));
  ASSERT_TRUE(replace_file(dir_ / "copy.db", "an older one"));
  const auto other = opened(path());
  ASSERT_TRUE(store->backup(dir_ / "copy.db"));
  ASSERT_TRUE(other->put(made_up(2)));
  EXPECT_EQ(mode_of(dir_ / "copy.db"), 0600U);
  {
    const auto copy = opened(dir_ / "copy.db");
    EXPECT_TRUE(copy->check());
    EXPECT_EQ(copy->detections({})->size(), 1U);
    const auto refused = store->backup(dir_ / "copy.db");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("a store is in use there"));
  }
  EXPECT_FALSE(store->backup(path())) << "not on itself";
  EXPECT_FALSE(store->backup(dir_ / "no" / "copy.db"));
  EXPECT_TRUE(store->put(made_up(3))) << "its locks are still its own";
  EXPECT_EQ(store->detections({})->size(), 3U);
}

}  // namespace
}  // namespace davy::store
