#include "alert/sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <string>

#include "alert/receiver_test.h"
#include "base/scratch_folder_test.h"
#include "detect/json.h"
#include "store/sql.h"

namespace davy::alert {
namespace {

using Kind = store::Alert::Kind;
using std::chrono::milliseconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

event::Detection seen(std::uint64_t number) {
  auto host = std::make_shared<event::Host>();
  host->name = "edge-7";
  auto workload = std::make_shared<event::Workload>();
  workload->id = event::WorkloadId(number);
  workload->image = "x:1";
  event::Detection detection;
  detection.id = "ab12" + std::to_string(1'000'000 + number);
  detection.time = detection.alerted = detection.first_seen = wall_now();
  detection.host = host;
  detection.workload = workload;
  detection.release = "r";
  return detection;
}

SenderOptions quick() {
  SenderOptions options;
  options.first_pause = milliseconds(20);
  options.longest_pause = milliseconds(200);
  options.others_wait = milliseconds(100);
  options.refused_pause = milliseconds(300);
  return options;
}

class SenderTest : public ::testing::Test {
 protected:
  SenderTest() : store_(*store::Store::open(dir_ / "davy.db")) {}

  Sender& sender(const Url& url, SenderOptions options = quick(), milliseconds whole = milliseconds(10'000)) {
    options.say = [this](const std::string& words) {
      const std::lock_guard lock(mutex_);
      said_.push_back(words);
    };
    auto webhook = Webhook::open(url, Secret(made_up_secret()), {.whole = whole});
    sender_ = std::make_unique<Sender>(*store_, *std::move(webhook), std::move(options));
    return *sender_;
  }

  /// Its alert's id.
  std::string put(std::uint64_t number, Kind kind = Kind::kOpened, WallTime now = wall_now()) {
    auto detection = seen(number);
    if (kind == Kind::kClosed) detection.state = event::Detection::State::kClosed;
    auto kept = store::stored(detection, detect::to_line(detect::to_json(detection)));
    const Status done = sender_->put(kept, kind, detection, now);
    EXPECT_TRUE(done) << done.error().message;
    return detect::Json::parse(bodies_of(number).back()).at("id");
  }

  /// What the store holds of the alerts about detection `number`.
  std::vector<std::string> bodies_of(std::uint64_t number) { return column("body", seen(number).id); }

  std::vector<std::string> column(const std::string& name, const std::string& detection) {
    const auto database = store::Database::open(dir_ / "davy.db", store::Database::Access::kRead, milliseconds(5'000));
    const auto text = [](store::Statement& row) {
      std::string one;
      row.into(one);
      return one;
    };
    const auto sql = "SELECT " + name + " FROM alerts WHERE detection = ? ORDER BY number";
    return *store::rows<std::string>((*database)->ask(sql, detection), text);
  }

  bool all_delivered(milliseconds within = milliseconds(20'000)) {
    return soon([&] { return store_->alert_counts()->waiting == 0; }, within);
  }

  std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

  ScratchFolder dir_;
  std::unique_ptr<store::Store> store_;
  std::mutex mutex_;
  std::vector<std::string> said_;
  std::unique_ptr<Sender> sender_;
};

std::vector<std::string> ids_of(const std::vector<Received>& received) {
  std::vector<std::string> ids;
  for (const Received& one : received) ids.push_back(one.id());
  return ids;
}

TEST_F(SenderTest, WhatIsPutArrivesAtOnce) {
  const Receiver receiver;
  ASSERT_TRUE(sender(receiver.url()).start());
  std::this_thread::sleep_for(milliseconds(50));  // it waits by now
  const auto began = Clock::now();
  const auto id = put(1);
  ASSERT_TRUE(all_delivered());
  EXPECT_LT(Clock::now() - began, milliseconds(2'000));
  const auto received = receiver.received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(received[0].id(), id);
  EXPECT_EQ(received[0].body, bodies_of(1)[0]);
  EXPECT_TRUE(soon([&] { return sender_->counts().waiting == 0; }));
  EXPECT_EQ(sender_->counts().sent, 1U);
  EXPECT_EQ(sender_->counts().oldest_s, 0);
  EXPECT_TRUE(said().empty());
}

TEST_F(SenderTest, InOrderOfAgeWhileNothingFails) {
  const Receiver receiver;
  sender(receiver.url());
  std::vector<std::string> ids;
  for (const std::uint64_t number : {5, 3, 4}) ids.push_back(put(number));
  ids.push_back(put(3, Kind::kClosed));
  ASSERT_TRUE(sender_->start());
  ASSERT_TRUE(all_delivered());
  EXPECT_EQ(ids_of(receiver.received()), ids);
}

TEST_F(SenderTest, A500IsTriedAgainWithTheSameIdAndBody) {
  std::atomic<int> n = 0;
  const Receiver receiver([&](Peer& peer, const Received&) { peer.write(answer(n++ < 2 ? 500 : 200)); });
  ASSERT_TRUE(sender(receiver.url()).start());
  const auto id = put(1);
  ASSERT_TRUE(all_delivered());
  EXPECT_THAT(ids_of(receiver.received()), ElementsAre(id, id, id));
  EXPECT_EQ(receiver.received()[0].body, receiver.received()[2].body);
  EXPECT_TRUE(soon([&] { return said().size() == 2; }));
  EXPECT_EQ(sender_->counts().failed, 2U);
  EXPECT_EQ(sender_->counts().sent, 1U);
  EXPECT_EQ(said()[0], "alerts do not get through: " + origin(receiver.url()) + ": answers 500: trying on");
  EXPECT_EQ(said()[1], origin(receiver.url()) + ": takes alerts again");
  EXPECT_THAT(column("last_error", seen(1).id), ElementsAre(HasSubstr("answers 500")));
}

TEST_F(SenderTest, RetryAfterIsHonouredAndHoldsForAll) {
  std::atomic<int> n = 0;
  std::vector<Clock::time_point> times;
  std::mutex mutex;
  const Receiver receiver([&](Peer& peer, const Received&) {
    {
      const std::lock_guard lock(mutex);
      times.push_back(Clock::now());
    }
    peer.write(n++ == 0 ? answer(429, "Retry-After: 1\r\n") : answer(200));
  });
  sender(receiver.url());
  put(1);
  put(2);
  ASSERT_TRUE(sender_->start());
  ASSERT_TRUE(all_delivered());
  ASSERT_THAT(times, SizeIs(3));
  EXPECT_GE(times[1] - times[0], milliseconds(990));
}

TEST_F(SenderTest, WhatIsRefusedWaitsLongAndHoldsNobodyUp) {
  std::map<std::string, int> tries;
  std::string poison;
  std::mutex mutex;
  const Receiver receiver([&](Peer& peer, const Received& request) {
    const std::lock_guard lock(mutex);
    const int tried = tries[request.id()]++;
    peer.write(answer(request.id() == poison && tried < 2 ? 403 : 200, "Retry-After: 3600\r\n"));
  });
  sender(receiver.url());
  poison = put(1);
  std::vector<std::string> others;
  for (std::uint64_t number = 2; number < 12; ++number) others.push_back(put(number));
  ASSERT_TRUE(sender_->start());
  ASSERT_TRUE(all_delivered());
  auto ids = ids_of(receiver.received());
  EXPECT_EQ(ids.front(), poison);
  EXPECT_EQ(ids.back(), poison);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), poison), 3);
  std::erase(ids, poison);
  EXPECT_EQ(ids, others) << "each once, in order";
}

TEST_F(SenderTest, OneThatAReceiverChokesOnHoldsTheOthersUpForPausesOnly) {
  std::string poison;
  std::atomic<int> choked = 0;
  const Receiver receiver([&](Peer& peer, const Received& request) {
    if (request.id() != poison)
      peer.write(answer(200));
    else
      ++choked;  // closed without an answer
  });
  sender(receiver.url());
  poison = put(1);
  for (std::uint64_t number = 2; number < 22; ++number) put(number);
  ASSERT_TRUE(sender_->start());
  EXPECT_TRUE(soon([&] { return store_->alert_counts()->waiting == 1; }));
  EXPECT_TRUE(soon([&] { return choked >= 3; })) << "and is tried on";
}

TEST_F(SenderTest, ADeadReceiverCostsOneTryAtATimeHoweverMuchWaits) {
  std::atomic<bool> is_up = false;
  const Receiver receiver([&](Peer& peer, const Received&) {
    if (is_up) peer.write(answer(200));
  });
  sender(receiver.url());
  std::set<std::string> ids;
  constexpr std::uint64_t kWaiting = 1000;
  for (std::uint64_t number = 0; number < kWaiting; ++number) {
    const auto detection = seen(number);
    const auto kept = store::stored(detection, "{}");
    ASSERT_TRUE(sender_->put(kept, Kind::kOpened, detection, wall_now()));
  }
  const auto began = Clock::now();
  ASSERT_TRUE(sender_->start());
  ASSERT_TRUE(soon([&] { return receiver.connections() >= 12; }));
  std::this_thread::sleep_for(milliseconds(500));
  const auto tries = receiver.connections();
  EXPECT_LE(tries, static_cast<std::size_t>((Clock::now() - began) / milliseconds(50)) + 8)
      << "a try each 50 to 100 ms, once the first few are over";
  EXPECT_EQ(sender_->counts().waiting, kWaiting);
  EXPECT_GT(sender_->counts().oldest_s, 0.5);
  is_up = true;
  ASSERT_TRUE(all_delivered(milliseconds(120'000)));
  for (const auto& id : ids_of(receiver.received())) ids.insert(id);
  EXPECT_EQ(ids.size(), kWaiting);
  EXPECT_LE(receiver.connections(), kWaiting + tries + 8) << "of what was taken nothing is sent again";
  EXPECT_EQ(receiver.most_at_once(), 1);
  EXPECT_EQ(
      std::count_if(said_.begin(), said_.end(), [](auto& words) { return words.find("do not get") != words.npos; }), 1);
}

TEST_F(SenderTest, ComesBackAfterHangsAndGarbageOverOneConnection) {
  std::atomic<int> n = 0;
  const Receiver receiver([&](Peer& peer, const Received&) {
    switch (n++) {
      case 0:
        return peer.hang();
      case 1:
        return static_cast<void>(peer.write("garbage\r\n\r\n"));
      case 2:
        return;
      default:
        peer.write(answer(200));
    }
  });
  ASSERT_TRUE(sender(receiver.url(), quick(), milliseconds(200)).start());
  const auto id = put(1);
  ASSERT_TRUE(all_delivered());
  EXPECT_THAT(ids_of(receiver.received()), ElementsAre(id, id, id, id));
  EXPECT_EQ(receiver.most_at_once(), 1);
}

TEST_F(SenderTest, StopsWithinASecondWhereverItIs) {
  const Receiver hangs([](Peer& peer, const Received&) { peer.hang(); });
  const Receiver slow(says(503, "Retry-After: 3600\r\n"));
  const Receiver fine;
  for (const Receiver* receiver : {&hangs, &slow, &fine}) {
    ASSERT_TRUE(sender(receiver->url()).start());
    put(1);
    EXPECT_TRUE(soon([&] { return receiver->connections() > 0 || receiver == &fine; }));
    std::this_thread::sleep_for(milliseconds(100));
    const auto began = Clock::now();
    sender_->stop();
    EXPECT_LT(Clock::now() - began, milliseconds(1'000));
    EXPECT_EQ(sender_->counts().failed, receiver == &slow ? 1U : 0U) << "what was stopped has not failed";
  }
}

TEST_F(SenderTest, WhatWasUnderWayIsSentByTheNextOne) {
  std::atomic<bool> hang = true;
  const Receiver receiver([&](Peer& peer, const Received&) {
    if (hang)
      peer.hang();
    else
      peer.write(answer(200));
  });
  ASSERT_TRUE(sender(receiver.url()).start());
  const auto id = put(1);
  ASSERT_TRUE(soon([&] { return receiver.received().size() == 1; }));
  sender_->stop();
  hang = false;
  ASSERT_TRUE(sender(receiver.url()).start());
  ASSERT_TRUE(all_delivered());
  EXPECT_THAT(ids_of(receiver.received()), ElementsAre(id, id));
}

TEST_F(SenderTest, AfterAWeekItIsGivenUpKeptAndSaidOnce) {
  const Receiver receiver(says(500));
  sender(receiver.url());
  put(1, Kind::kOpened, wall_now() - std::chrono::hours(24 * 8));
  put(2);
  ASSERT_TRUE(sender_->start());
  ASSERT_TRUE(soon([&] { return sender_->counts().given_up == 1; }));
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(*store_->due_alerts(wall_now() + std::chrono::hours(1), 9)->begin()->alert.detection.rbegin(), '2');
  EXPECT_EQ(store_->alert_counts()->given_up, 1U);
  EXPECT_EQ(sender_->counts().given_up, 1U);
  const auto lines = said();
  EXPECT_EQ(std::count(lines.begin(), lines.end(),
                       "1 alerts are given up after 168 h of trying: " + origin(receiver.url()) + ": answers 500"),
            1);
}

TEST_F(SenderTest, WantOfRoomIsCountedAndSaid) {
  store_ = *store::Store::open(dir_ / "davy.db", {.alerts_waiting = 3});
  sender({false, "127.0.0.1", 1, "/"});
  for (std::uint64_t number = 0; number < 6; ++number) put(number);
  EXPECT_EQ(sender_->counts().no_room, 3U);
  EXPECT_THAT(said(), ElementsAre(HasSubstr("too many alerts wait: 1 given up so far")));
}

TEST_F(SenderTest, WhatWasTakenIsNotSentAgainWhileTheStoreIsHeld) {
  store_ = *store::Store::open(dir_ / "davy.db", {.busy = milliseconds(20)});
  const auto other = store::Database::open(dir_ / "davy.db", store::Database::Access::kWrite, milliseconds(1'000));
  std::optional<store::Transaction> held;
  const Receiver receiver([&](Peer& peer, const Received&) {
    auto begun = store::Transaction::begin(**other);
    if (begun) held.emplace(*std::move(begun));
    peer.write(answer(200));
  });
  ASSERT_TRUE(sender(receiver.url()).start());
  put(1);
  ASSERT_TRUE(soon([&] { return !said().empty(); }));
  EXPECT_THAT(said().front(), HasSubstr("another program has been writing to it for too long"));
  std::this_thread::sleep_for(milliseconds(1'500));
  held.reset();
  ASSERT_TRUE(all_delivered());
  EXPECT_THAT(receiver.received(), SizeIs(1));
  EXPECT_THAT(said(), SizeIs(1)) << "said once";
}

TEST(Backoff, DoublesBetweenAHalfAndTheWholeUpToTheLongest) {
  const milliseconds first(1'000);
  const milliseconds longest(300'000);
  std::set<std::int64_t> all;
  for (const std::string id : {"a", "b", "c", "d"}) {
    for (std::uint64_t tries = 1; tries < 100; ++tries) {
      const auto whole = std::min(longest.count(), first.count() << std::min<std::uint64_t>(tries - 1, 20));
      const auto pause = backoff(first, longest, tries, id);
      EXPECT_GE(pause.count(), whole / 2);
      EXPECT_LE(pause.count(), whole);
      EXPECT_EQ(pause, backoff(first, longest, tries, id));
      all.insert(pause.count());
    }
  }
  EXPECT_GT(all.size(), 350U) << "hosts that fail together come back apart";
}

}  // namespace
}  // namespace davy::alert
