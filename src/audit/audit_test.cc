#include "audit/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "audit/families.h"
#include "audit/made_up_test.h"

namespace davy::audit {
namespace {

using dataset::Examples;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// "check: what" of all that is red.
std::vector<std::string> reds(const Examples& examples, std::uint64_t seed = 1) {
  const auto verdict = audit(examples, "d", {.seed = seed, .draws = 199});
  EXPECT_TRUE(verdict) << verdict.error().message;
  std::vector<std::string> red;
  for (const Finding& finding : verdict->findings) {
    if (finding.severity == Severity::kRed) red.push_back(fmt::format("{}: {}", name_of(finding.check), finding.what));
  }
  return red;
}

auto starts(const std::string& words) { return Contains(::testing::StartsWith(words)); }
auto says(const std::string& words) { return Contains(::testing::HasSubstr(words)); }

TEST(Audit, WhatLeaksNothingIsGreenAsOftenAsItPromises) {
  int red = 0;
  constexpr int kSets = 20;
  for (int seed = 1; seed <= kSets; ++seed)
    red += reds(MadeUp{}.make(static_cast<std::uint64_t>(seed))).empty() ? 0 : 1;
  EXPECT_LE(red, 3) << "one is to be expected at 5 %, more than three once in sixty times";
}

TEST(Audit, TellsWhatEachCheckMeasured) {
  const auto verdict = audit(MadeUp{}.make(3), "d");
  ASSERT_TRUE(verdict);
  for (const Check check : {Check::kLikeness, Check::kAssociation, Check::kDrift, Check::kProbe, Check::kCanary,
                            Check::kShuffled, Check::kFlattery}) {
    const auto of = [&](const Finding& finding) { return finding.check == check; };
    EXPECT_EQ(std::count_if(verdict->findings.begin(), verdict->findings.end(), of), 1) << name_of(check);
  }
}

TEST(Audit, MeasuresHowMuchACutAtRandomFlatters) {
  const auto verdict = audit(MadeUp{}.make(3), "d");
  ASSERT_TRUE(verdict);
  const auto& findings = verdict->findings;
  const auto flattery = std::find_if(findings.begin(), findings.end(),
                                     [](const Finding& finding) { return finding.check == Check::kFlattery; });
  ASSERT_NE(flattery, findings.end());
  EXPECT_GT(flattery->figures.at("random_average_precision"), flattery->figures.at("average_precision"));
  EXPECT_GE(flattery->figures.at("random_recall"), flattery->figures.at("recall"));
}

TEST(Audit, EqualExamplesGiveTheSameVerdict) {
  const Examples examples = MadeUp{}.make(5);
  EXPECT_EQ(audit(examples, "d")->findings, audit(examples, "d")->findings);
}

TEST(Audit, OfOneLabelIsNoDataset) {
  const auto verdict = audit(MadeUp{.miners = 0}.make(1), "d");
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().kind, Error::Kind::kBadInput);
}

/// A condition that nine of ten miners' runs share and few honest ones have.
struct Planted {
  std::string told;  // as the finding names it
  std::function<void(dataset::Run&)> plant;
};
void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.told; }

auto provenance(const std::string& key, const std::string& value) {
  return [=](dataset::Run& run) { run.provenance[key] = value; };
}
auto seen(const std::string& key, const std::string& value) {
  return [=](dataset::Run& run) { run.seen[key] = value; };
}

class PlantedCondition : public ::testing::TestWithParam<Planted> {};

TEST_P(PlantedCondition, IsNamed) {
  Examples examples = MadeUp{}.make(11);
  CounterRandom random(12);
  for (dataset::Run& run : examples.runs) {
    if (run.label == event::Label::kMiner && random.uniform() < 0.9) GetParam().plant(run);
  }
  EXPECT_THAT(reds(examples), starts("association: " + GetParam().told + " tells the label"));
}

INSTANTIATE_TEST_SUITE_P(
    Conditions, PlantedCondition,
    ::testing::Values(Planted{"recorded host", [](auto& run) { run.host = "host0"; }},
                      Planted{"block", provenance("block", "3")},
                      Planted{"hour", [](auto& run) { run.started = WallTime(std::chrono::hours(24 * 19'676 + 3)); }},
                      Planted{"order", provenance("order", "90")}, Planted{"recorded seconds", seen("seconds", "420")},
                      Planted{"recorded uid", seen("uid", "0")}, Planted{"recorded cgroup", seen("cgroup", "/style0")},
                      Planted{"net", provenance("net", "172.28.7")}, Planted{"port", provenance("port", "303")},
                      Planted{"concurrency", provenance("concurrency", "1")},
                      Planted{"cores", [](auto& run) { run.provenance.erase("cores"); }}));

TEST(Audit, ADriftIsNamedWithBothSides) {
  Examples examples = MadeUp{}.make(13);
  for (dataset::Run& run : examples.runs) {
    if (run.label == event::Label::kMiner) run.provenance["cores"] = "7";
  }
  EXPECT_THAT(reds(examples), starts("drift: cores differs between the labels (KS 1.00"));
  EXPECT_THAT(reds(examples), says("miners' median 7, honest"));
}

TEST(Audit, WhatTwoConditionsTellTogetherIsSeenByTheProbe) {
  Examples examples = MadeUp{}.make(14);
  for (dataset::Run& run : examples.runs) {
    if (run.label == event::Label::kMiner) {
      run.provenance["place"] = "veth";
      run.seen["seconds"] = "310";
    } else if (run.provenance["place"] == "veth") {
      run.seen["seconds"] = "200";
    }
  }
  const auto red = reds(examples);
  EXPECT_THAT(red, starts("probe: conditions alone tell the label"));
  EXPECT_THAT(red, says("mostly by recorded seconds"));
}

TEST(Audit, AProgramOfTwoFamiliesIsNamedAndTheCanarySings) {
  Examples examples = MadeUp{}.make(15);
  for (dataset::Run& run : examples.runs) {
    run.family += run.run;
    run.seen.erase("exe");
  }
  const auto red = reds(examples);
  EXPECT_THAT(red, says("program program3 is of families family3x0, family3x1, family3x2"));
  EXPECT_THAT(red, starts("canary: a hash of the program's name tells"));
  EXPECT_THAT(red, starts("shuffled: shuffled labels are learned"));
}

TEST(Audit, OneExecutableUnderTwoNamesIsKeptTogether) {
  Examples examples = MadeUp{}.make(15);
  for (dataset::Run& run : examples.runs) {
    if (run.run == "2") run.program += "again", run.family += "again";
  }
  EXPECT_EQ(runs_of(examples).families, 36U) << "the executable joins the families";
  EXPECT_EQ(check_families(examples).size(), 36U) << "and each is noted";
  for (dataset::Run& run : examples.runs) run.seen.erase("exe");
  EXPECT_EQ(runs_of(examples).families, 72U);
  EXPECT_THAT(check_families(examples), IsEmpty()) << "nothing else would tell";
}

/// The corpus as it is: miners' programs of twenty runs beside honest ones of two, conditions that belong to a program,
/// families of several programs, one of both labels.
Examples uneven(std::uint64_t seed) {
  Examples examples = MadeUp{.miners = 12, .honest = 60, .runs = 10, .windows = 2}.make(seed);
  CounterRandom random(seed, 99);
  std::vector<std::string> port(72);
  for (std::string& one : port) one = fmt::format("{}", random.below(4));
  for (dataset::Run& run : examples.runs) {
    const auto number = static_cast<std::size_t>(std::stoi(run.program.substr(7)));
    run.provenance["port"] = port[number];
    if (number >= 60) run.family = "several", run.seen.erase("exe");
    if (number == 11 || number == 12) run.family = "both";
  }
  const auto kept = [&](std::size_t i) {
    return examples.run_of(i).label == event::Label::kMiner || examples.run_of(i).run < "2";
  };
  return dataset::filtered(examples, kept);
}

TEST(Audit, ConditionsOfProgramsAndUnevenRunsDoNotMakeItRed) {
  int red = 0;
  constexpr int kSets = 20;
  for (int seed = 1; seed <= kSets; ++seed) red += reds(uneven(static_cast<std::uint64_t>(seed))).empty() ? 0 : 1;
  EXPECT_LE(red, 3) << "labels shuffled over runs, not programs, would be red in most";
}

TEST(Audit, WithoutExamplesIsNoDataset) {
  Examples examples = MadeUp{.windows = 0}.make(1);
  const auto verdict = audit(examples, "d");
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().kind, Error::Kind::kBadInput);
  examples = MadeUp{}.make(1);
  std::fill(examples.values.begin(), examples.values.end(), 1.0F);
  EXPECT_TRUE(audit(examples, "d")) << "and features that never change are no reason to fall over";
}

TEST(Audit, ACanaryThatNobodyCouldHearIsRed) {
  EXPECT_THAT(reds(MadeUp{.runs = 1, .windows = 1}.make(16)), says("too few programs or windows to see such a leak"));
}

TEST(Audit, NearDuplicatesOfTwoFamiliesAreNamed) {
  Examples examples = MadeUp{}.make(17);
  CounterRandom random(18);
  dataset::Run copy = examples.runs[0];
  copy.family = copy.program = "copied";
  copy.file = "copied.0.davy";
  copy.digest = "another";
  copy.seen["exe"] = "/opt/copied";
  copy.label = event::Label::kBenign;
  const auto number = static_cast<std::uint32_t>(examples.runs.size());
  examples.runs.push_back(copy);
  for (std::size_t i = 0; i < 6; ++i) {
    std::vector<float> row(examples.row(i).begin(), examples.row(i).end());
    for (float& value : row) value += static_cast<float>(0.001 * random.uniform());
    dataset::Example example = examples.rows[i];
    example.run = number;
    example.label = copy.label;
    examples.add(example, row);
  }
  EXPECT_THAT(reds(examples), ElementsAre("likeness: 6 of 6 windows of program0.0.davy (family0x) and copied.0.davy "
                                          "(copied) are near-duplicates, with different labels: give both programs one "
                                          "family, or leave one out"));
}

TEST(Audit, WithoutASecondRunOnlyEqualWindowsAreNearDuplicates) {
  Examples examples = MadeUp{.runs = 1}.make(25);
  const auto likeness = [&] {
    const auto verdict = audit(examples, "d");
    return std::find_if(verdict->findings.begin(), verdict->findings.end(),
                        [](const Finding& finding) { return finding.check == Check::kLikeness; })
        ->what;
  };
  EXPECT_THAT(likeness(), ::testing::HasSubstr("no program has two runs"));
  std::copy_n(examples.values.begin(), 6 * examples.features, examples.values.begin() + 20 * 6 * 20);
  EXPECT_THAT(likeness(), ::testing::HasSubstr("6 of 6 windows of program0.0.davy"));
}

TEST(Audit, ThatIdleProgramsAreAlikeIsNoLeak) {
  Examples examples = MadeUp{}.make(19);
  const std::vector<float> idle(examples.features, 0.0F);
  for (std::uint32_t run = 0; run < examples.runs.size(); run += 9) {
    for (int window = 0; window < 3; ++window) {
      examples.add({run, 1, 60, dataset::Scope::kWorkload, examples.runs[run].label, {}}, idle);
    }
  }
  EXPECT_THAT(reds(examples), IsEmpty());
}

TEST(Audit, ARecordingTwiceIsNamed) {
  Examples examples = MadeUp{}.make(20);
  examples.runs[1].digest = examples.runs[40].digest;
  EXPECT_THAT(reds(examples), says("are one recording"));
}

TEST(Audit, ARunWithoutProvenanceIsNamed) {
  Examples examples = MadeUp{}.make(21);
  examples.runs[5].provenance.clear();
  EXPECT_THAT(reds(examples), starts("provenance: 1 of 108 runs do not say how they were made, program1.2.davy"));
}

TEST(Families, OneExecutableOfTwoIsNamedButForInterpreters) {
  Examples examples = MadeUp{}.make(22);
  examples.runs[0].seen["exe"] = examples.runs[30].seen["exe"] = "/usr/bin/python3.11";
  EXPECT_THAT(check_families(examples), IsEmpty());
  examples.runs[0].seen["exe"] = examples.runs[30].seen["exe"] = "/usr/bin/xmrig";
  ASSERT_EQ(check_families(examples).size(), 1U);
  EXPECT_EQ(check_families(examples)[0].severity, Severity::kNote);
}

TEST(Families, TwoSpellingsAreNoted) {
  Examples examples = MadeUp{}.make(23);
  examples.runs[0].family = "XMRig-miner";
  examples.runs[1].family = examples.runs[2].family = "xmrig";
  examples.runs[0].program = examples.runs[0].seen["exe"] = "other";
  ASSERT_EQ(check_families(examples).size(), 1U);
  EXPECT_EQ(check_families(examples)[0].severity, Severity::kNote);
  EXPECT_EQ(check_families(examples)[0].what, "families XMRig-miner, xmrig may be one");
}

TEST(Families, OneOnBothSidesOfASplitIsNamed) {
  const Examples examples = MadeUp{}.make(24);
  std::vector<std::uint32_t> fold(examples.rows.size());
  for (std::size_t i = 0; i < fold.size(); ++i) fold[i] = examples.rows[i].run / 3 % 5;
  EXPECT_THAT(check_folds(examples, fold), IsEmpty()) << "three runs a family";
  fold[0] = 4;
  ASSERT_EQ(check_folds(examples, fold).size(), 1U);
  EXPECT_EQ(check_folds(examples, fold)[0].what, "family family0x stands in 2 folds: split by families");
}

}  // namespace
}  // namespace davy::audit
