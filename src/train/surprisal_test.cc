#include "train/surprisal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "train/planted_test.h"

namespace davy::train {
namespace {

using ::testing::ElementsAre;

struct Program {
  event::Label label;
  std::vector<float> values;
};

dataset::Examples one_feature(const std::vector<Program>& programs) {
  dataset::Examples examples;
  examples.features = 1;
  for (const Program& program : programs) {
    const auto number = static_cast<std::uint32_t>(examples.runs.size());
    dataset::Run run;
    run.program = run.family = "p" + std::to_string(number);
    run.label = program.label;
    examples.runs.push_back(run);
    for (const float value : program.values)
      examples.add({number, 0, 60, dataset::Scope::kWorkload, program.label, {}}, std::vector{value});
  }
  return examples;
}

constexpr auto kHonest = event::Label::kBenign;
constexpr auto kMiner = event::Label::kMiner;

double down_to_eighths(double level) { return std::floor(level * 8) / 8; }

TEST(Surprisal, IsTheShareOfHonestProgramsThatReachAsMuchAndThoseNobodyReachedAreFewerThanAny) {
  // Three honest programs: one always at 0, one half of its windows at 0 and half at 1, one at 2.
  const auto examples = one_feature({{kHonest, {0, 0, 0, 0}}, {kHonest, {0, 1}}, {kHonest, {2}}, {kMiner, {4}}});
  const auto groups = dataset::group(examples);
  const Surprisal s = Honest(examples, groups).surprisal(0, true);
  EXPECT_EQ(s(-1), 0);
  EXPECT_EQ(s(0), 0);
  EXPECT_EQ(s(1), down_to_eighths(-std::log((1 + 1.5) / 4)));
  EXPECT_EQ(s(2), down_to_eighths(-std::log((1 + 1.0) / 4)));
  EXPECT_EQ(s(4), down_to_eighths(-std::log(1.0 / 4)));
  // Cuts are halfway to what was seen next.
  EXPECT_THAT(s.cuts, ElementsAre(0.5F, 1.5F, 3.0F));
}

TEST(Surprisal, OfLittleMirrorsThatOfMuch) {
  CounterRandom random(3, 0);
  std::vector<Program> up, down;
  for (int i = 0; i < 20; ++i) {
    up.push_back({i < 14 ? kHonest : kMiner, {}});
    for (int k = 0; k < 5; ++k) up.back().values.push_back(static_cast<float>(random.below(40)));
    down.push_back(up.back());
    for (float& value : down.back().values) value = -value;
  }
  const auto rising = one_feature(up), falling = one_feature(down);
  const auto rising_groups = dataset::group(rising), falling_groups = dataset::group(falling);
  const Surprisal more = Honest(rising, rising_groups).surprisal(0, true);
  const Surprisal less = Honest(falling, falling_groups).surprisal(0, false);
  for (std::size_t row = 0; row < rising.rows.size(); ++row) {
    const float value = rising.row(row)[0];
    EXPECT_EQ(more(value), less(-value)) << value;
  }
}

TEST(Surprisal, OnlyRisesAndIsNothingWhereAllAreAlike) {
  const dataset::Examples examples = Planted{}.make(5);
  const auto groups = dataset::group(examples);
  const Honest honest(examples, groups);
  for (std::uint16_t feature = 0; feature < examples.features; ++feature) {
    const Surprisal rising = honest.surprisal(feature, true), falling = honest.surprisal(feature, false);
    for (float x = -1; x < 3; x += 0.01F) {
      EXPECT_LE(rising(x), rising(x + 0.01F));
      EXPECT_GE(falling(x), falling(x + 0.01F));
    }
  }
  const auto alike = one_feature({{kHonest, {7, 7}}, {kHonest, {7}}, {kMiner, {7}}});
  const auto alike_groups = dataset::group(alike);
  const Surprisal s = Honest(alike, alike_groups).surprisal(0, true);
  EXPECT_EQ(s(7), 0);
  EXPECT_EQ(s(7.5F), down_to_eighths(std::log(3)));  // nobody was there, though nobody came either
}

TEST(Surprisal, OfAProgramByTheOthersCountsNothingOfItsOwn) {
  CounterRandom random(9, 0);
  std::vector<Program> programs;
  for (int i = 0; i < 12; ++i) {
    programs.push_back({kHonest, {}});
    for (std::uint64_t k = 0; k < 1 + random.below(6); ++k)
      programs.back().values.push_back(static_cast<float>(random.below(10)));
  }
  const auto examples = one_feature(programs);
  const auto groups = dataset::group(examples);
  const Honest all(examples, groups);
  for (const bool rising : {true, false}) {
    const std::vector<double> of_others = all.of_others(0, rising);
    ASSERT_EQ(of_others.size(), examples.rows.size());
    for (std::size_t i = 0; i < of_others.size(); ++i) {
      const std::uint32_t row = all.rows()[i];
      const float x = examples.row(row)[0];
      double reaching = 0;
      for (std::size_t k = 0; k < programs.size(); ++k) {
        if (k == examples.rows[row].run) continue;
        const auto& values = programs[k].values;
        const auto reach =
            std::count_if(values.begin(), values.end(), [&](float v) { return rising ? v >= x : v <= x; });
        reaching += static_cast<double>(reach) / static_cast<double>(values.size());
      }
      const double exact = -std::log((1 + reaching) / static_cast<double>(programs.size()));
      EXPECT_GT(of_others[i], exact - 0.125 - 1e-6);
      EXPECT_LE(of_others[i], exact + 1e-6);
    }
  }
}

}  // namespace
}  // namespace davy::train
