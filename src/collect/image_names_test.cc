#include "collect/image_names.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

namespace davy::collect {
namespace {

const std::string kId(64, 'a');

TEST(NamesFromState, Docker) {
  const auto names = names_from_state(
      R"({"ID":"x","Config":{"Image":"redis:7","Labels":{"io.kubernetes.pod.name":"cart-0",
          "io.kubernetes.pod.namespace":"shop"}}})",
      kId);
  EXPECT_EQ(names, (ContainerNames{"redis:7", "shop/cart-0"}));
  EXPECT_EQ(names_from_state(R"({"Config":{"Image":"redis:7","Labels":null}})", kId), (ContainerNames{"redis:7", ""}));
}

TEST(NamesFromState, ContainerdAndCrio) {
  EXPECT_EQ(names_from_state(R"({"ociVersion":"1.0","annotations":{"io.kubernetes.cri.image-name":"docker.io/x:1",
      "io.kubernetes.cri.sandbox-name":"cart-0","io.kubernetes.cri.sandbox-namespace":"shop"}})",
                             kId),
            (ContainerNames{"docker.io/x:1", "shop/cart-0"}));
  EXPECT_EQ(names_from_state(R"({"annotations":{"io.kubernetes.cri-o.ImageName":"quay.io/y:2",
      "io.kubernetes.pod.name":"p","io.kubernetes.pod.namespace":"n"}})",
                             kId),
            (ContainerNames{"quay.io/y:2", "n/p"}));
}

TEST(NamesFromState, Podman) {
  const std::string state = R"([{"id":"other","metadata":"{\"image-name\":\"no\"}"},{"id":")" + kId +
                            R"(","metadata":"{\"image-name\":\"docker.io/z:3\"}"}])";
  EXPECT_EQ(names_from_state(state, kId), (ContainerNames{"docker.io/z:3", ""}));
}

TEST(NamesFromState, AnythingElseIsUnknown) {
  for (const std::string text : {"", "{", "[]", "[1,2]", "3", "null", R"({"Config":3})", R"({"annotations":[]})",
                                 "\xff", R"([{"id":"a","metadata":"{"}])"}) {
    EXPECT_EQ(names_from_state(text, kId), std::nullopt) << text;
  }
}

TEST(ImageNames, AnswersOnceTheFileIsRead) {
  std::atomic<int> reads = 0;
  const auto images = ImageNames::create({.root = "/", .limit = 8, .read = [&](const std::filesystem::path& path) {
                                            ++reads;
                                            if (path.string().find("/docker/containers/" + kId) == std::string::npos) {
                                              return std::optional<std::string>();
                                            }
                                            return std::optional<std::string>(R"({"Config":{"Image":"redis:7"}})");
                                          }});
  EXPECT_EQ(images->find(kId), std::nullopt);
  images->settle();
  EXPECT_EQ(images->find(kId), (ContainerNames{"redis:7", ""}));
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(images->unknown(), 0U);
}

TEST(ImageNames, WhatIsNotThereIsAskedOnceAndCounted) {
  std::atomic<int> reads = 0;
  const auto images = ImageNames::create({.read = [&](const std::filesystem::path&) {
    ++reads;
    return std::optional<std::string>();
  }});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(images->find(kId), std::nullopt);
    images->settle();
  }
  EXPECT_EQ(reads, 6) << "one round of the places";
  EXPECT_EQ(images->unknown(), 1U);
}

TEST(ImageNames, TenThousandContainersStayBounded) {
  const auto images = ImageNames::create(
      {.limit = 16, .read = [](const std::filesystem::path&) { return std::optional<std::string>("{}"); }});
  for (int i = 0; i < 10'000; ++i) images->find(std::to_string(i));
  images->settle();
  EXPECT_GT(images->unknown(), 0U);
}

TEST(ImageNames, MissingFilesAreUnknown) {
  const auto images = ImageNames::create({.root = "/nonexistent"});
  images->find(kId);
  images->settle();
  EXPECT_EQ(images->find(kId), std::nullopt);
}

}  // namespace
}  // namespace davy::collect
