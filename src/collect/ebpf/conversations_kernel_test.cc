// Conversations: real exchanges over loopback, read back as who spoke, how much, and what it looked like.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "collect/ebpf/kernel_test_support.h"

namespace davy::collect {
namespace {

using event::Conversation;
using event::Direction;
using event::FirstBytes;
using event::Speaker;
using event::Sum;
using event::Transport;
using testing::run_child;
using testing::Running;

void must(bool condition) {
  if (!condition) _exit(9);
}

int listen_on_loopback(sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(fd, 5) == 0);
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return fd;
}

void say(int fd, const std::string& text) {
  must(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void hear(int fd) {
  char buffer[4096];
  must(read(fd, buffer, sizeof buffer) > 0);
}

class Conversations : public ::testing::Test {
 protected:
  void SetUp() override {
    DAVY_NEEDS_ROOT();
    running_ = std::make_unique<Running>();
    ASSERT_TRUE(running_->ok());
    listener_ = listen_on_loopback(address_);
  }
  void TearDown() override { close(listener_); }

  /// A client and a server process that run the two sides of one TCP connection.
  void exchange(const std::function<void(int)>& client, const std::function<void(int)>& server) {
    const pid_t client_pid = fork();
    if (client_pid == 0) {
      const int fd = socket(AF_INET, SOCK_STREAM, 0);
      const int now = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
      must(connect(fd, reinterpret_cast<sockaddr*>(&address_), sizeof address_) == 0);
      client(fd);
      close(fd);
      _exit(0);
    }
    const pid_t server_pid = run_child([&] {
      const int fd = accept(listener_, nullptr, nullptr);
      server(fd);
      close(fd);
    });
    int status = 0;
    waitpid(client_pid, &status, 0);
    EXPECT_EQ(status, 0);
    running_->wait_slices(2);
    client_ = running_->capture().of(static_cast<std::uint32_t>(client_pid));
    server_ = running_->capture().of(static_cast<std::uint32_t>(server_pid));
  }
  static Conversation only(const event::Activity& activity) {
    EXPECT_EQ(activity.conversations.size(), 1U);
    return activity.conversations.empty() ? Conversation{} : activity.conversations[0];
  }

  std::unique_ptr<Running> running_;
  sockaddr_in address_{};
  int listener_ = -1;
  event::Activity client_, server_;
};

TEST_F(Conversations, LikeAMinerWithItsPool) {
  const std::string login = R"({"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"x"}})"
                            "\n";
  const std::string answer = R"({"id":1,"jsonrpc":"2.0","result":{"status":"OK"}})"
                             "\n";
  const std::string job = R"({"jsonrpc":"2.0","method":"job","params":{}})"
                          "\n";
  exchange(
      [&](int fd) {
        say(fd, login);
        for (int i = 0; i < 3; ++i) hear(fd);
      },
      [&](int fd) {
        hear(fd);
        say(fd, answer);
        usleep(1'200'000);
        say(fd, job);
        usleep(1'200'000);
        say(fd, job);
        usleep(200'000);
      });
  const Conversation c = only(client_);
  EXPECT_EQ(c.direction, Direction::kOutbound);
  EXPECT_EQ(c.transport, Transport::kTcp);
  EXPECT_EQ(c.first_speaker, Speaker::kUs);
  EXPECT_EQ(c.first_sent, FirstBytes::kJsonRpc);
  EXPECT_EQ(c.first_received, FirstBytes::kJsonRpc);
  EXPECT_EQ(c.sent.messages, 1U);
  EXPECT_EQ(c.sent.bytes, login.size());
  EXPECT_EQ(c.received.messages, 3U);
  EXPECT_EQ(c.received.bytes, answer.size() + 2 * job.size());
  EXPECT_EQ(c.pushes, 2U);
  EXPECT_EQ(c.turns, 1U);
  EXPECT_TRUE(c.closed);
  EXPECT_EQ(c.peer.port, ntohs(address_.sin_port));
  EXPECT_EQ(c.peer.address[12], 127);
  EXPECT_NEAR(static_cast<double>(c.received.gap_ms), 2'400, 300);
  EXPECT_EQ(client_[Sum::kConnectsOut], 1U);
  EXPECT_EQ(client_[Sum::kConnectionsClosed], 1U);

  const Conversation s = only(server_);
  EXPECT_EQ(s.direction, Direction::kInbound);
  EXPECT_EQ(s.first_speaker, Speaker::kPeer);
  EXPECT_EQ(s.received.bytes, c.sent.bytes);
  EXPECT_EQ(s.sent.bytes, c.received.bytes);
  EXPECT_EQ(s.pushes, 0U);
  EXPECT_EQ(server_[Sum::kAcceptsIn], 1U);
}

struct FirstWords {
  std::string text;
  FirstBytes kind;
};

TEST_F(Conversations, WhatTheFirstBytesLookLike) {
  const FirstWords cases[] = {
      {std::string("\x16\x03\x01\x02\x00\x01", 6), FirstBytes::kTls},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", FirstBytes::kHttp},
      {"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n\r\n", FirstBytes::kWebSocket},
      {R"({"id":1,"method":"mining.subscribe","params":[]})", FirstBytes::kJsonRpc},
      {R"({"id":1,"result":[["a"],"b",4],"error":null})", FirstBytes::kJsonRpc},
      {R"({"name":"davy"})", FirstBytes::kJson},
      {"NICK davy\r\n", FirstBytes::kLineText},
      {std::string("\x01\x02\x80\xff", 4), FirstBytes::kOther},
      {R"({"pad":")" + std::string(180, 'x') + R"(","method":"late"})", FirstBytes::kJsonRpc},
  };
  for (const FirstWords& words : cases) {
    exchange([&](int fd) { say(fd, words.text); }, [&](int fd) { hear(fd); });
    EXPECT_EQ(only(client_).first_sent, words.kind) << words.text;
    EXPECT_EQ(only(server_).first_received, words.kind) << words.text;
    EXPECT_EQ(only(client_).first_received, FirstBytes::kUnseen);
  }
}

TEST_F(Conversations, BytesInVectorsAndMessages) {
  exchange(
      [&](int fd) {
        char one[] = "{\"method\":", two[] = "\"login\"}";
        iovec pieces[] = {{one, strlen(one)}, {two, strlen(two)}};
        msghdr message{};
        message.msg_iov = pieces;
        message.msg_iovlen = 2;
        must(sendmsg(fd, &message, 0) > 0);
        must(writev(fd, pieces, 2) > 0);
      },
      [&](int fd) {
        char buffer[64];
        must(recv(fd, buffer, 18, MSG_PEEK | MSG_WAITALL) == 18);
        must(recv(fd, buffer, 36, MSG_WAITALL) == 36);
      });
  EXPECT_EQ(only(client_).first_sent, FirstBytes::kJsonRpc);
  EXPECT_EQ(only(client_).sent.messages, 2U);
  EXPECT_EQ(only(client_).sent.bytes, 36U);
  EXPECT_EQ(only(server_).received.messages, 1U) << "peeking receives nothing";
  EXPECT_EQ(server_[Sum::kBytesReceived], 36U);
}

TEST_F(Conversations, AConnectionRefused) {
  const sockaddr_in nobody = address_;
  close(listener_);
  const pid_t pid = run_child([&] {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(fd, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody) != 0);
  });
  running_->wait_slices(2);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  EXPECT_EQ(all[Sum::kConnectsOut], 1U);
  EXPECT_EQ(all[Sum::kConnectsFailed], 1U);
  EXPECT_EQ(all[Sum::kConnectionsClosed], 0U);
}

TEST_F(Conversations, AClosedConnectionWhoseSocketIsStillHeldIsToldOnce) {
  const auto answer_and_reset = [&] {
    const int fd = accept(listener_, nullptr, nullptr);
    const linger at_once{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    hear(fd);
    say(fd, "12345");
    usleep(100'000);
    close(fd);  // with a reset: the peer's socket is closed, its descriptor open
  };
  const pid_t client = fork();
  if (client == 0) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    for (int round = 0; round < 2; ++round) {
      must(connect(fd, reinterpret_cast<sockaddr*>(&address_), sizeof address_) == 0);
      say(fd, "0123456789");
      hear(fd);
      usleep(round == 0 ? 7'500'000 : 500'000);  // over a full pass, which comes every sixth slice
      const sockaddr nobody{};                   // AF_UNSPEC: the socket may connect again
      must(connect(fd, &nobody, sizeof nobody) == 0);
    }
    _exit(0);
  }
  run_child([&] {
    answer_and_reset();
    answer_and_reset();
  });
  int status = 0;
  waitpid(client, &status, 0);
  EXPECT_EQ(status, 0);
  running_->wait_slices(2);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(client));
  ASSERT_EQ(all.conversations.size(), 2U) << "one each time it connected";
  for (const Conversation& talk : all.conversations) {
    EXPECT_EQ(talk.sent.messages, 1U);
    EXPECT_EQ(talk.sent.bytes, 10U);
    EXPECT_EQ(talk.received.bytes, 5U);
    EXPECT_TRUE(talk.closed);
  }
  EXPECT_EQ(all[Sum::kConnectsOut], 2U);
  EXPECT_EQ(all[Sum::kConnectionsClosed], 2U);
}

TEST_F(Conversations, UdpNamesItsPeerWithEachCall) {
  const pid_t pid = run_child([] {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_addr = in6addr_loopback;
    to.sin6_port = htons(9'998);
    const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    must(sendto(fd, "ping", 4, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) == 4);
    usleep(1'200'000);
  });
  running_->wait_slices(2);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  ASSERT_EQ(all.conversations.size(), 1U);
  EXPECT_EQ(all.conversations[0].peer.port, 9'998);
  EXPECT_EQ(all.conversations[0].peer.address[15], 1);
}

TEST_F(Conversations, Udp) {
  const pid_t pid = run_child([] {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(9'999);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    must(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    for (int i = 0; i < 5; ++i) {
      const ssize_t sent = send(fd, "ping", 4, 0);
      must(sent == 4 || errno == ECONNREFUSED);
      usleep(300'000);
    }
  });
  running_->wait_slices(2);
  const event::Activity all = running_->capture().of(static_cast<std::uint32_t>(pid));
  EXPECT_GE(all[Sum::kMessagesSent], 3U);
  EXPECT_EQ(all[Sum::kBytesSent], 4 * all[Sum::kMessagesSent]);
  ASSERT_EQ(all.conversations.size(), 1U);
  EXPECT_EQ(all.conversations[0].transport, Transport::kUdp);
  EXPECT_EQ(all.conversations[0].peer.port, 9'999);
}

}  // namespace
}  // namespace davy::collect
