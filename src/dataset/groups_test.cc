#include "dataset/groups.h"

#include <gtest/gtest.h>

#include <numeric>

namespace davy::dataset {
namespace {

using event::Label;

/// Rows by (program, family, label): a btcd that mines in three windows, a btcd that follows a chain in one, and
/// others.
Examples examples() {
  Examples made;
  made.features = 1;
  struct Of {
    const char* program;
    const char* family;
    Label label;
    int rows;
  };
  for (const Of& of : {Of{"btcd-miner", "btcd", Label::kMiner, 3}, Of{"btcd-node", "btcd", Label::kBenign, 1},
                       Of{"nginx", "nginx", Label::kBenign, 2}, Of{"worm", "worm", Label::kMaliciousNotMiner, 2}}) {
    Run run;
    run.program = of.program;
    run.family = of.family;
    run.label = of.label;
    made.runs.push_back(run);
    for (int i = 0; i < of.rows; ++i) {
      Example example;
      example.run = static_cast<std::uint32_t>(made.runs.size() - 1);
      example.label = of.label;
      made.add(example, std::array{0.0F});
    }
  }
  return made;
}

TEST(Groups, AFamilyOfBothLabelsIsOneAndAMiners) {
  const Groups groups = group(examples());
  ASSERT_EQ(groups.families.size(), 2U);
  EXPECT_EQ(groups.families[0].name, "btcd");
  EXPECT_TRUE(groups.families[0].miner);
  EXPECT_EQ(groups.families[0].rows.size(), 4U) << "the miner and its honest twin leave together";
  EXPECT_FALSE(groups.families[1].miner);
}

Run run_of(const char* family, const char* exe) {
  Run run;
  run.family = family;
  run.seen["exe"] = exe;
  return run;
}

TEST(GroupNames, FamiliesThatRunOneExecutableAreOne) {
  const std::vector<dataset::Run> runs{run_of("z", "/usr/bin/ffmpeg"), run_of("m", "/usr/bin/x264"),
                                       run_of("z", "/usr/bin/x264"), run_of("own", "/usr/bin/ffmpeg"),
                                       run_of("other", "/usr/bin/other")};
  EXPECT_EQ(group_names(runs), (std::vector<std::string>{"m", "m", "m", "m", "other"}));
}

TEST(GroupNames, InterpretersAndWhatNoPackagePutThereJoinNobody) {
  for (const char* exe : {"/usr/bin/python3.11", "/usr/bin/node", "/bin/busybox", "/tmp/xmrig", "/app/server",
                          "/dev/shm/kswapd0", "/memfd:x (deleted)", "/opt/gone (deleted)", ""}) {
    EXPECT_EQ(group_names({run_of("a", exe), run_of("b", exe)}), (std::vector<std::string>{"a", "b"})) << exe;
  }
}

TEST(Groups, TheUnitIsTheGroup) {
  Examples made = examples();
  made.runs[0].seen["exe"] = made.runs[2].seen["exe"] = "/usr/sbin/nginx";
  const Groups groups = group(made);
  ASSERT_EQ(groups.families.size(), 1U);
  EXPECT_EQ(groups.families[0].name, "btcd");
  EXPECT_TRUE(groups.families[0].miner);
}

TEST(Groups, EachProgramWeighsOneWhateverItsWindows) {
  const Groups groups = group(examples());
  EXPECT_EQ(groups.programs, 3U);
  EXPECT_DOUBLE_EQ(groups.weight[0], 1.0 / 3);
  EXPECT_DOUBLE_EQ(groups.weight[3], 1);
  EXPECT_DOUBLE_EQ(groups.weight[4], 0.5);
  EXPECT_DOUBLE_EQ(std::accumulate(groups.weight.begin(), groups.weight.end(), 0.0), 3);
}

TEST(Groups, WhatIsNeitherMinerNorHonestTakesNoPart) {
  const Groups groups = group(examples());
  EXPECT_EQ(groups.family_of[6], Groups::kNone);
  EXPECT_EQ(groups.program_of[7], Groups::kNone);
  EXPECT_EQ(groups.weight[6], 0);
}

}  // namespace
}  // namespace davy::dataset
