#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/file.h"
#include "base/hash.h"
#include "model/model.h"
#include "model/random_scorers_test.h"

namespace davy::model {
namespace {

using ::testing::HasSubstr;

Model sample(std::uint64_t seed = 1) {
  Model model;
  model.scorer = RandomForest{}.make(seed);
  model.schema = 0x1234;
  model.threshold = 0.625;
  model.normal.assign(RandomForest{}.features, {0.0F, 0.5F, 1.0F});
  model.trained = "davy train --seed 1";
  return model;
}

Forest& forest_of(Model& model) { return std::get<Forest>(model.scorer); }

Forest stump() { return {1, {{{1, 2, 0, 0.5F, 0.5, 2}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 1, 1}}}}; }

/// A model of each kind with each calibration, with ranges and without.
std::vector<Model> samples_of_version_2() {
  const VennAbers ranges{{0.25, 0.5}, {{0, 0.5}, {0.25, 1}}, {{0, 0.25}, {0.125, 0.5}, {0.5, 1}}};
  const std::vector<Calibration> calibrations{std::monostate(), Isotonic{{0.125, 0.5}, {0, 1}}, Platt{-3, 1}};
  std::vector<Model> models;
  for (const Scorer& scorer :
       random_scorers({.features = static_cast<std::uint16_t>(feature::catalogue().size())}, 4)) {
    for (const Calibration& calibration : calibrations) {
      Model model = sample();
      model.normal.clear();
      model.scorer = scorer;
      model.calibration = calibration;
      if (calibration.index() == 0 && !std::holds_alternative<Forest>(scorer)) models.push_back(model);
      model.venn_abers = ranges;
      models.push_back(model);
    }
  }
  return models;
}

/// Bytes with the checksum made right again, to reach what stands behind it.
std::string sealed(std::string bytes) {
  bytes.resize(bytes.size() - 64);
  return bytes + sha256_hex(bytes);
}

std::string refusal(const Model& model) {
  const Result<Model> back = from_bytes(to_bytes(model));
  return back ? "" : back.error().message;
}

TEST(Format, ComesBackTheSame) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Model model = sample(seed);
    const Result<Model> back = from_bytes(to_bytes(model));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, model);
    EXPECT_EQ(to_bytes(*back), to_bytes(model));
    EXPECT_EQ(digest(*back), digest(model));
  }
}

TEST(Format, ItsBytesArePinned) {
  Model model;
  model.scorer = stump();
  EXPECT_EQ(digest(model), "36218939c5722faba1d805e6dfea0163f71a784c6450d3d91f83320fb22aceb7");
}

TEST(Format, EveryKindComesBackTheSame) {
  for (const Model& model : samples_of_version_2()) {
    const std::string bytes = to_bytes(model);
    EXPECT_EQ(bytes[8], 2);
    const Result<Model> back = from_bytes(bytes);
    ASSERT_TRUE(back) << kind_of(model.scorer) << ": " << back.error().message;
    EXPECT_EQ(*back, model);
    EXPECT_EQ(to_bytes(*back), bytes);
  }
}

TEST(Format, EveryWayToDecideComesBackTheSame) {
  for (const Decision& decision : {Decision(Counting{2, 3}), Decision(Accumulation{6, -3, 0.9, 12}),
                                   Decision(Accumulation{0.7, -1, 0.85, 12, Measure::kLogOdds})}) {
    for (Model model : samples_of_version_2()) {
      model.decision = decision;
      const std::string bytes = to_bytes(model);
      EXPECT_EQ(bytes[8], 3);
      const Result<Model> back = from_bytes(bytes);
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_EQ(*back, model);
      EXPECT_EQ(to_bytes(*back), bytes);
    }
  }
}

TEST(Format, ExemplarsComeBackTheSame) {
  for (Model model : samples_of_version_2()) {
    const std::size_t features = features_of(model.scorer);
    model.exemplars = {{"xmrig", "xmrig", true, std::vector<float>(features, 0.5F)},
                       {"", "", false, std::vector<float>(features, -1.0F)}};
    const std::string bytes = to_bytes(model);
    EXPECT_EQ(bytes[8], 4);
    const Result<Model> back = from_bytes(bytes);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, model);
    EXPECT_EQ(to_bytes(*back), bytes);
  }
}

TEST(Format, ExemplarsThatAreNoneAreRefused) {
  Model model = sample();
  const std::size_t features = features_of(model.scorer);
  model.exemplars = {{"a", "b", true, std::vector<float>(features, 0.5F)}};
  const std::string good = to_bytes(model);
  const std::size_t numbers = good.size() - 64 - features * sizeof(float);
  std::string bytes = good;
  bytes[numbers - 1] = 2;
  EXPECT_THAT(from_bytes(sealed(bytes)).error().message, HasSubstr("neither a miner nor honest"));
  bytes = good;
  bytes[numbers + 3] = '\x7f';
  bytes[numbers + 2] = '\xff';
  EXPECT_THAT(from_bytes(sealed(bytes)).error().message, HasSubstr("not finite"));
  bytes = good;
  bytes[numbers - 1 - 2 * (4 + 1) - 1] = '\x7f';  // the highest byte of their number
  EXPECT_THAT(from_bytes(sealed(bytes)).error().message, HasSubstr("longer than the file"));
  for (std::size_t size = numbers; size < good.size(); ++size) {
    EXPECT_FALSE(from_bytes(sealed(good.substr(0, size)))) << size;
  }
}

/// Files that were written when their version was the newest, the first three of version 1, one of each other kind of
/// 2: they are read for ever, and keep their digest. (Rules are of the catalogue, which grows.)
TEST(Format, FilesOfBeforeAreReadAndKeepTheirDigest) {
  const std::filesystem::path seeds = std::filesystem::path(DAVY_SOURCE_DIR) / "fuzz/seeds/model";
  const std::vector<std::pair<std::string, std::string>> golden{
      {"deep", "cc64583d342db00a40ba3feffc3336bb0625c642575c721f5c1cb7da57dd4cce"},
      {"stump", "5ff1534aeee9d82af5489488cab31f86c9615ae291cda45cea153072d9b1e690"},
      {"three_trees", "9a75352b97230c5943e8932fe94dc4925c9c1d087d7801bebf0a5a5ec5e03aad"},
      {"forest_calibrated", "fa22417c85894f24a91420f4533ae90fe1981d658ee61a778c0f6b5a0809ea40"},
      {"boosted", "1425a6c3b9c34a903eac77b30c7312631e14e48c3bf0c3f0b866b82aa932bd18"},
      {"machine", "19cac55b6d2d35ce52655e9c057ef22b7c7e077a80070ac8d52e7c35530c9a28"},
      {"isolation_forest", "30537bcff8415724c5f9e081c643591cf4b653f8b7ea9fff2f85561bb84dd396"}};
  for (const auto& [name, named] : golden) {
    const Result<std::string> bytes = read_file(seeds / name);
    ASSERT_TRUE(bytes) << name;
    const Result<Model> model = from_bytes(*bytes);
    ASSERT_TRUE(model) << name << ": " << model.error().message;
    EXPECT_EQ(to_bytes(*model), *bytes) << name;
    EXPECT_EQ(digest(*model), named) << name;
  }
}

TEST(Format, TheModelThatShipsIsOfTheNewestVersion) {
  const auto path = std::filesystem::path(DAVY_SOURCE_DIR) / "models/starter.davym";
  const Result<Model> model = load(path);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(to_bytes(*model), *read_file(path));
  EXPECT_EQ(to_bytes(*model)[8], 4);
}

TEST(Format, AForestAloneIsNoFileOfVersion2) {
  Model model = sample();
  model.calibration = Platt{-3, 1};
  std::string bytes = to_bytes(model);
  const std::size_t calibration = bytes.size() - 64 - 4 - 16 - 1;  // before the ranges' number
  ASSERT_EQ(bytes[calibration], 2);
  bytes.replace(calibration, 17, std::string(1, 0));
  EXPECT_THAT(from_bytes(sealed(bytes)).error().message, HasSubstr("format 1"));
}

TEST(Format, EveryTruncationIsRefused) {
  const std::string bytes = to_bytes(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) ASSERT_FALSE(from_bytes(bytes.substr(0, size))) << size;
}

TEST(Format, OfEveryKindEverySealedTruncationIsRefused) {
  for (const Model& model : samples_of_version_2()) {
    const std::string bytes = to_bytes(model);
    for (std::size_t size = 76; size<bytes.size(); size += size> 400 ? 37 : 1)
      ASSERT_FALSE(from_bytes(sealed(bytes.substr(0, size)))) << kind_of(model.scorer) << " " << size;
  }
}

/// Whatever a byte of the body is changed to: what is let through scores within [0, 1] and is written as it was read.
TEST(Format, WhatIsLetThroughScoresWithinItsScale) {
  CounterRandom random(8);
  std::size_t let_through = 0;
  for (const Model& model : samples_of_version_2()) {
    const std::string sound = to_bytes(model);
    for (int times = 0; times < 300; ++times) {
      std::string bytes = sound;
      for (int changes = 0; changes < 2; ++changes)
        bytes[12 + random.below(bytes.size() - 76)] = static_cast<char>(random.below(256));
      bytes = sealed(bytes);
      const Result<Model> back = from_bytes(bytes);
      if (!back) continue;
      ++let_through;
      EXPECT_EQ(to_bytes(*back), bytes);
      const std::vector<float> row = random_row(features_of(back->scorer), random);
      const double score = unit_score(back->scorer, row);
      EXPECT_TRUE(score >= 0 && score <= 1) << kind_of(model.scorer) << " " << score;
    }
  }
  EXPECT_GT(let_through, 100U) << "else nothing was tested";
}

TEST(Format, EveryFlippedByteIsRefused) {
  std::string bytes = to_bytes(sample());
  for (char& byte : bytes) {
    byte = static_cast<char>(byte ^ 1);
    ASSERT_FALSE(from_bytes(bytes));
    byte = static_cast<char>(byte ^ 1);
  }
}

TEST(Format, SealedTruncationsAreRefused) {
  const std::string bytes = to_bytes(sample());
  for (std::size_t size = 76; size < bytes.size(); ++size)
    ASSERT_FALSE(from_bytes(sealed(bytes.substr(0, size)))) << size;
}

TEST(Format, CyclesSharedAndLostNodesAreRefused) {
  Model model = sample();
  model.scorer = stump();
  model.normal.clear();
  Tree& tree = forest_of(model).trees[0];
  ASSERT_EQ(refusal(model), "");
  tree[0].right = 1;
  EXPECT_THAT(refusal(model), HasSubstr("two parents"));
  tree[0].right = 3;
  EXPECT_THAT(refusal(model), HasSubstr("out of range"));
  tree[0].right = 2;
  tree[2] = {1, 2, 0, 0, 1, 1};
  EXPECT_THAT(refusal(model), HasSubstr("out of range"));
  tree[2] = {0, 0, 0, 0, 1, 1};
  tree.push_back({0, 0, 0, 0, 1, 1});
  EXPECT_THAT(refusal(model), HasSubstr("no parent"));
  tree.clear();
  EXPECT_THAT(refusal(model), HasSubstr("empty"));
  forest_of(model).trees.clear();
  EXPECT_THAT(refusal(model), HasSubstr("no trees"));
}

TEST(Format, NumbersOutOfTheirRangeAreRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const auto with = [](auto change) {
    Model model = sample();
    change(model);
    return refusal(model);
  };
  EXPECT_THAT(with([](Model& m) { m.threshold = kNan; }), HasSubstr("threshold"));
  EXPECT_THAT(with([](Model& m) { m.threshold = 1.5; }), HasSubstr("threshold"));
  EXPECT_THAT(with([](Model& m) { m.normal[0][1] = INFINITY; }), HasSubstr("normal"));
  EXPECT_THAT(with([](Model& m) { m.normal.pop_back(); }), HasSubstr("normal"));
  EXPECT_THAT(with([](Model& m) { forest_of(m).features = 0; }), HasSubstr("number of features"));
  const auto in_root = [&](auto change) { return with([&](Model& m) { change(forest_of(m).trees[0][0]); }); };
  EXPECT_THAT(in_root([](Node& n) { n.threshold = -INFINITY; }), HasSubstr("not finite"));
  EXPECT_THAT(in_root([](Node& n) { n.value = kNan; }), HasSubstr("value"));
  EXPECT_THAT(in_root([](Node& n) { n.cover = 0; }), HasSubstr("weight"));
  EXPECT_THAT(in_root([](Node& n) { n.cover *= 2; }), HasSubstr("add up"));
  EXPECT_THAT(in_root([](Node& n) { n.feature = 8; }), HasSubstr("does not exist"));
  EXPECT_THAT(in_root([](Node& n) { n.right = 0; }), HasSubstr("one child"));
}

TEST(Format, ATreeTooDeepForTheStackIsRefused) {
  Model model = sample();
  Tree tree(1);
  for (std::uint32_t i = 0; i <= kMaxDepth; ++i) {
    Node& last = tree.back();
    last = {2 * i + 1, 2 * i + 2, 0, 0, 0.5, 0};
    tree.push_back({0, 0, 0, 0, 0.5, 1});
    tree.push_back({0, 0, 0, 0, 0.5, 1});
  }
  for (std::size_t i = tree.size(); i-- > 0;) {
    if (!tree[i].is_leaf()) tree[i].cover = tree[tree[i].left].cover + tree[tree[i].right].cover;
  }
  forest_of(model).trees = {tree};
  EXPECT_THAT(refusal(model), HasSubstr("too deep"));
}

TEST(Format, NumbersOfOtherKindsOutOfTheirRangeAreRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const RandomForest shape;
  const auto with = [&](auto scorer, auto change) {
    Model model = sample();
    change(scorer);
    model.scorer = scorer;
    return refusal(model);
  };
  const auto boosted = [&](auto change) { return with(random_boosted(shape, 1), change); };
  EXPECT_EQ(boosted([](Boosted&) {}), "");
  EXPECT_THAT(boosted([](Boosted& b) { b.base = kNan; }), HasSubstr("base"));
  EXPECT_THAT(boosted([](Boosted& b) { b.trees.trees[0][0].value = INFINITY; }), HasSubstr("step"));
  EXPECT_THAT(boosted([](Boosted& b) { b.trees.trees[0][0].left = 0; }), HasSubstr("one child"));
  EXPECT_THAT(boosted([](Boosted& b) { b.trees.trees.clear(); }), HasSubstr("no trees"));
  const auto svm = [&](auto change) { return with(random_svm(shape.features, 1), change); };
  EXPECT_EQ(svm([](Svm&) {}), "");
  EXPECT_THAT(svm([](Svm& s) { s.gamma = 0; }), HasSubstr("gamma"));
  EXPECT_THAT(svm([](Svm& s) { s.gamma = kNan; }), HasSubstr("gamma"));
  EXPECT_THAT(svm([](Svm& s) { s.offset = -INFINITY; }), HasSubstr("offset"));
  EXPECT_THAT(svm([](Svm& s) { s.coefficients[1] = kNan; }), HasSubstr("coefficient"));
  EXPECT_THAT(svm([](Svm& s) { s.vectors[1] = 11; }), HasSubstr("vector"));
  EXPECT_THAT(svm([](Svm& s) { s.scaling.columns[0].range = 0; }), HasSubstr("scale"));
  EXPECT_THAT(svm([](Svm& s) { s.scaling.columns[0].feature = 8; }), HasSubstr("does not exist"));
  const auto isolation = [&](auto change) { return with(random_isolation(shape.features, 3, 1), change); };
  EXPECT_EQ(isolation([](IsolationForest&) {}), "");
  EXPECT_THAT(isolation([](IsolationForest& f) { f.sample = 1; }), HasSubstr("sample"));
  EXPECT_THAT(isolation([](IsolationForest& f) { f.sample = 300; }), HasSubstr("sample"));
  EXPECT_THAT(isolation([](IsolationForest& f) { f.trees[0].back().rows = 0; }), HasSubstr("no rows"));
  EXPECT_THAT(isolation([](IsolationForest& f) { f.trees[0][1].rows += 1; }), HasSubstr("add up"));
  EXPECT_THAT(isolation([](IsolationForest& f) { f.trees[0][2].left = 1; }), HasSubstr("out of range"));
  EXPECT_THAT(with(Rules{}, [](Rules&) {}), HasSubstr("normal ranges")) << "of 8 features";
}

TEST(Format, CalibrationsOutOfOrderAreRefused) {
  const auto with = [](auto change) {
    Model model = sample();
    model.venn_abers = {{0.25, 0.5}, {{0, 0.5}, {0.25, 1}}, {{0, 0.25}, {0.125, 0.5}, {0.5, 1}}};
    change(model);
    return refusal(model);
  };
  EXPECT_EQ(with([](Model&) {}), "");
  EXPECT_THAT(with([](Model& m) { m.calibration = Isotonic{{0.5, 0.25}, {0, 1}}; }), HasSubstr("do not rise"));
  EXPECT_THAT(with([](Model& m) { m.calibration = Isotonic{{0.25, 0.5}, {1, 0}}; }), HasSubstr("fall"));
  EXPECT_THAT(with([](Model& m) { m.calibration = Isotonic{{0.25}, {2}}; }), HasSubstr("values"));
  EXPECT_THAT(with([](Model& m) { m.calibration = Platt{NAN, 0}; }), HasSubstr("not finite"));
  EXPECT_THAT(with([](Model& m) { m.venn_abers.score[0] = 2; }), HasSubstr("not in [0, 1]"));
  EXPECT_THAT(with([](Model& m) { m.venn_abers.at[0] = {0.5, 0.25}; }), HasSubstr("out of order"));
  EXPECT_THAT(with([](Model& m) { m.venn_abers.between[2].high = NAN; }), HasSubstr("out of order"));
}

TEST(Format, CountsThatLieAllocateNothing) {
  // The number of trees stands behind magic, version, schema, threshold, features, normals and the text.
  std::string bytes = to_bytes(sample());
  const std::size_t trees = 8 + 4 + 8 + 8 + 4 + 4 + 8 * 12 + 4 + 19;
  bytes.replace(trees, 4, "\xff\xff\xff\xff");
  EXPECT_THAT(from_bytes(sealed(bytes)).error().message, HasSubstr("more trees than bytes"));
  bytes = to_bytes(sample());
  bytes.replace(trees + 4, 4, "\xff\xff\xff\xff");
  EXPECT_THAT(from_bytes(sealed(bytes)).error().message, HasSubstr("longer than the file"));
}

TEST(Format, SaysWhatToDoAboutAnotherSchema) {
  const Model model = sample();
  EXPECT_TRUE(check_schema(model, 0x1234, 8));
  EXPECT_FALSE(check_schema(model, 0x1234, 9));
  const Status other = check_schema(model, 0x99, 8);
  EXPECT_EQ(other.error().kind, Error::Kind::kBadInput);
  EXPECT_EQ(other.error().message,
            "it was trained under feature schema 0000000000001234 (8 features), this davy computes 0000000000000099 "
            "(8): train it again with `davy dataset build` and `davy train`");
}

TEST(Format, OfAnotherVersionSaysSo) {
  std::string bytes = to_bytes(sample());
  bytes[8] = 9;
  EXPECT_THAT(from_bytes(sealed(bytes)).error().message, HasSubstr("format 9"));
  EXPECT_THAT(from_bytes("DAVYREC1 something else").error().message, HasSubstr("not a model"));
}

}  // namespace
}  // namespace davy::model
