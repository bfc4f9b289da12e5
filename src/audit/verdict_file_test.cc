#include "audit/verdict_file.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/scratch_folder_test.h"

namespace davy::audit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class VerdictFile : public ::testing::Test {
 protected:
  [[nodiscard]] std::string refusal(const std::string& digest = "d1") const {
    const Status status = check_audited(path_, digest);
    return status ? "" : status.error().message;
  }
  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "a.davyset";
  Verdict green_{.dataset = "d1", .findings = {{Check::kFamilies, Severity::kNote, "two spellings", {}}}};
};

TEST_F(VerdictFile, OneNeverAuditedIsRefused) {
  EXPECT_THAT(refusal(), AllOf(HasSubstr("never audited"), HasSubstr("davy dataset audit")));
}

TEST_F(VerdictFile, AGreenOneIsGood) {
  ASSERT_TRUE(save(green_, path_));
  EXPECT_EQ(refusal(), "");
}

TEST_F(VerdictFile, OneOfAnotherDatasetIsRefused) {
  ASSERT_TRUE(save(green_, path_));
  EXPECT_THAT(refusal("d2"), HasSubstr("not what was audited"));
}

TEST_F(VerdictFile, OneOfAnotherAuditIsRefused) {
  ASSERT_TRUE(save(green_, path_));
  std::string line = *read_file(verdict_path(path_));
  const std::string now = fmt::format("\"version\":{}", kAuditVersion);
  line.replace(line.find(now), now.size(), "\"version\":1");
  std::ofstream(verdict_path(path_), std::ios::trunc) << line;
  EXPECT_THAT(refusal(), HasSubstr("by another version of davy"));
}

TEST_F(VerdictFile, ARedOneIsRefusedWithItsFirstFinding) {
  Verdict red = green_;
  red.findings.push_back({Check::kAssociation, Severity::kRed, "port tells", {{"p", 0.001}}});
  ASSERT_TRUE(save(red, path_));
  EXPECT_THAT(refusal(), HasSubstr("red (port tells)"));
}

TEST_F(VerdictFile, WhatIsNoVerdictIsRefused) {
  for (const char* bytes : {"", "{", "[1]\n", "{\"type\":\"audit\"}\n", "{\"type\":1}\n"}) {
    std::ofstream(verdict_path(path_), std::ios::trunc) << bytes;
    EXPECT_THAT(refusal(), HasSubstr("davy dataset audit")) << bytes;
  }
}

TEST_F(VerdictFile, AFindingIsOneObject) {
  const auto json = to_json(Finding{Check::kProbe, Severity::kRed, "told", {{"p", 0.5}}});
  EXPECT_EQ(json.dump(), R"({"check":"probe","figures":{"p":0.5},"severity":"red","type":"finding","what":"told"})");
  EXPECT_EQ(to_json(green_)["verdict"], "green");
  EXPECT_EQ(to_json(green_)["notes"], 1);
}

}  // namespace
}  // namespace davy::audit
