#include "base/file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/scratch_folder_test.h"

namespace davy {
namespace {

class FileTest : public ::testing::Test {
 protected:
  ScratchFolder dir_;
};

TEST_F(FileTest, ReadsWhatWasWritten) {
  const std::string bytes("\0\n\xff binary", 10);
  ASSERT_TRUE(replace_file(dir_ / "f", "older and longer than that"));
  ASSERT_TRUE(replace_file(dir_ / "f", bytes));
  EXPECT_EQ(*read_file(dir_ / "f"), bytes);
}

TEST_F(FileTest, AMissingFileIsOneLine) {
  const auto got = read_file(dir_ / "none");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, "cannot read " + (dir_ / "none").string() + ": there is no such file");
  EXPECT_EQ(got.error().kind, Error::Kind::kBadInput);
  EXPECT_FALSE(read_file(dir_.path()));
}

TEST_F(FileTest, AFailedWriteLeavesWhatStoodThere) {
  std::filesystem::create_directories(dir_ / "taken" / "inside");
  EXPECT_FALSE(replace_file(dir_ / "taken", "x"));  // a directory that is not empty cannot be replaced
  EXPECT_TRUE(std::filesystem::exists(dir_ / "taken" / "inside"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path()), {}), 1) << "the part is cleaned up";
  EXPECT_FALSE(replace_file("/dev/full/x", "x"));
}

TEST_F(FileTest, DevicesAreWrittenToNotReplaced) {
  EXPECT_TRUE(replace_file("/dev/null", "x"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  const Status full = replace_file("/dev/full", "x");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().message, "cannot write /dev/full: No space left on device");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(Bytes, ComeBackAndEndInZeros) {
  ByteWriter writer;
  writer.put<std::uint16_t>(7);
  writer.put(0.5);
  writer.text("ab");
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.get<std::uint16_t>(), 7);
  EXPECT_EQ(reader.get<double>(), 0.5);
  EXPECT_TRUE(reader.has(3, 2));
  EXPECT_FALSE(reader.has(4, 2));
  EXPECT_EQ(reader.text(), "ab");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.get<std::uint32_t>(), 0U);
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, ALengthThatLiesReadsNothing) {
  ByteReader reader(std::string_view("\xff\xff\xff\xff rest", 9));
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.left(), 0U);
}

}  // namespace
}  // namespace davy
