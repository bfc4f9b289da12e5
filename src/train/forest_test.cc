#include "train/forest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "model/model.h"
#include "train/planted_test.h"

namespace davy::train {
namespace {

using ::testing::HasSubstr;

ForestOptions small(std::uint64_t seed = 1, std::size_t threads = 1) {
  ForestOptions options;
  options.seed = seed;
  options.threads = threads;
  options.trees = 60;
  return options;
}

std::string digest_of(const model::Forest& forest) {
  model::Model model;
  model.scorer = forest;
  return model::digest(model);
}

TEST(TrainForest, IsTheSameForAnyNumberOfThreads) {
  const dataset::Examples examples = Planted{}.make(1);
  ForestOptions options = small();
  options.groups = {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3};
  options.drop_group = 0.2;
  const GrownForest one = *train_forest(examples, options);
  for (const std::size_t threads : {2, 4, 7}) {
    options.threads = threads;
    const GrownForest many = *train_forest(examples, options);
    EXPECT_EQ(many.forest, one.forest);
    EXPECT_EQ(many.out_of_bag, one.out_of_bag);
  }
}

TEST(TrainForest, ItsDigestIsPinned) {
  EXPECT_EQ(digest_of(train_forest(Planted{}.make(1), small())->forest),
            "332c518169826873d648b53a8dedd1a8b96a109c0a0c728317974cb77c80d65c");
}

TEST(TrainForest, ManyOfOneGroundAreThoseOfTheirOwn) {
  const dataset::Examples examples = Planted{}.make(1);
  const auto ground = ground_of(examples);
  ASSERT_TRUE(ground);
  for (const std::uint64_t seed : {1, 2, 3}) {
    ForestOptions options = small(seed);
    const GrownForest alone = *train_forest(examples, options);
    options.score_out_of_bag = false;
    const GrownForest shared = *train_forest(*ground, options);
    EXPECT_EQ(shared.forest, alone.forest);
    EXPECT_TRUE(shared.out_of_bag.empty());
  }
}

TEST(TrainForest, SeedsGiveOtherForests) {
  const dataset::Examples examples = Planted{}.make(1);
  EXPECT_NE(train_forest(examples, small(1))->forest, train_forest(examples, small(2))->forest);
}

/// Share of pairs (miner program's window, honest program's) that fresh scores order rightly.
double ranked_right(const model::Forest& forest, const dataset::Examples& fresh) {
  double right = 0;
  double pairs = 0;
  for (std::size_t a = 0; a < fresh.rows.size(); ++a) {
    if (fresh.rows[a].label != event::Label::kMiner) continue;
    for (std::size_t b = 0; b < fresh.rows.size(); ++b) {
      if (fresh.rows[b].label != event::Label::kBenign) continue;
      const double lead = model::score(forest, fresh.row(a)) - model::score(forest, fresh.row(b));
      right += lead > 0 ? 1 : lead == 0 ? 0.5 : 0;
      ++pairs;
    }
  }
  return right / pairs;
}

TEST(TrainForest, LearnsThePlantedProblem) {
  const model::Forest forest = train_forest(Planted{}.make(1), small())->forest;
  EXPECT_GT(ranked_right(forest, Planted{}.make(2)), 0.95);
}

TEST(TrainForest, OutOfBagScoresForetellFreshOnes) {
  const dataset::Examples examples = Planted{}.make(1);
  ForestOptions options = small();
  options.trees = 300;
  const GrownForest grown = *train_forest(examples, options);
  const dataset::Examples fresh = Planted{}.make(2);
  double error_out_of_bag = 0;
  double error_fresh = 0;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    const double truth = examples.rows[i].label == event::Label::kMiner ? 1 : 0;
    ASSERT_GT(grown.out_of_bag_trees[i], 0U);
    error_out_of_bag += std::abs(grown.out_of_bag[i] - truth);
    error_fresh += std::abs(model::score(grown.forest, fresh.row(i)) - truth);
  }
  EXPECT_NEAR(error_out_of_bag, error_fresh, 0.3 * error_fresh);
  EXPECT_GT(error_out_of_bag, 1) << "scores of trees that saw the family would be almost perfect";
}

TEST(TrainForest, AFamilyOutOfTheBagIsOutAsAWhole) {
  const dataset::Examples examples = Planted{}.make(1);
  const GrownForest grown = *train_forest(examples, small());
  for (std::size_t i = 1; i < examples.rows.size(); ++i) {
    if (examples.run_of(i).family == examples.run_of(i - 1).family) {
      EXPECT_EQ(grown.out_of_bag_trees[i], grown.out_of_bag_trees[i - 1]);
    }
    // (1 - 1/6)^6 = 0.33 and (1 - 1/12)^12 = 0.35 of 60 trees, within 4 s.d.
    EXPECT_NEAR(grown.out_of_bag_trees[i], 20, 15);
  }
}

TEST(TrainForest, ProgramsWeighTheSameWhateverTheirWindows) {
  dataset::Examples examples = Planted{}.make(1);
  const dataset::Examples once = examples;
  for (std::size_t i = 0; i < 10; ++i) {  // the first program's windows ten times over
    for (int copy = 0; copy < 9; ++copy) examples.add(once.rows[i], once.row(i));
  }
  const model::Forest a = train_forest(once, small())->forest;
  const model::Forest b = train_forest(examples, small())->forest;
  ASSERT_EQ(a.trees.size(), b.trees.size());
  for (std::size_t tree = 0; tree < a.trees.size(); ++tree) {
    ASSERT_EQ(a.trees[tree].size(), b.trees[tree].size());
    for (std::size_t i = 0; i < a.trees[tree].size(); ++i) {
      EXPECT_NEAR(a.trees[tree][i].cover, b.trees[tree][i].cover, 1e-9);
      EXPECT_EQ(a.trees[tree][i].threshold, b.trees[tree][i].threshold);
    }
  }
}

TEST(TrainForest, BalancedTreesStartEven) {
  const GrownForest grown = *train_forest(Planted{}.make(1), small());
  for (const model::Tree& tree : grown.forest.trees) EXPECT_NEAR(tree[0].value, 0.5, 1e-12);
  ForestOptions plain = small();
  plain.class_weights = ClassWeights::kNone;
  const GrownForest unbalanced = *train_forest(Planted{}.make(1), plain);
  for (const model::Tree& tree : unbalanced.forest.trees) {
    EXPECT_NEAR(tree[0].value, 6.0 / 18, 1e-12);
  }
}

TEST(TrainForest, DroppedGroupsAreAbsentFromATree) {
  ForestOptions options = small();
  options.groups = {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3};
  options.drop_group = 0.5;
  const GrownForest grown = *train_forest(Planted{}.make(1), options);
  std::size_t without_first = 0;
  for (const model::Tree& tree : grown.forest.trees) {
    std::set<int> used;
    for (const model::Node& node : tree) {
      if (!node.is_leaf()) used.insert(options.groups[node.feature]);
    }
    without_first += used.contains(0) ? 0 : 1;
  }
  EXPECT_NEAR(static_cast<double>(without_first), 30, 16);  // 4 s.d. of 60 trees
}

TEST(TrainForest, OnlyFeaturesThatMayBeUsedAre) {
  ForestOptions options;
  options.trees = 20;
  options.features = {1, 2, 4};
  const GrownForest grown = *train_forest(Planted{}.make(1), options);
  std::set<std::uint16_t> used;
  for (const auto& tree : grown.forest.trees) {
    for (const auto& node : tree) {
      if (!node.is_leaf()) used.insert(node.feature);
    }
  }
  EXPECT_THAT(used, ::testing::IsSubsetOf({1, 2, 4}));
  EXPECT_FALSE(used.empty());
  options.features = {60'000};
  EXPECT_FALSE(train_forest(Planted{}.make(1), options).ok());
}

TEST(TrainForest, RowsInNeitherClassTakeNoPart) {
  const dataset::Examples clean = Planted{}.make(1);
  dataset::Examples examples = clean;
  examples.runs.push_back({.program = "dropper", .family = "dropper"});
  const auto run = static_cast<std::uint32_t>(examples.runs.size() - 1);
  for (int i = 0; i < 50; ++i) {
    examples.add({run, 0, 60, dataset::Scope::kProcess, event::Label::kMaliciousNotMiner, {}}, clean.row(0));
  }
  const GrownForest grown = *train_forest(examples, small());
  EXPECT_EQ(grown.forest, train_forest(clean, small())->forest);
  EXPECT_EQ(grown.out_of_bag_trees.back(), 0U);
}

TEST(TrainForest, BadInputIsOneLineWithTheWayOut) {
  const dataset::Examples examples = Planted{}.make(1);
  const auto refusal = [](const dataset::Examples& some, ForestOptions options = {}) {
    options.trees = std::min<std::size_t>(options.trees, 2);
    const auto grown = train_forest(some, options);
    return grown ? "" : grown.error().message;
  };
  const auto only = [&](event::Label label) {
    return filtered(examples, [&](std::size_t i) { return examples.rows[i].label == label; });
  };
  EXPECT_THAT(refusal(only(event::Label::kBenign)), HasSubstr("--label miner"));
  EXPECT_THAT(refusal(only(event::Label::kMiner)), HasSubstr("--label benign"));
  const auto one_honest = filtered(examples, [&](std::size_t i) {
    return examples.rows[i].label == event::Label::kMiner || examples.run_of(i).family == "honest-7";
  });
  EXPECT_THAT(refusal(one_honest), HasSubstr("one honest family only (honest-7)"));
  dataset::Examples broken = examples;
  broken.values[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refusal(broken), HasSubstr("not finite"));
  ForestOptions options;
  options.tree.depth = 1000;
  EXPECT_THAT(refusal(examples, options), HasSubstr("depth"));
  options = {};
  options.trees = 0;
  EXPECT_THAT(refusal(examples, options), HasSubstr("one tree"));
}

}  // namespace
}  // namespace davy::train
