#include "train/exemplars.h"

#include <gtest/gtest.h>

#include "train/boost.h"
#include "train/planted_test.h"

namespace davy::train {
namespace {

struct Learned {
  dataset::Examples examples = Planted{}.make(1);
  model::Scorer scorer = *train_boosted(examples, {.trees = 20});
};

TEST(Exemplars, AreAWindowOfEachProgramByNameAndAge) {
  Learned made;
  const std::size_t half = made.examples.rows.size() / 2;
  for (std::size_t i = 0; i < half; ++i) made.examples.rows[i].age_s = 10;
  const auto kept = exemplars(made.examples, made.scorer);
  ASSERT_EQ(kept.size(), 36U) << "windows of a program are of one age";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].miner, kept[i].family.starts_with("miner-"));
    EXPECT_TRUE(kept[i].program.starts_with(kept[i].family));
    EXPECT_LE(kept[i == 0 ? 0 : i - 1].program, kept[i].program);
    bool there = false;
    for (std::size_t row = 0; row < made.examples.rows.size(); ++row) {
      const auto values = made.examples.row(row);
      there |= made.examples.run_of(row).program == kept[i].program &&
               std::equal(values.begin(), values.end(), kept[i].row.begin(), kept[i].row.end());
    }
    EXPECT_TRUE(there) << "a window of its own";
  }
  made.examples.rows[0].age_s = 300;
  EXPECT_EQ(exemplars(made.examples, made.scorer).size(), 37U) << "young and old";
}

TEST(Exemplars, AreOfTheMajorityOfAProgramsWindows) {
  Learned made;
  const auto odd = made.examples.row(0);
  std::vector<float> changed(odd.begin(), odd.end());
  for (float& value : changed) value += 100;
  std::copy(changed.begin(), changed.end(), made.examples.values.begin());
  const auto kept = exemplars(made.examples, made.scorer);
  for (const auto& one : kept) EXPECT_NE(one.row, changed) << "one odd window among ten";
}

TEST(Exemplars, AreNoneOfAScorerThatGivesNoReasons) {
  const Learned made;
  EXPECT_TRUE(exemplars(made.examples, model::Rules{}).empty());
}

TEST(Exemplars, HelpersAndWhatIsInNoClassAreNone) {
  Learned made;
  for (auto& row : made.examples.rows) row.helper = true;
  made.examples.rows[0] = {.run = 0, .label = event::Label::kUnknown};
  EXPECT_TRUE(exemplars(made.examples, made.scorer).empty());
}

}  // namespace
}  // namespace davy::train
