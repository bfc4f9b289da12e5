#include "collect/workload_uses.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace davy::collect {
namespace {

using Kind = event::Workload::Kind;

/// Cgroups as the test says; a cgroup it does not know is gone.
class Told : public CgroupCpu {
 public:
  std::optional<CgroupUse> use(std::string_view path) override {
    const auto at = cpu_us.find(std::string(path));
    if (at == cpu_us.end()) return std::nullopt;
    return CgroupUse{at->second, 7};
  }
  std::uint32_t available_milli(std::string_view, BootTime) override { return 1000; }
  void sweep(BootTime) override {}
  [[nodiscard]] std::uint64_t vanished() const override { return 0; }
  std::map<std::string, std::uint64_t> cpu_us;
};

class WorkloadUsesTest : public ::testing::Test {
 protected:
  void active(const std::string& cgroup, Kind kind = Kind::kContainer) {
    auto& workload = workloads_[cgroup];
    if (!workload) {
      event::Workload made;
      made.id = event::WorkloadId(workloads_.size());
      made.kind = kind;
      made.cgroup = cgroup;
      workload = std::make_shared<const event::Workload>(made);
    }
    uses_.active(workload, slice_);
  }
  /// CPU time of each workload in this slice.
  std::map<std::string, std::uint64_t> read() {
    std::map<std::string, std::uint64_t> spent;
    for (const auto& use : uses_.read(cgroups_, slice_)) spent[use.workload->cgroup] = use.spent.cpu_us;
    ++slice_;
    return spent;
  }

  WorkloadUses uses_;
  Told cgroups_;
  std::uint64_t slice_ = 100;
  std::map<std::string, std::shared_ptr<const event::Workload>> workloads_;
};

TEST_F(WorkloadUsesTest, TellWhatWasSpentSinceTheReadBefore) {
  cgroups_.cpu_us = {{"/docker/a", 500}};
  active("/docker/a");
  EXPECT_EQ(read()["/docker/a"], 0U) << "what it used before we looked is not ours to tell";
  cgroups_.cpu_us["/docker/a"] = 800;
  EXPECT_EQ(read()["/docker/a"], 300U);
  cgroups_.cpu_us["/docker/a"] = 100;  // made anew under the same name
  EXPECT_EQ(read()["/docker/a"], 0U);
}

TEST_F(WorkloadUsesTest, ASessionIsNotChargedItsSharedCgroup) {
  cgroups_.cpu_us = {{"/user.slice", 500}, {"/", 100}};
  active("/user.slice", Kind::kSession);
  active("/", Kind::kSystem);
  read();
  cgroups_.cpu_us = {{"/user.slice", 900}, {"/", 200}};
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(uses_.held(), 0U);
}

TEST_F(WorkloadUsesTest, WhatRunsInAContainerInsideIsTakenOffTheOuterOneOnce) {
  cgroups_.cpu_us = {{"/docker/a", 100}, {"/docker/a/docker/b", 50}, {"/docker/a/docker/b/x/c", 20}, {"/docker/ab", 5}};
  for (const auto& entry : cgroups_.cpu_us) active(entry.first);
  read();
  cgroups_.cpu_us = {
      {"/docker/a", 1100}, {"/docker/a/docker/b", 750}, {"/docker/a/docker/b/x/c", 320}, {"/docker/ab", 45}};
  const auto spent = read();
  EXPECT_EQ(spent.at("/docker/a"), 300U);           // 1000 - 700
  EXPECT_EQ(spent.at("/docker/a/docker/b"), 400U);  // 700 - 300
  EXPECT_EQ(spent.at("/docker/a/docker/b/x/c"), 300U);
  EXPECT_EQ(spent.at("/docker/ab"), 40U) << "a name that begins alike is not below";
}

TEST_F(WorkloadUsesTest, AContainerThatStartsInsideIsNotTheOuterOnesWork) {
  cgroups_.cpu_us = {{"/docker/a", 100}};
  active("/docker/a");
  read();
  cgroups_.cpu_us = {{"/docker/a", 1100}, {"/docker/a/docker/b", 900}};
  active("/docker/a/docker/b");
  EXPECT_EQ(read().at("/docker/a"), 100U);
}

TEST_F(WorkloadUsesTest, OneThatRestsForSomeSlicesIsToldWholeAndOneThatIsSilentForgotten) {
  cgroups_.cpu_us = {{"/docker/a", 0}};
  active("/docker/a");
  read();
  for (int i = 0; i < 30; ++i) read();
  cgroups_.cpu_us["/docker/a"] = 70;
  active("/docker/a");
  EXPECT_EQ(read().at("/docker/a"), 70U);
  for (std::uint64_t i = 0; i <= WorkloadUses::kKeptSlices; ++i) read();
  EXPECT_EQ(uses_.held(), 0U);
}

TEST_F(WorkloadUsesTest, ACgroupThatIsGoneIsForgottenAtOnce) {
  cgroups_.cpu_us = {{"/docker/a", 0}};
  active("/docker/a");
  read();
  cgroups_.cpu_us.clear();
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(uses_.held(), 0U);
}

}  // namespace
}  // namespace davy::collect
