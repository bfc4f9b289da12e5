#include "collect/ebpf/conversation_log.h"

#include <gtest/gtest.h>

namespace davy::collect {
namespace {

using Outcome = ConversationLog::Outcome;

davy_conversation talk_of(std::uint64_t id, std::uint32_t sent) {
  davy_conversation talk{};
  talk.id = id;
  talk.owner.tgid = 5;
  talk.transport = DAVY_TCP;
  talk.sent.messages = sent;
  talk.sent.bytes = sent * 100;
  talk.sent.gaps[3] = sent;
  talk.sent.largest = 100;
  talk.sent.first_ns = 1;
  talk.sent.last_ns = 2;
  return talk;
}

TEST(ConversationLog, TellsWhatIsNew) {
  ConversationLog log(1, 10);
  ConversationLog::Change change;
  ASSERT_EQ(log.look(talk_of(1, 3), change), Outcome::kChanged);
  EXPECT_TRUE(change.is_new);
  EXPECT_EQ(change.conversation.sent.messages, 3U);
  ASSERT_EQ(log.look(talk_of(1, 8), change), Outcome::kChanged);
  EXPECT_FALSE(change.is_new);
  EXPECT_EQ(change.conversation.sent.messages, 5U);
  EXPECT_EQ(change.conversation.sent.bytes, 500U);
  EXPECT_EQ(change.conversation.sent.gaps[3], 5U);
  EXPECT_EQ(log.look(talk_of(1, 8), change), Outcome::kNothingNew);
}

TEST(ConversationLog, ForgetsAClosedOneAndTellsSo) {
  ConversationLog log(1, 10);
  ConversationLog::Change change;
  log.look(talk_of(1, 3), change);
  davy_conversation last = talk_of(1, 3);
  last.closed = 1;
  ASSERT_EQ(log.look(last, change), Outcome::kChanged);
  EXPECT_TRUE(change.conversation.closed);
  EXPECT_EQ(change.conversation.sent.messages, 0U);
  EXPECT_EQ(log.size(), 0U);
}

TEST(ConversationLog, HoldsNoMoreThanItsLimit) {
  ConversationLog log(1, 3);
  ConversationLog::Change change;
  for (std::uint64_t id = 1; id <= 3; ++id) EXPECT_EQ(log.look(talk_of(id, 1), change), Outcome::kChanged);
  EXPECT_EQ(log.look(talk_of(4, 1), change), Outcome::kNoRoom);
  EXPECT_EQ(log.size(), 3U);
}

TEST(ConversationLog, ForgetsThoseNotHeardOfForLong) {
  ConversationLog log(1, 10);
  ConversationLog::Change change;
  log.look(talk_of(1, 1), change);
  int gone = 0;
  for (int i = 0; i < 20; ++i) {
    log.sweep([&](const davy_who& owner) { gone += owner.tgid == 5 ? 1 : 0; });
  }
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(log.size(), 0U);
}

TEST(ConversationLog, ValuesItDoesNotKnowAreUnknown) {
  ConversationLog log(1, 10);
  ConversationLog::Change change;
  davy_conversation odd = talk_of(1, 1);
  odd.transport = 200;
  odd.first_sent = 99;
  log.look(odd, change);
  EXPECT_EQ(change.conversation.transport, event::Transport::kUnknown);
  EXPECT_EQ(change.conversation.first_sent, event::FirstBytes::kUnseen);
}

}  // namespace
}  // namespace davy::collect
