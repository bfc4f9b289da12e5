#include "train/decision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace davy::train {
namespace {

struct Made {
  std::vector<double> score;
  std::vector<std::uint8_t> miner;
  std::vector<std::uint32_t> program;

  void add(std::uint32_t of, bool is_miner, double value) {
    score.push_back(value);
    miner.push_back(is_miner ? 1 : 0);
    program.push_back(of);
  }
  [[nodiscard]] ProgramWindows windows() const { return {score, miner, program}; }
};

double normal(CounterRandom& random) {
  return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * M_PI * random.uniform());
}

/// Scores whose part `shared` of the variance is the program's own; miners' are higher.
Made made(double shared, std::uint32_t programs, std::uint32_t windows, std::uint64_t seed) {
  CounterRandom random(seed);
  Made made;
  for (std::uint32_t p = 0; p < programs; ++p) {
    const bool miner = p % 3 == 0;
    const double own = std::sqrt(shared) * normal(random);
    const std::uint32_t of_it = windows / 2 + static_cast<std::uint32_t>(random.below(windows));
    for (std::uint32_t w = 0; w < of_it; ++w)
      made.add(p, miner, (miner ? 0.7 : 0.3) + 0.1 * (own + std::sqrt(1 - shared) * normal(random)));
  }
  return made;
}

TEST(IntraclassCorrelation, FindsWhatIsThere) {
  for (const double shared : {0.0, 0.3, 0.6, 0.9}) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
      sum += intraclass_correlation(made(shared, 300, 20, seed).windows());
    EXPECT_NEAR(sum / 20, shared, 0.02) << "the labels' distance must not count";
  }
}

TEST(IntraclassCorrelation, OnACaseDoneByHand) {
  Made m;
  for (const double score : {1.0, 2.0}) m.add(0, false, score);
  for (const double score : {4.0, 5.0}) m.add(1, false, score);
  // between 9 / 1, within 1 / 2, two windows each: (9 - 0.5) / (9 + 0.5)
  EXPECT_NEAR(intraclass_correlation(m.windows()), 8.5 / 9.5, 1e-12);
}

TEST(IntraclassCorrelation, IsOneWhereNothingIsKnown) {
  Made one;
  for (const double score : {0.1, 0.2, 0.3}) one.add(0, false, score);
  EXPECT_EQ(intraclass_correlation(one.windows()), 1);
  Made lone;
  lone.add(0, false, 0.1);
  lone.add(1, false, 0.7);
  EXPECT_EQ(intraclass_correlation(lone.windows()), 1);
  Made copies;
  for (std::uint32_t p = 0; p < 3; ++p) {
    for (int i = 0; i < 4; ++i) copies.add(p, false, 0.5);
  }
  EXPECT_EQ(intraclass_correlation(copies.windows()), 1);
}

TEST(Accumulation, AProgramWeighsTheSameHoweverLongItWasSeen) {
  const Made few = made(0.8, 60, 10, 1);
  Made many = few;
  for (std::size_t i = 0; i < few.score.size(); ++i) {
    if (few.program[i] != 1) continue;
    for (int copy = 0; copy < 50; ++copy) many.add(1, few.miner[i] != 0, few.score[i]);
  }
  const model::Accumulation a = fit_accumulation(few.windows()), b = fit_accumulation(many.windows());
  EXPECT_NEAR(a.slope, b.slope, 1e-6);
  EXPECT_NEAR(a.offset, b.offset, 1e-6);
}

TEST(Accumulation, MinersScoresSpeakForMiningAndHonestOnesAgainst) {
  const model::Accumulation fitted = fit_accumulation(made(0.8, 90, 20, 2).windows());
  EXPECT_EQ(model::fault_of(model::Decision(fitted)), nullptr);
  EXPECT_GT(fitted.slope * 0.7 + fitted.offset, 1);
  EXPECT_LT(fitted.slope * 0.3 + fitted.offset, -1);
  EXPECT_NEAR(fitted.slope * 0.5 + fitted.offset, 0, 0.7) << "even odds lie between, though honest programs are more";
}

TEST(Accumulation, ScoresThatTellNothingAreWorthNothing) {
  Made upside_down = made(0.5, 60, 10, 3);
  for (std::uint8_t& miner : upside_down.miner) miner = miner == 0 ? 1 : 0;
  const model::Accumulation fitted = fit_accumulation(upside_down.windows());
  EXPECT_EQ(fitted.slope, 0) << "what speaks against must not speak for";
  EXPECT_EQ(fitted.offset, 0);
}

}  // namespace
}  // namespace davy::train
