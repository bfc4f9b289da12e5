#include "detect/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davy::detect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The score is 1 where both features are above 0.5, 0.5 where one is, else 0. Trees know how many of training went
/// where.
model::Tree split_on(std::size_t feature) {
  return {{1, 2, static_cast<std::uint16_t>(feature), 0.5F, 0.5, 10}, {0, 0, 0, 0, 0, 8}, {0, 0, 0, 0, 1, 2}};
}

std::size_t first_of(feature::Group group) {
  const auto catalogue = feature::catalogue();
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    if (catalogue[i].group == group) return i;
  }
  ADD_FAILURE() << "no feature of that group";
  return 0;
}

struct Made {
  std::size_t memory = first_of(feature::Group::kMemory);
  std::size_t rounding = first_of(feature::Group::kRounding);
  model::Model model = made();
  std::optional<model::Explainer> explainer = model::explainer_of(model.scorer);

  [[nodiscard]] model::Model made() const {
    const auto features = feature::catalogue().size();
    model::Model one;
    one.scorer = model::Forest{static_cast<std::uint16_t>(features), {split_on(memory), split_on(rounding)}};
    one.normal.assign(features, {0, 0, 1});
    one.exemplars = {{"quiet", "calm", false, row(0, 0)},
                     {"simulator", "science", false, row(1, 0)},
                     {"digger", "mines", true, row(1, 1)},
                     {"rounder", "odd", true, row(0, 1)}};
    return one;
  }
  [[nodiscard]] feature::Vector row(float in_memory, float in_rounding) const {
    feature::Vector values(feature::catalogue().size(), 0.0F);
    values[memory] = in_memory;
    values[rounding] = in_rounding;
    return values;
  }
  [[nodiscard]] Neighbours::Nearest nearest(const feature::Vector& row) const {
    return Neighbours(model, explainer).nearest(explainer->explain(row).values);
  }
};

TEST(Neighbours, AreTheProgramsThatTheSameSpeaksFor) {
  const Made made;
  const auto both = made.nearest(made.row(1, 1));
  EXPECT_EQ(*both.miner, (event::Neighbour{"digger", "mines", 1}));
  EXPECT_EQ(both.honest->program, "simulator");
  EXPECT_GT(both.honest->likeness, 0);
  EXPECT_LT(both.honest->likeness, 1);
  EXPECT_EQ(made.nearest(made.row(0, 1)).miner->program, "rounder");
  EXPECT_EQ(*made.nearest(made.row(0, 0)).honest, (event::Neighbour{"quiet", "calm", 1}));
}

TEST(Neighbours, AreNoneOfAModelThatKeepsNone) {
  Made made;
  made.model.exemplars.clear();
  const auto none = made.nearest(made.row(1, 1));
  EXPECT_FALSE(none.miner || none.honest);
  made.explainer.reset();
  EXPECT_FALSE(Neighbours(made.model, made.explainer).nearest({}).miner);
}

TEST(Otherwise, NamesTheFewestGroupsThatWouldHaveToBeOrdinary) {
  const Made made;
  const auto one = otherwise(made.model, made.row(1, 1), 0.75);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->groups.size(), 1U) << "either will do";
  EXPECT_EQ(one->score, 0.5);
  const auto two = otherwise(made.model, made.row(1, 1), 0.25);
  ASSERT_TRUE(two);
  EXPECT_THAT(two->groups, ::testing::UnorderedElementsAre("memory", "rounding mode"));
  EXPECT_EQ(two->score, 0);
}

TEST(Otherwise, TakesFirstWhatChangesMost) {
  Made made;
  auto& trees = std::get<model::Forest>(made.model.scorer).trees;
  trees.push_back(split_on(made.memory));  // memory counts twice
  EXPECT_THAT(otherwise(made.model, made.row(1, 1), 0.5)->groups, ElementsAre("memory"));
}

/// What is best alone is needless with what is best with it: 3 of 5 votes, memory has one more than the others, which
/// outvote it together.
TEST(Otherwise, NamesNoneThatIsSuperfluous) {
  Made made;
  const auto talk = first_of(feature::Group::kConversation);
  auto& trees = std::get<model::Forest>(made.model.scorer).trees;
  trees.clear();
  const std::vector<std::pair<std::size_t, int>> votes{{made.memory, 4}, {made.rounding, 3}, {talk, 3}};
  for (const auto& [feature, count] : votes)
    trees.insert(trees.end(), static_cast<std::size_t>(count), split_on(feature));
  feature::Vector row = made.row(1, 1);
  row[talk] = 1;
  const auto found = otherwise(made.model, row, 0.35);  // 10 votes: memory alone leaves 0.6, with one more 0.3
  ASSERT_TRUE(found);
  EXPECT_EQ(found->groups.size(), 2U);
  EXPECT_EQ(found->groups.front(), "memory") << "needed still";
  const auto all = otherwise(made.model, row, 0.05);
  EXPECT_EQ(all->groups.size(), 3U);
}

TEST(Otherwise, WhereLevelsEndAtOneTheWindowsScoreDecides) {
  Made made;
  made.model.decision = model::Accumulation{1000, 0, 0, 12};  // any score is beyond doubt, but 0
  const auto found = otherwise(made.model, made.row(1, 1), 0.9);
  ASSERT_TRUE(found);
  EXPECT_THAT(found->groups, ::testing::UnorderedElementsAre("memory", "rounding mode"));
}

TEST(Otherwise, IsNothingWhereThereIsNoAlertAndNoneWhereNothingWouldHelp) {
  Made made;
  EXPECT_THAT(otherwise(made.model, made.row(0, 0), 0.5)->groups, IsEmpty());
  EXPECT_FALSE(otherwise(made.model, made.row(1, 1), 0)) << "what is ordinary would be alerted too";
  made.model.normal.clear();
  EXPECT_FALSE(otherwise(made.model, made.row(1, 1), 0.5)) << "what is ordinary is not known";
}

TEST(Otherwise, LooksAtWhatWindowsComeToByEvidence) {
  Made made;
  made.model.decision = model::Accumulation{8, -4, 0.5, 12};
  const auto found = otherwise(made.model, made.row(1, 1), 0.9);
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->score, model::steady_level(made.model.decision, 0.5));
}

}  // namespace
}  // namespace davy::detect
