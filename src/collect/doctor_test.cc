#include "collect/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace davy::collect {
namespace {

const Finding* find(const Diagnosis& diagnosis, const std::string& name) {
  for (const FindingGroup& group : diagnosis.groups) {
    for (const Finding& finding : group.findings) {
      if (finding.name == name) return &finding;
    }
  }
  return nullptr;
}

TEST(Doctor, SaysSomethingOfEverything) {
  const Diagnosis diagnosis = diagnose({});
  ASSERT_EQ(diagnosis.groups.size(), 6U);
  for (const FindingGroup& group : diagnosis.groups) {
    EXPECT_FALSE(group.title.empty());
    EXPECT_FALSE(group.findings.empty()) << group.title;
    for (const Finding& finding : group.findings) {
      EXPECT_FALSE(finding.name.empty()) << group.title;
      EXPECT_FALSE(finding.value.empty()) << finding.name;
      EXPECT_EQ(finding.value.find('\n'), std::string::npos) << finding.name;
      if (finding.standing == Standing::kOk) {
        EXPECT_EQ(finding.advice, "") << finding.name;
      }
    }
  }
  for (const char* name :
       {"kernel", "BTF", "tracing (tp_btf)", "ring buffer", "task storage", "task iterator", "CPUs", "sock_send_length",
        "CAP_BPF", "unprivileged BPF", "locked memory", "cgroups", "huge pages", "/proc", "collector"}) {
    EXPECT_NE(find(diagnosis, name), nullptr) << name;
  }
}

TEST(Doctor, WithoutBtfTheLadderIsTold) {
  const Diagnosis diagnosis = diagnose({.collector = {.pretend_no_btf = true}});
  EXPECT_EQ(diagnosis.rung, Rung::kProc);
  EXPECT_EQ(diagnosis.not_taken.size(), 2U);
  ASSERT_NE(find(diagnosis, "not tracing"), nullptr);
  EXPECT_EQ(find(diagnosis, "collector")->standing, Standing::kLimited);
  EXPECT_FALSE(find(diagnosis, "collector")->advice.empty());
  EXPECT_TRUE(std::any_of(diagnosis.blind.begin(), diagnosis.blind.end(),
                          [](const std::string& text) { return text.find("system calls") != std::string::npos; }));
}

}  // namespace
}  // namespace davy::collect
