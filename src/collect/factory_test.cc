#include "collect/factory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "collect/privileges.h"

namespace davy::collect {
namespace {

TEST(Ladder, NamesGoBothWays) {
  for (const Rung rung : {Rung::kAuto, Rung::kTracing, Rung::kRawTracepoint, Rung::kProc}) {
    EXPECT_EQ(*rung_from(std::string(name_of(rung))), rung);
  }
  for (const Arming arming : {Arming::kAdaptive, Arming::kAlways, Arming::kNever}) {
    EXPECT_EQ(*arming_from(std::string(name_of(arming))), arming);
  }
}

TEST(Ladder, AnUnknownNameIsToldWithTheKnownOnes) {
  const auto rung = rung_from("perf");
  ASSERT_FALSE(rung.ok());
  EXPECT_EQ(rung.error().kind, Error::Kind::kBadInput);
  EXPECT_EQ(rung.error().message, "unknown rung 'perf': choose one of auto, tracing, raw, proc");
  EXPECT_EQ(arming_from("").error().message, "unknown arming '': choose one of adaptive, always, never");
}

TEST(Ladder, WithoutBtfItPollsProcAndSaysWhy) {
  const auto collector = open_collector({.pretend_no_btf = true});
  ASSERT_TRUE(collector.ok()) << collector.error().message;
  EXPECT_EQ(collector->rung, Rung::kProc);
  ASSERT_EQ(collector->not_taken.size(), 2U);
  EXPECT_TRUE(collector->not_taken[0].starts_with("tracing: no kernel BTF")) << collector->not_taken[0];
  EXPECT_TRUE(collector->not_taken[1].starts_with("raw: no kernel BTF")) << collector->not_taken[1];
}

TEST(Ladder, ANamedRungHasNoOtherBelow) {
  const auto collector = open_collector({.rung = Rung::kTracing, .pretend_no_btf = true});
  ASSERT_FALSE(collector.ok());
  EXPECT_EQ(collector.error().kind, Error::Kind::kUnavailable);
  EXPECT_TRUE(collector.error().message.starts_with("rung tracing: no kernel BTF")) << collector.error().message;
  EXPECT_EQ(open_collector({.rung = Rung::kProc})->rung, Rung::kProc);
}

/// In a child, for a drop cannot be undone; prints what it got when that is wrong.
TEST(Ladder, WithoutPrivilegeItPollsProcAndSaysWhy) {
  const pid_t child = fork();
  if (child == 0) {
    if (!drop_to_nobody()) _exit(1);
    const auto collector = open_collector({});
    const bool right = collector.ok() && collector->rung == Rung::kProc && collector->not_taken.size() == 2;
    if (!right) std::puts(collector.ok() ? "another rung" : collector.error().message.c_str());
    if (right) {
      for (const std::string& why : collector->not_taken) {
        if (why.find('\n') != std::string::npos || why.size() < 12) _exit(2);
      }
    }
    _exit(right ? 0 : 3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace davy::collect
