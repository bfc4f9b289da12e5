#include "dataset/hold_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "base/scratch_folder_test.h"

namespace davy::dataset {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::filesystem::path kCommitted = std::filesystem::path(DAVY_SOURCE_DIR) / "corpus/holdout.json";

class HoldOutFile : public ::testing::Test {
 protected:
  Result<HoldOut> read(const std::string& bytes) {
    std::ofstream(path_, std::ios::trunc) << bytes;
    return read_hold_out(path_);
  }
  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "holdout.json";
};

TEST_F(HoldOutFile, TheCommittedOneIsWhatItsRuleDraws) {
  const auto held = read_hold_out(kCommitted);
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_THAT(held->tricks, SizeIs(4));
  EXPECT_THAT(held->families, SizeIs(79)) << "77 honest, 2 of miners";
}

TEST_F(HoldOutFile, SealsFamiliesAndTricks) {
  const HoldOut held{{"pari"}, {"relay"}};
  EXPECT_EQ(held.why("pari", ""), "family");
  EXPECT_EQ(held.why("xmrig", "relay"), "trick");
  EXPECT_EQ(held.why("xmrig", "memfd"), "");
  EXPECT_EQ(held.why("xmrig", ""), "");
}

TEST_F(HoldOutFile, WithoutOneNothingIsSealed) {
  const auto held = read_hold_out(path_);
  ASSERT_TRUE(held);
  EXPECT_THAT(held->families, IsEmpty());
}

TEST_F(HoldOutFile, OneThatWasAlteredIsRefused) {
  const std::string bytes = *read_file(kCommitted);
  const std::string sealed = *read_hold_out(kCommitted)->tricks.begin();
  std::string altered = bytes;
  const std::string quoted = "\"" + sealed + "\"";
  altered.replace(altered.rfind(quoted), quoted.size(), "\"another\"");
  const auto held = read(altered);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().kind, Error::Kind::kBadInput);
  EXPECT_THAT(held.error().message, HasSubstr("it was altered"));
}

TEST_F(HoldOutFile, WhatIsNoneIsRefused) {
  for (const char* bytes : {"", "[]", "{}", R"({"seed": 1})", R"({"seed": "s", "share": 0.25, "sealed": {}})"}) {
    const auto held = read(bytes);
    ASSERT_FALSE(held) << bytes;
    EXPECT_THAT(held.error().message, HasSubstr("is no hold-out")) << bytes;
  }
}

}  // namespace
}  // namespace davy::dataset
