#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/file.h"
#include "base/hash.h"
#include "model/model.h"
#include "model/random_forest_test.h"

namespace davy::model {
namespace {

using ::testing::HasSubstr;

Model sample(std::uint64_t seed = 1) {
  Model model;
  model.forest = RandomForest{}.make(seed);
  model.schema = 0x1234;
  model.threshold = 0.625;
  model.normal.assign(model.forest.features, {0.0F, 0.5F, 1.0F});
  model.trained = "davy train --seed 1";
  return model;
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
  model.forest = {1, {{{1, 2, 0, 0.5F, 0.5, 2}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 1, 1}}}};
  EXPECT_EQ(digest(model), "36218939c5722faba1d805e6dfea0163f71a784c6450d3d91f83320fb22aceb7");
}

TEST(Format, EveryTruncationIsRefused) {
  const std::string bytes = to_bytes(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) ASSERT_FALSE(from_bytes(bytes.substr(0, size))) << size;
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
  model.forest = {1, {{{1, 2, 0, 0.5F, 0.5, 2}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 1, 1}}}};
  model.normal.clear();
  Tree& tree = model.forest.trees[0];
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
  model.forest.trees.clear();
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
  EXPECT_THAT(with([](Model& m) { m.forest.features = 0; }), HasSubstr("number of features"));
  const auto in_root = [&](auto change) { return with([&](Model& m) { change(m.forest.trees[0][0]); }); };
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
  model.forest.trees = {tree};
  EXPECT_THAT(refusal(model), HasSubstr("too deep"));
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
