#include "dataset/dataset_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/hash.h"
#include "base/scratch_folder_test.h"
#include "dataset/counts.h"
#include "dataset/groups.h"
#include "feature/schema.h"

namespace davy::dataset {
namespace {

using event::Label;
using ::testing::HasSubstr;

Examples sample() {
  Examples examples;
  examples.schema = 0xabc;
  examples.features = 3;
  examples.runs.push_back({.file = "a \"quoted\".davy",
                           .digest = "d1",
                           .program = "p",
                           .family = "f",
                           .run = "1",
                           .label = Label::kMiner,
                           .source = event::Source::kMalware,
                           .twin = true,
                           .started = WallTime(nanoseconds(123456789)),
                           .provenance = {{"port", "3333"}, {"place", "a \"quoted\" one"}},
                           .seen = {{"seconds", "200"}}});
  examples.runs.push_back(
      {.file = "b\xff.davy", .digest = "d2", .program = "q", .family = "f", .label = Label::kBenign});
  examples.add({0, 1, 20, Scope::kWorkload, Label::kMiner, WallTime(nanoseconds(-5))}, std::vector<float>{1, -2.5F, 0});
  examples.add({1, 0, 600, Scope::kProcess, Label::kBenign, {}}, std::vector<float>{1, 3, 0});
  return examples;
}

std::string sealed(std::string body) { return body + sha256_hex(body); }

TEST(DatasetFile, ComesBackTheSame) {
  Examples examples = sample();
  examples.runs[1].file = "b.davy";
  const auto back = from_bytes(to_bytes(examples));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, examples);
  EXPECT_EQ(to_bytes(*back), to_bytes(examples));
}

TEST(DatasetFile, NamesThatAreNoTextAreKeptReadable) {
  const auto back = from_bytes(to_bytes(sample()));
  ASSERT_TRUE(back);
  EXPECT_THAT(back->runs[1].file, HasSubstr(".davy"));
}

TEST(DatasetFile, ItsHeadIsForPeople) {
  const std::string bytes = to_bytes(sample());
  const std::size_t first = bytes.find('\n');
  EXPECT_EQ(bytes.substr(0, first), "DAVYDATA3");
  const auto manifest = nlohmann::json::parse(bytes.substr(first + 1, bytes.find('\n', first + 1) - first - 1));
  EXPECT_EQ(manifest["schema"], "0000000000000abc");
  EXPECT_EQ(manifest["rows"], 2);
  EXPECT_EQ(manifest["recordings"][0]["digest"], "d1");
  EXPECT_EQ(manifest["counts"]["labels"]["miner"]["examples"], 1);
}

TEST(DatasetFile, EveryTruncationAndFlippedByteIsRefused) {
  const std::string bytes = to_bytes(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) ASSERT_FALSE(from_bytes(bytes.substr(0, size))) << size;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 4);
    ASSERT_FALSE(from_bytes(altered)) << at;
  }
}

TEST(DatasetFile, ManifestsThatLieAreRefused) {
  const auto refusal = [](const std::string& body) {
    const auto back = from_bytes(sealed(body));
    return back ? "" : back.error().message;
  };
  const std::string magic = "DAVYDATA3\n";
  EXPECT_THAT(refusal(magic), HasSubstr("does not end"));
  EXPECT_THAT(refusal(magic + "{}\n"), HasSubstr("manifest"));
  EXPECT_THAT(refusal(magic + "[1,2\n"), HasSubstr("manifest"));
  EXPECT_THAT(refusal(magic + R"({"schema":"1","features":2,"rows":99999999999999,"recordings":[]})" + "\n"),
              HasSubstr("rows"));
  EXPECT_THAT(refusal(magic + R"({"schema":"1","features":0,"rows":-1,"recordings":[]})" + "\n"), HasSubstr("rows"));
  EXPECT_THAT(refusal(magic + R"({"schema":"1","features":1,"rows":1,"recordings":[]})" + "\n" + std::string(24, '\0')),
              HasSubstr("not listed"));
}

TEST(DatasetFile, OlderOnesSayWhatToDo) {
  for (const char* magic : {"DAVYDATA1", "DAVYDATA2"}) {
    const auto back = from_bytes(sealed(std::string(magic) + "\n{}\n"));
    ASSERT_FALSE(back);
    EXPECT_THAT(back.error().message, HasSubstr("older davy"));
    EXPECT_THAT(back.error().message, HasSubstr("davy dataset build"));
  }
}

TEST(DatasetFile, OfAnotherSchemaSaysWhatToDo) {
  const ScratchFolder folder;
  const auto path = folder / "other.davyset";
  ASSERT_TRUE(save(sample(), path));
  const auto loaded = load(path);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("davy dataset build"));
  EXPECT_THAT(loaded.error().message, HasSubstr("0000000000000abc"));
  std::filesystem::remove(path);
  EXPECT_THAT(load(path).error().message, HasSubstr("no such file"));
}

TEST(Counts, CountByLabelProgramAndAge) {
  const Counts counts = count(sample());
  EXPECT_EQ(counts.labels.at("miner").runs, 1U);
  EXPECT_EQ(counts.labels.at("benign").examples, 1U);
  EXPECT_EQ(counts.programs.at("miner p").ages.at(20), 1U);
  EXPECT_TRUE(counts.programs.at("miner p").twin);
  EXPECT_EQ(counts.process, 1U);
  EXPECT_EQ(counts.workload, 1U);
  EXPECT_EQ(constant_features(sample()), (std::vector<std::size_t>{0, 2}));
}

TEST(DatasetFile, WhatIsOnlyJudgedByComesBackAndIsCountedApart) {
  Examples examples = sample();
  examples.add({1, 0, 40, Scope::kWorkload, Label::kBenign, {}, false, true, true}, std::vector<float>{2, 3, 0});
  const auto back = from_bytes(to_bytes(examples));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->rows, examples.rows);
  EXPECT_EQ(count(*back).judged, 1U);
  EXPECT_EQ(count(*back).workload, 1U);
  EXPECT_EQ(learned_rows(examples), sample());
}

TEST(Groups, AFamilyWithBothLabelsIsAMiners) {
  Examples examples = sample();
  examples.add({1, 0, 10, Scope::kProcess, Label::kBenign, {}}, std::vector<float>{0, 0, 0});
  examples.add({1, 0, 10, Scope::kProcess, Label::kMaliciousNotMiner, {}}, std::vector<float>{0, 0, 0});
  const Groups groups = group(examples);
  ASSERT_EQ(groups.families.size(), 1U);
  EXPECT_TRUE(groups.families[0].miner);
  EXPECT_EQ(groups.programs, 2U);
  EXPECT_EQ(groups.weight, (std::vector<double>{1, 0.5, 0.5, 0}));
  EXPECT_EQ(groups.family_of[3], Groups::kNone);
}

TEST(Filtered, KeepsOnlyTheRunsOfItsRows) {
  const Examples kept = filtered(sample(), [](std::size_t i) { return i == 1; });
  ASSERT_EQ(kept.runs.size(), 1U);
  EXPECT_EQ(kept.runs[0].program, "q");
  EXPECT_EQ(kept.rows[0].run, 0U);
  EXPECT_EQ(kept.row(0)[1], 3);
}

}  // namespace
}  // namespace davy::dataset
