#include "web/feed.h"

#include <gtest/gtest.h>

#include <thread>

#include "detect/json.h"

namespace davy::web {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<const detect::Snapshot> snapshot(std::uint64_t version, std::size_t open = 0) {
  auto made = std::make_shared<detect::Snapshot>();
  made->version = version;
  made->open.resize(open);
  return made;
}

detect::Json data_of(const Feed::Event& event) {
  const auto at = event.text.find("data: ") + 6;
  return detect::Json::parse(event.text.substr(at, event.text.find('\n', at) - at));
}

TEST(Feed, TellsOfTheBoardAsItStandsAndOfEachChange) {
  detect::Board board;
  Feed feed(board, true);
  feed.start();
  const auto first = feed.wait_newer(0, milliseconds(5000));
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(data_of(*first)["state"], "learning");
  board.publish(snapshot(1, 1));
  const auto second = feed.wait_newer(first->number, milliseconds(5000));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(data_of(*second)["version"], 1);
  EXPECT_EQ(data_of(*second)["state"], "alert");
  EXPECT_TRUE(second->text.starts_with("id: "));
  EXPECT_TRUE(second->text.ends_with("\n\n"));
}

TEST(Feed, ALateClientGetsTheNewestOnly) {
  detect::Board board;
  Feed feed(board, true);
  feed.start();
  std::uint64_t seen = 0;
  for (std::uint64_t version = 1; version <= 50; ++version) {
    board.publish(snapshot(version));
    if (const auto event = feed.wait_newer(seen, milliseconds(5000))) seen = event->number;
  }
  std::shared_ptr<const Feed::Event> last;
  for (std::uint64_t at = 0; !last || data_of(*last)["version"] != 50; at = last->number) {
    last = feed.wait_newer(at, milliseconds(5000));
    ASSERT_NE(last, nullptr);
  }
  EXPECT_EQ(feed.wait_newer(last->number, milliseconds(20)), nullptr) << "there is nothing newer";
}

TEST(Feed, SaysThatTheSourceHasEnded) {
  detect::Board board;
  board.publish(snapshot(1));
  Feed feed(board, false);
  feed.start();
  const auto first = feed.wait_newer(0, milliseconds(5000));
  ASSERT_NE(first, nullptr);
  feed.end();
  const auto second = feed.wait_newer(first->number, milliseconds(5000));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(data_of(*second)["state"], "ended");
}

TEST(Feed, ClosingWakesWhoWaits) {
  detect::Board board;
  Feed feed(board, true);
  feed.start();
  const auto first = feed.wait_newer(0, milliseconds(5000));
  ASSERT_NE(first, nullptr);
  std::thread waiting([&] { EXPECT_EQ(feed.wait_newer(first->number, std::chrono::minutes(5)), nullptr); });
  feed.close();
  waiting.join();
  EXPECT_TRUE(feed.closed());
}

TEST(Feed, NeverStartedEndsAtOnce) {
  detect::Board board;
  const Feed feed(board, true);
  EXPECT_EQ(feed.wait_newer(0, milliseconds(1)), nullptr);
}

}  // namespace
}  // namespace davy::web
