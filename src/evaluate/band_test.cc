#include "evaluate/band.h"

#include <gtest/gtest.h>

#include "evaluate/made_up_test.h"

namespace davy::evaluate {
namespace {

bool miner(const dataset::Run& run) { return run.label == event::Label::kMiner; }
bool honest(const dataset::Run& run) { return run.label == event::Label::kBenign; }

/// Every window judged once a repeat, in the fold of its family; `probability` of its row.
template <typename Probability>
std::vector<Done> judged(const dataset::Examples& examples, std::uint32_t repeats, Probability probability) {
  std::vector<Done> done;
  for (std::uint32_t repeat = 0; repeat < repeats; ++repeat) {
    for (std::uint32_t fold = 0; fold < 3; ++fold) {
      Done one;
      one.job.repeat = repeat;
      one.job.fold = fold;
      for (std::uint32_t row = 0; row < examples.rows.size(); ++row) {
        const std::string& family = examples.run_of(row).family;
        if ((std::hash<std::string>{}(family) + repeat) % 3 != fold) continue;
        WindowScore window;
        window.row = row;
        window.probability = window.score = probability(row);
        one.fold.windows.push_back(window);
      }
      done.push_back(std::move(one));
    }
  }
  return done;
}

std::vector<BandPoint> band(const dataset::Examples& examples, const std::vector<Done>& done) {
  std::vector<const Done*> all;
  for (const Done& one : done) all.push_back(&one);
  return band_of(Units(examples), all, miner, honest, 3);
}

TEST(Band, WhereTheyArePartedWhollyItSaysHowLittleThatProves) {
  const dataset::Examples examples = MadeUp{.miner_families = 6, .honest_families = 12}.make(1);
  const auto points = band(examples, judged(examples, 2, [&](std::uint32_t row) {
                             return examples.rows[row].label == event::Label::kMiner ? 0.9 : 0.1;
                           }));
  ASSERT_EQ(points.size(), 20U);
  // All windows of miners have one score, so every point is that of all: exact for 6 of 6 and 0 of 12.
  const double recall = clopper_pearson(6, 6, 0.025).low, alarms = clopper_pearson(0, 12, 0.025).high;
  for (const BandPoint& point : points) {
    EXPECT_NEAR(point.low, precision_at(1.0 / 3, recall, alarms), 1e-9);
    EXPECT_EQ(point.high, 1);
  }
  EXPECT_DOUBLE_EQ(points.front().recall, 0.05);
  EXPECT_DOUBLE_EQ(points.back().recall, 1);
}

TEST(Band, IsNarrowerWithMoreFamilies) {
  double before = 2;
  for (const int times : {1, 4, 16}) {
    const dataset::Examples examples =
        MadeUp{.miner_families = 6 * times, .honest_families = 12 * times, .programs = 1, .runs = 2}.make(2);
    const auto points = band(examples, judged(examples, 1, [&](std::uint32_t row) {
                               const bool mines = examples.rows[row].label == event::Label::kMiner;
                               return static_cast<double>((row * 7 + (mines ? 3 : 0)) % 10) / 10;
                             }));
    ASSERT_EQ(points.size(), 20U);
    const double width = points[9].high - points[9].low;
    EXPECT_LT(width, before);
    before = width;
  }
}

TEST(Band, OfNothingThereIsNone) { EXPECT_TRUE(band(MadeUp{}.make(1), {}).empty()); }

}  // namespace
}  // namespace davy::evaluate
