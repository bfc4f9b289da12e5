#include "alert/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "alert/receiver_test.h"
#include "base/file.h"
#include "base/random.h"
#include "base/scratch_folder_test.h"

namespace davy::alert {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr WallTime kNow{std::chrono::seconds(1'795'500'000)};

class WebhookTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Webhook> hook(const Url& url, milliseconds whole = milliseconds(10'000)) const {
    auto made = Webhook::open(url, Secret(made_up_secret()), {ca_file_, milliseconds(5'000), whole});
    EXPECT_TRUE(made) << made.error().message;
    return *std::move(made);
  }

  Result<Reply> post(const Url& url, milliseconds whole = milliseconds(10'000)) {
    const auto began = Clock::now();
    auto reply = hook(url, whole)->post("abcd", "{\"a\":1}", kNow, interrupt_);
    took_ = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    return reply;
  }

  std::string problem(const Manners& manners, milliseconds whole = milliseconds(10'000)) {
    const Receiver receiver(manners);
    const auto reply = post(receiver.url(), whole);
    EXPECT_FALSE(reply) << reply->status;
    if (reply) return {};
    EXPECT_THAT(reply.error().message, StartsWith(origin(receiver.url()) + ": "));
    EXPECT_THAT(reply.error().message, Not(HasSubstr("hook"))) << "the path may be a secret";
    EXPECT_EQ(reply.error().message.find('\n'), std::string::npos);
    return reply.error().message;
  }

  ScratchFolder dir_;
  std::filesystem::path ca_file_;
  Interrupt interrupt_;
  milliseconds took_{0};
};

TEST_F(WebhookTest, SendsWhatReceiversAreToldToExpect) {
  const Receiver receiver;
  const auto reply = post(receiver.url());
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_TRUE(reply->is_taken());
  EXPECT_EQ(reply->body, "ok");
  const Received got = receiver.received().at(0);
  EXPECT_THAT(got.head, StartsWith("POST /hook?a=%20 HTTP/1.1\r\n"));
  EXPECT_EQ(got.body, "{\"a\":1}");
  EXPECT_EQ(got.header("Content-Type"), "application/json");
  EXPECT_EQ(got.header("Content-Length"), "7");
  EXPECT_EQ(got.header("User-Agent"), "davy/" DAVY_VERSION);
  EXPECT_EQ(got.header("Host"), "127.0.0.1:" + std::to_string(receiver.port()));
  EXPECT_EQ(got.header("Connection"), "close");
  EXPECT_EQ(got.header("X-Davy-Delivery"), "abcd");
  EXPECT_EQ(got.header("X-Davy-Timestamp"), "1795500000");
  EXPECT_EQ(got.header("X-Davy-Signature"), Secret(made_up_secret()).signature(1'795'500'000, got.body));
  EXPECT_THAT(got.head, Not(HasSubstr(made_up_secret())));
}

TEST_F(WebhookTest, GivesWhateverStatusCame) {
  for (const int status : {200, 204, 299, 301, 400, 404, 429, 500, 503}) {
    const Receiver receiver(says(status, "Retry-After: 7\r\nLocation: http://127.0.0.1:1/\r\n"));
    const auto reply = post(receiver.url());
    ASSERT_TRUE(reply) << status << ": " << reply.error().message;
    EXPECT_EQ(reply->status, status);
    EXPECT_EQ(reply->is_taken(), status < 300);
    EXPECT_EQ(reply->retry_after, std::chrono::seconds(7));
    EXPECT_EQ(receiver.connections(), 1U) << "no redirect is followed";
  }
}

TEST_F(WebhookTest, ReadsAnswersOfAllKinds) {
  for (const std::string raw :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", "HTTP/1.0 200 OK\r\n\r\nok", "HTTP/1.1 200\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\nok"}) {
    const Receiver receiver([&](Peer& peer, const Received&) { peer.write(raw); });
    const auto reply = post(receiver.url());
    ASSERT_TRUE(reply) << raw << reply.error().message;
    EXPECT_EQ(reply->status, 200) << raw;
    EXPECT_EQ(reply->body, "ok") << raw;
  }
}

TEST_F(WebhookTest, OnceTheStatusIsThereTheRestMayFail) {
  const Receiver receiver(
      [](Peer& peer, const Received&) { peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"); });
  EXPECT_TRUE(post(receiver.url())->is_taken());
}

TEST_F(WebhookTest, EndlessAnswersAreCutOff) {
  const auto endless = [](const std::string& head, const std::string& piece) {
    return [=](Peer& peer, const Received&) {
      peer.write(head);
      while (peer.write(piece)) continue;
    };
  };
  {
    const Receiver receiver(endless("HTTP/1.1 200 OK\r\n\r\n", std::string(1000, 'x')));
    const auto reply = post(receiver.url());
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->is_taken());
    EXPECT_EQ(reply->body.size(), kMostReply);
  }
  {
    const Receiver receiver(endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"));
    EXPECT_LE(post(receiver.url())->body.size(), kMostReply);
  }
  EXPECT_THAT(problem(endless("HTTP/1.1 200 ", std::string(1000, 'x'))), HasSubstr("is no HTTP"));
  EXPECT_THAT(problem(endless("HTTP/1.1 200 OK\r\n", "X: " + std::string(1000, 'x') + "\r\n")), HasSubstr("too long"));
  EXPECT_THAT(problem(endless("HTTP/1.1 200 OK\r\nX: ", std::string(1000, 'x'))), HasSubstr("too long"));
  EXPECT_THAT(problem(endless("", std::string(1000, '\n'))), HasSubstr("is no HTTP"));
  EXPECT_LT(took_, milliseconds(5'000));
}

TEST_F(WebhookTest, GarbageIsNoAnswer) {
  for (const std::string raw : {"\x16\x03\x01 garbage\r\n\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
                                "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                                "\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 -200\r\n\r\n"}) {
    EXPECT_THAT(problem([&](Peer& peer, const Received&) { peer.write(raw); }), HasSubstr("its answer is")) << raw;
  }
  EXPECT_THAT(problem([](Peer& peer, const Received&) { peer.write("HTTP/1.1 200 OK\r\nX"); }), HasSubstr("cut short"));
  // A status line that would overflow the stack of the library's parser.
  EXPECT_THAT(
      problem([](Peer& peer, const Received&) { peer.write("HTTP/1.1 200 " + std::string(90'000, 'a') + "\r\n\r\n"); }),
      HasSubstr("its answer is no HTTP"));
}

/// A good answer with a few bytes of it changed, doubled or gone.
std::string mangled(CounterRandom& random) {
  std::string bytes =
      "HTTP/1.1 200 OK\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\nContent-Length: "
      "5\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (auto left = random.below(6); left > 0; --left) {
    const auto at = random.below(bytes.size());
    switch (random.below(4)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes.erase(at, 1 + random.below(20));
        break;
      case 2:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(30)));
        break;
      default:
        bytes.insert(at, random.below(3000), "\r\n: 9"[random.below(6)]);
    }
    if (bytes.empty()) bytes = "\r";
  }
  return bytes;
}

TEST_F(WebhookTest, AnyBytesAreAnAnswerOrAnError) {
  CounterRandom random(14);
  const Receiver receiver([&](Peer& peer, const Received&) { peer.write(mangled(random)); });
  const auto one = hook(receiver.url());
  std::size_t answers = 0;
  constexpr int kRounds = 1'000;
  for (int i = 0; i < kRounds; ++i) {
    const auto reply = one->post("abcd", "{}", kNow, interrupt_);
    if (!reply) continue;
    ++answers;
    ASSERT_GE(reply->status, 100);
    ASSERT_LE(reply->status, 999);
    ASSERT_LE(reply->body.size(), kMostReply);
  }
  EXPECT_GT(answers, 100U);
  EXPECT_LT(answers, 950U);
}

TEST_F(WebhookTest, WhoClosesAtOnceIsTold) {
  EXPECT_THAT(problem([](Peer&, const Received&) {}), HasSubstr("without an answer"));
  EXPECT_THAT(problem([](Peer& peer, const Received&) {
                const linger now{1, 0};
                setsockopt(peer.socket(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
              }),
              HasSubstr("breaks the connection off"));
}

TEST_F(WebhookTest, NobodyThereIsTold) {
  std::uint16_t port = 0;
  { port = Receiver().port(); }
  const auto reply = post({false, "127.0.0.1", port, "/"});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().message, "http://127.0.0.1:" + std::to_string(port) + ": connection refused");
  const auto unknown = post({true, "no-such-host.invalid", 443, "/"});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, StartsWith("https://no-such-host.invalid: its name "));
}

TEST_F(WebhookTest, OverPlainHttpNoOtherHostIsAskedWhateverTheNameSays) {
  const auto reply = post({false, "192.0.2.1", 80, "/"});  // as if a name had resolved to it
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message, HasSubstr("only loopback ones are asked"));
  EXPECT_LT(took_, milliseconds(2'000));
}

TEST_F(WebhookTest, AHangOrATrickleEndsInTime) {
  EXPECT_THAT(problem([](Peer& peer, const Received&) { peer.hang(); }, milliseconds(300)), HasSubstr("in time"));
  EXPECT_GE(took_, milliseconds(290));
  EXPECT_LT(took_, milliseconds(2'000));
  EXPECT_THAT(problem(
                  [](Peer& peer, const Received&) {
                    while (peer.write("H")) std::this_thread::sleep_for(milliseconds(20));
                  },
                  milliseconds(300)),
              HasSubstr("in time"));
  EXPECT_LT(took_, milliseconds(2'000));
}

/// Takes connections into its queue, which is soon full, and never one out of it.
class Deaf {
 public:
  Deaf() : receiver_(), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(listen(listener_, 0), 0);
    socklen_t size = sizeof here;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size);
    port = ntohs(here.sin_port);
    for (int& one : filling_) {
      one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      static_cast<void>(connect(one, reinterpret_cast<sockaddr*>(&here), sizeof here));
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  ~Deaf() {
    for (const int one : filling_) close(one);
    close(listener_);
  }
  Deaf(const Deaf&) = delete;
  Deaf& operator=(const Deaf&) = delete;

  std::uint16_t port = 0;

 private:
  Receiver receiver_;
  int listener_;
  std::array<int, 4> filling_{};
};

TEST_F(WebhookTest, AnInterruptEndsAConnectionAttemptOrAHangAtOnce) {
  const Deaf deaf;
  const Receiver hangs([](Peer& peer, const Received&) { peer.hang(); });
  for (const Url& url : {Url{false, "127.0.0.1", deaf.port, "/"}, hangs.url()}) {
    Interrupt interrupt;
    std::thread other([&] {
      std::this_thread::sleep_for(milliseconds(200));
      interrupt.set();
    });
    const auto began = Clock::now();
    const auto reply = hook(url)->post("abcd", "{}", kNow, interrupt);
    EXPECT_LT(Clock::now() - began, milliseconds(900));
    EXPECT_GT(Clock::now() - began, milliseconds(150));
    ASSERT_FALSE(reply);
    EXPECT_THAT(reply.error().message, HasSubstr("interrupted"));
    other.join();
  }
}

// TLS ----------------------------------------------------------------------------------------------------------------

class TlsTest : public WebhookTest {
 protected:
  [[nodiscard]] std::string pem(const char* name) const { return (dir_ / name).string(); }

  void refused(const Receiver& receiver, const Url& url, const std::string& why) {
    const auto reply = post(url);
    ASSERT_FALSE(reply);
    EXPECT_THAT(reply.error().message, HasSubstr("its certificate is refused: " + why));
    EXPECT_TRUE(receiver.received().empty()) << "nothing was sent to it";
  }
};

TEST_F(TlsTest, TheRightOneIsTrustedByItsAuthority) {
  const SelfSigned certificate(pem("right.pem"), "DNS:localhost,IP:127.0.0.1");
  const Receiver receiver(says(200), &certificate);
  refused(receiver, receiver.url(), "self-signed certificate");
  ca_file_ = pem("right.pem");
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    const auto reply = post(receiver.url(host));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_TRUE(reply->is_taken());
    EXPECT_EQ(reply->body, "ok");
  }
  EXPECT_EQ(receiver.received().at(0).body, "{\"a\":1}");
}

TEST_F(TlsTest, AnotherHostsOrAnExpiredOneIsRefused) {
  const SelfSigned other(pem("other.pem"), "DNS:other.example,IP:127.0.0.2");
  const Receiver of_other(says(200), &other);
  ca_file_ = pem("other.pem");
  refused(of_other, of_other.url("localhost"), "hostname mismatch");
  refused(of_other, of_other.url("127.0.0.1"), "IP address mismatch");
  const SelfSigned old(pem("old.pem"), "DNS:localhost", -3600);
  const Receiver of_old(says(200), &old);
  ca_file_ = pem("old.pem");
  refused(of_old, of_old.url("localhost"), "certificate has expired");
  const SelfSigned right(pem("right.pem"), "DNS:localhost");
  const Receiver of_right(says(200), &right);
  refused(of_right, of_right.url("localhost"), "self-signed certificate");
}

TEST_F(TlsTest, WhoSpeaksNoTlsIsTold) {
  const Receiver plain;
  Url url = plain.url();
  url.tls = true;
  const auto reply = post(url, milliseconds(500));
  ASSERT_FALSE(reply);
  EXPECT_EQ(plain.received().size(), 0U);
  const Receiver silent([](Peer& peer, const Received&) { peer.hang(); });
  url.port = silent.port();
  const auto hung = post(url, milliseconds(300));
  ASSERT_FALSE(hung);
  EXPECT_THAT(hung.error().message, HasSubstr("in time"));
}

TEST_F(TlsTest, AReceiverThatGoesAwayEndsNothing) {
  const SelfSigned certificate(pem("right.pem"), "IP:127.0.0.1");
  ca_file_ = pem("right.pem");
  Receiver receiver(says(200), &certificate);
  receiver.hangs_up = true;
  const auto one = hook(receiver.url());
  for (int i = 0; i < 5; ++i) {
    const auto reply = one->post("abcd", std::string(5'000'000, 'x'), kNow, interrupt_);
    ASSERT_FALSE(reply);
    EXPECT_THAT(reply.error().message, HasSubstr("breaks the connection off"));
  }
}

TEST_F(TlsTest, AnAuthorityThatIsNoneIsRefused) {
  ASSERT_TRUE(replace_file(dir_ / "no.pem", "no certificate"));
  for (const std::string name : {"no.pem", "missing.pem"}) {
    const auto made = Webhook::open({true, "h", 443, "/"}, Secret(made_up_secret()), {dir_ / name});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, Error::Kind::kBadInput);
    EXPECT_THAT(made.error().message, StartsWith((dir_ / name).string() + ": is no readable certificate in PEM"));
  }
}

TEST_F(WebhookTest, NoProxyOfTheEnvironmentIsAsked) {
  const Receiver receiver;
  for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"})
    setenv(name, "http://127.0.0.1:1", 1);
  EXPECT_TRUE(post(receiver.url()));
  for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"}) unsetenv(name);
}

TEST(RetryAfter, IsSecondsOrADateUpToAnHour) {
  using std::chrono::seconds;
  const auto now = *from_rfc3339("2026-11-24T07:27:15Z");
  EXPECT_EQ(retry_after_from("0", now), seconds(0));
  EXPECT_EQ(retry_after_from("120", now), seconds(120));
  EXPECT_EQ(retry_after_from("86400", now), seconds(3600));
  EXPECT_EQ(retry_after_from(std::string(500, '9'), now), seconds(3600));
  EXPECT_EQ(retry_after_from("Tue, 24 Nov 2026 07:28:15 GMT", now), seconds(60));
  EXPECT_EQ(retry_after_from("Tue, 24 Nov 2026 07:00:00 GMT", now), seconds(0));
  EXPECT_EQ(retry_after_from("Wed, 24 Nov 2027 07:28:15 GMT", now), seconds(3600));
  for (const std::string text : {"", "-1", "soon", "1.5", "Tue, 24 Nov 2026", "1 2"})
    EXPECT_EQ(retry_after_from(text, now), std::nullopt) << text;
}

}  // namespace
}  // namespace davy::alert
