#include "alert/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "base/random.h"
#include "detect/columns.h"
#include "detect/json.h"

namespace davy::alert {
namespace {

using event::Detection;
using Kind = store::Alert::Kind;
using ::testing::HasSubstr;

constexpr WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24}};

struct Names {
  std::string host = "edge-7";
  std::string image = "registry/x:1";
  std::string pod = "payments/api-5f9";
  std::string comm = "xmrig";
};

Detection seen(const Names& names = {}) {
  auto host = std::make_shared<event::Host>();
  host->name = names.host;
  auto workload = std::make_shared<event::Workload>();
  workload->kind = event::Workload::Kind::kContainer;
  workload->container = std::string(64, 'c');
  workload->image = names.image;
  workload->pod = names.pod;
  auto process = std::make_shared<event::Process>();
  process->id.tgid = 4242;
  process->comm = names.comm;
  Detection detection;
  detection.id = "ab12000000000001";
  detection.time = kNow;
  detection.host = host;
  detection.workload = workload;
  detection.process = process;
  detection.score = 0.97;
  detection.threshold = 0.9;
  detection.reasons = {{"computing", 0.4, "96 % of the CPU time it may use"},
                       {"conversation", 0.2, "it is told what to do"},
                       {"memory", 0.1, "third"},
                       {"libraries", -0.1, "uses a browser's"}};
  return detection;
}

TEST(Summary, SaysWhoMinesWhereAndWhy) {
  EXPECT_EQ(
      summary(Kind::kOpened, seen()),
      "edge-7: container payments/api-5f9, process xmrig (4242), mines (score 0.97, alert at 0.90): computing: 96 % "
      "of the CPU time it may use; conversation: it is told what to do");
  auto closed = seen();
  closed.process = nullptr;
  closed.closed_because = "every process seen in it has ended";
  EXPECT_EQ(
      summary(Kind::kClosed, closed),
      "edge-7: container payments/api-5f9 mines no longer (score 0.97, alert at 0.90): every process seen in it has "
      "ended");
  EXPECT_THAT(summary(Kind::kAllowEnded, seen()), HasSubstr("0.90), and what allowed it has ended: computing: 96 %"));
}

TEST(Summary, NamesWhatIsKnown) {
  EXPECT_THAT(summary(Kind::kOpened, seen({.pod = ""})), HasSubstr("container registry/x:1, process"));
  EXPECT_THAT(summary(Kind::kOpened, seen({.image = "", .pod = ""})), HasSubstr("container cccccccccccc, process"));
  auto session = seen({.image = "", .pod = ""});
  auto workload = std::make_shared<event::Workload>();
  workload->cgroup = "/user.slice/session-3.scope";
  session.workload = workload;
  EXPECT_THAT(summary(Kind::kOpened, session), HasSubstr("edge-7: workload session-3.scope, process"));
  EXPECT_THAT(summary(Kind::kOpened, Detection{}), HasSubstr("?: an unknown workload mines (score 0.00"));
  auto other = seen();
  other.reasons = {{"model", 0, "this model gives no reasons"}};
  EXPECT_THAT(summary(Kind::kOpened, other), HasSubstr("0.90): model: this model gives no reasons"));
}

TEST(Summary, AHostileNameIsOneWordThatMeansNothing) {
  EXPECT_EQ(safe_name("registry.example:5000/team/x_y-1.2+z"), "registry.example:5000/team/x_y-1.2+z");
  EXPECT_EQ(safe_name("http://evil.example"), "http?//evil.example");
  EXPECT_EQ(safe_name("<!channel> @everyone"), "?channel?everyone");
  EXPECT_EQ(safe_name("[x](y) `z` *b* ~c~ &amp; a|b"), "?x?y?z?b?c?amp?a?b");
  EXPECT_EQ(safe_name("a\n\r\x1b[2J\x00z"), "a?2J");
  EXPECT_EQ(safe_name("\xe2\x80\xaegnp.exe"), "?gnp.exe");
  EXPECT_EQ(safe_name(""), "?");
  EXPECT_EQ(safe_name(std::string(1000, 'x')), std::string(64, 'x'));
}

TEST(Summary, ForAnyNamesIsOneShortLineOfPlainCharacters) {
  CounterRandom random(12);
  for (int i = 0; i < 2000; ++i) {
    const auto drawn = [&] {
      std::string bytes(random.below(300), '\0');
      for (char& byte : bytes) byte = static_cast<char>(random.below(256));
      return bytes;
    };
    auto detection = seen({.host = drawn(), .image = drawn(), .pod = drawn(), .comm = drawn()});
    detection.closed_because = drawn();
    detection.reasons[0].text = drawn();
    for (const Kind kind : {Kind::kOpened, Kind::kClosed, Kind::kAllowEnded}) {
      const auto words = summary(kind, detection);
      ASSERT_LE(detect::width_of(words), kLongestSummary);
      ASSERT_EQ(words.find_first_of("<>@`*[]|\n\r\x1b\x7f"), std::string::npos) << words;
      ASSERT_EQ(words.find("://"), std::string::npos) << words;
      ASSERT_NO_THROW((void)detect::Json(words).dump()) << "valid UTF-8";
    }
  }
}

TEST(Compose, IsOneLineWithTheReport) {
  const auto alert = compose(Kind::kOpened, seen(), kNow);
  EXPECT_EQ(alert.body.find('\n'), std::string::npos);
  const auto object = detect::Json::parse(alert.body);
  EXPECT_EQ(object["type"], "alert");
  EXPECT_EQ(object["kind"], "opened");
  EXPECT_EQ(object["id"], alert.id);
  EXPECT_EQ(object["time"], "2026-11-24T00:00:00.000Z");
  EXPECT_EQ(object["summary"], summary(Kind::kOpened, seen()));
  EXPECT_EQ(object["detection"], detect::to_json(seen()));
  EXPECT_EQ(alert.detection, seen().id);
}

TEST(Compose, TheSameAgainHasTheSameId) {
  auto later = seen();
  later.time += std::chrono::minutes(1);
  const auto id = [](Kind kind, const Detection& detection, WallTime now = kNow) {
    return compose(kind, detection, now).id;
  };
  EXPECT_EQ(id(Kind::kOpened, seen()), id(Kind::kOpened, later, kNow + std::chrono::hours(1)));
  EXPECT_EQ(id(Kind::kAllowEnded, seen()), id(Kind::kAllowEnded, seen(), kNow + std::chrono::hours(1)));
  auto other = seen();
  other.id = "ab12000000000002";
  const std::set<std::string> all{id(Kind::kOpened, seen()), id(Kind::kClosed, seen()), id(Kind::kAllowEnded, seen()),
                                  id(Kind::kAllowEnded, later), id(Kind::kOpened, other)};
  EXPECT_EQ(all.size(), 5U);
  EXPECT_EQ(all.begin()->size(), 32U);
}

TEST(Compose, ATestSpeaksOfNoDetection) {
  const auto alert = compose_test("edge 7", kNow);
  const auto object = detect::Json::parse(alert.body);
  EXPECT_EQ(object["kind"], "test");
  EXPECT_EQ(object["id"], alert.id);
  EXPECT_TRUE(object["detection"].is_null());
  EXPECT_EQ(object["summary"], "edge?7: a test alert of davy: nothing mines, alerts arrive");
  EXPECT_NE(compose_test("edge 7", kNow + std::chrono::seconds(1)).id, alert.id);
}

}  // namespace
}  // namespace davy::alert
