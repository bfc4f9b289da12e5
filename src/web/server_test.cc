#include "web/server.h"

#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "detect/json.h"
#include "web/watched_test.h"

namespace davy::web {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

const Address kAny{"127.0.0.1", 0};

/// A server on a board that a real detector fills.
struct Served {
  explicit Served(Options options = {}) {
    watched.put_miner(0);
    watched.play(8);
    auto opened = Server::open(kAny, watched.board(), std::move(options));
    EXPECT_TRUE(opened) << opened.error().message;
    server = std::move(opened.value());
    EXPECT_TRUE(server->start());
  }
  [[nodiscard]] httplib::Client client() const { return httplib::Client("127.0.0.1", server->address().port); }

  Watched watched;
  std::unique_ptr<Server> server;
};

/// What the HTTP library keeps in statics is made on first use, safely; but the library is not built for the thread
/// sanitizer, which cannot see that. So all of it is used once before any test has threads.
class LibraryUsedOnce : public testing::Environment {
 public:
  void SetUp() override {
    const Served served;
    auto client = served.client();
    ASSERT_TRUE(client.Get("/"));
    client.Get("/api/v1/events", [](const char*, std::size_t) { return false; });
  }
};
[[maybe_unused]] const testing::Environment* const kLibraryUsedOnce =
    testing::AddGlobalTestEnvironment(std::make_unique<LibraryUsedOnce>().release());

/// A connection that says `request` and reads when told to.
class Raw {
 public:
  Raw(const Server& server, const std::string& request) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int small = 4096;
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(server.address().port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    EXPECT_TRUE(send(request));
  }
  ~Raw() { ::close(socket_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  bool send(const std::string& bytes) const {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  /// All that comes until `mark` was seen or the server closed.
  std::string read_until(const std::string& mark) {
    std::string all;
    std::array<char, 4096> buffer{};
    while (all.find(mark) == std::string::npos) {
      const auto n = recv(socket_, buffer.data(), buffer.size(), 0);
      if (n <= 0) break;
      all.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return all;
  }

 private:
  int socket_;
};

const std::string kFollow = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Waits for what another thread will bring about.
template <typename Condition>
bool soon(Condition condition) {
  for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(10));
  return condition();
}

TEST(Server, AnswersWithItsHeaders) {
  const Served served;
  auto client = served.client();
  for (const char* path : {"/", "/api/v1/workloads", "/metrics", "/nothing"}) {
    const auto answer = client.Get(path);
    ASSERT_TRUE(answer) << path;
    const std::string policy = answer->get_header_value("Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << path;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(answer->get_header_value("X-Content-Type-Options"), "nosniff");
    EXPECT_FALSE(answer->has_header("Access-Control-Allow-Origin"));
  }
  const auto list = client.Get("/api/v1/workloads");
  EXPECT_EQ(detect::Json::parse(list->body)["workloads"][0]["process"]["comm"], "miner");
  EXPECT_EQ(list->get_header_value("Cache-Control"), "no-store");
}

TEST(Server, RefusesNamesThatAreNotThisHosts) {
  const Served served;
  auto client = served.client();
  for (const char* host : {"evil.example", "127.0.0.1.evil.example", "0.0.0.0"}) {
    for (const char* path : {"/", "/api/v1/workloads", "/api/v1/events", "/metrics"}) {
      const auto answer = client.Get(path, {{"Host", host}});
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, 421) << host << path;
    }
  }
  EXPECT_EQ(client.Get("/api/v1/health", {{"Host", "localhost:1"}})->status, 200);
  EXPECT_EQ(client.Get("/api/v1/health", {{"Host", "[::1]"}})->status, 200);
}

TEST(Server, RefusesScriptsOfOtherSites) {
  const Served served;
  auto client = served.client();
  EXPECT_EQ(client.Get("/api/v1/workloads", {{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}})->status,
            403);
  EXPECT_EQ(client.Get("/api/v1/events", {{"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Mode", "cors"}})->status, 403);
  EXPECT_EQ(client.Get("/", {{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}})->status, 200);
  EXPECT_EQ(client.Get("/api/v1/workloads", {{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Mode", "cors"}})->status,
            200);
}

TEST(Server, AnswersOnlyGetAndHead) {
  const Served served;
  auto client = served.client();
  const auto post = client.Post("/api/v1/workloads", "{}", "application/json");
  ASSERT_TRUE(post);
  EXPECT_EQ(post->status, 405);
  EXPECT_EQ(post->get_header_value("Allow"), "GET, HEAD");
  EXPECT_EQ(client.Delete("/api/v1/workloads")->status, 405);
  const auto head = client.Head("/api/v1/workloads");
  EXPECT_EQ(head->status, 200);
  EXPECT_TRUE(head->body.empty());
  EXPECT_EQ(client.Head("/api/v1/events")->status, 200);
  EXPECT_EQ(client.Get("/metrics", {httplib::make_range_header({{1, 10}})})->status, 416);
  EXPECT_EQ(client.Get("/api/v1/health")->status, 200) << "the connection is still in step";
}

TEST(Server, SendsThePageCompressedWhenAsked) {
  const Served served;
  auto client = served.client();
  client.set_decompress(false);
  const auto packed = client.Get("/", {{"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(packed->get_header_value("Content-Encoding"), "gzip");
  EXPECT_EQ(packed->body.substr(0, 2), "\x1f\x8b");
  const auto plain = client.Get("/");
  EXPECT_FALSE(plain->has_header("Content-Encoding"));
  EXPECT_NE(plain->body.find("<!doctype html>"), std::string::npos);
  EXPECT_EQ(client.Get("/", {{"If-None-Match", plain->get_header_value("ETag")}})->status, 304);
  EXPECT_FALSE(client.Get("/api/v1/workloads", {{"Accept-Encoding", "br"}})->has_header("Content-Encoding"));
}

TEST(Server, FollowersSeeEachSlice) {
  Served served;
  Raw follower(*served.server, kFollow);
  const std::string head = follower.read_until("\n\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_NE(head.find("event: slice"), std::string::npos);
  const auto version = served.watched.snapshot()->version;
  served.watched.play(1);
  EXPECT_NE(follower.read_until("\"version\":" + std::to_string(version + 1) + ",").find("event: slice"),
            std::string::npos);
  EXPECT_EQ(served.server->visitors().following, 1U);
}

TEST(Server, ManyFollowersAreServedAndOneTooManyIsToldSo) {
  Served served({.followers = 20});
  std::vector<std::unique_ptr<Raw>> followers;
  for (int i = 0; i < 20; ++i) {
    followers.push_back(std::make_unique<Raw>(*served.server, kFollow));
    ASSERT_NE(followers.back()->read_until("\n\n").find("event: slice"), std::string::npos) << i;
  }
  Raw one_more(*served.server, kFollow);
  EXPECT_NE(one_more.read_until("}").find("503"), std::string::npos);
  EXPECT_EQ(served.server->visitors().refused, 1U);
  EXPECT_EQ(served.client().Get("/api/v1/health")->status, 200) << "the page must answer beside them";
  served.watched.play(1);
  for (auto& follower : followers) EXPECT_NE(follower->read_until("\n\n").find("event: slice"), std::string::npos);
  followers.clear();
  EXPECT_TRUE(soon([&] {
    served.watched.play(1);
    return served.server->visitors().following == 0;
  })) << "clients that went away must be noticed";
  EXPECT_EQ(served.server->visitors().dropped, 0U) << "going away is not slowness";
}

TEST(Server, AClientThatDoesNotReadIsDroppedAndCounted) {
  Served served({.patience = milliseconds(200)});
  // Long words make large events, so that the buffers between the two fill soon.
  auto loud = *served.watched.snapshot();
  loud.not_seen.assign(64, std::string(4096, 'x'));
  Raw sleeper(*served.server, kFollow);
  ASSERT_TRUE(soon([&] { return served.server->visitors().following == 1; }));
  for (int i = 0; i < 400 && served.server->visitors().dropped == 0; ++i) {
    ++loud.version;
    const auto before = Clock::now();
    served.watched.board().publish(std::make_shared<const detect::Snapshot>(loud));
    EXPECT_LT(Clock::now() - before, milliseconds(150)) << "the detector must not wait for a client";
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(served.server->visitors().dropped, 1U);
  EXPECT_TRUE(soon([&] { return served.server->visitors().following == 0; }));
}

TEST(Server, StopsAtOnceThoughClientsFollow) {
  Served served;
  Raw first(*served.server, kFollow);
  Raw second(*served.server, kFollow);
  first.read_until("\n\n");
  second.read_until("\n\n");
  auto idle = served.client();
  idle.set_keep_alive(true);
  idle.Get("/api/v1/health");
  const auto before = Clock::now();
  served.server->stop();
  EXPECT_LT(Clock::now() - before, milliseconds(2500));
  EXPECT_EQ(first.read_until("this never comes").find("this never comes"), std::string::npos);
}

std::size_t descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(Server, ManyConnectionsHoldFewDescriptorsAndThePageAnswersAgain) {
  Served served;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  constexpr std::size_t kMany = 2000;
  ASSERT_GT(limit.rlim_cur, 2 * kMany + 200);
  const std::size_t before = descriptors();
  std::vector<std::unique_ptr<Raw>> silent;
  std::size_t most = 0;
  for (std::size_t i = 0; i < kMany; ++i) {
    silent.push_back(std::make_unique<Raw>(*served.server, ""));
    if (i % 50 == 0) most = std::max(most, descriptors() - silent.size());
  }
  EXPECT_LT(most, before + 150) << "what the server holds must not grow with those who connect";
  EXPECT_GT(served.server->visitors().turned_away, kMany / 2);
  auto client = served.client();
  EXPECT_TRUE(soon([&] {
    const auto answer = client.Get("/healthz");
    return answer && answer->status == 200;
  })) << "though all are still connected";
}

TEST(Server, ARequestMustBeThereInTime) {
  Served served({.patience = milliseconds(300)});
  Raw slow(*served.server, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
  const auto before = Clock::now();
  // A byte now and then is progress, but not enough of it.
  std::thread dripping([&] {
    for (int i = 0; i < 20 && slow.send("X"); ++i) std::this_thread::sleep_for(milliseconds(100));
  });
  slow.read_until("this never comes");
  EXPECT_LT(Clock::now() - before, milliseconds(1500));
  dripping.join();
  Raw whole(*served.server, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(whole.read_until("\r\n\r\n").find("200"), std::string::npos);
}

TEST(Server, AnEndlessRequestIsCutOff) {
  Served served;
  Raw endless(*served.server, "GET /healthz HTTP/1.1\r\n");
  std::size_t sent = 0;
  for (const std::string line = "X-More: " + std::string(1000, 'x') + "\r\n"; sent < 64'000'000; sent += line.size()) {
    if (!endless.send(line)) break;
  }
  EXPECT_LT(sent, 8'000'000U) << "the sockets' buffers aside, nothing may be taken";
}

TEST(Server, APortInUseIsSaidInOneLine) {
  const Served served;
  const detect::Board board;
  const auto second = Server::open(served.server->address(), board);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, to_string(served.server->address()) +
                                        " is in use, perhaps by another davy: choose another port with --listen "
                                        "127.0.0.1:PORT");
}

TEST(Server, OpenedButNeverStartedEndsCleanly) {
  const detect::Board board;
  const auto server = Server::open({"::1", 0}, board);
  if (!server) GTEST_SKIP() << "no IPv6 here: " << server.error().message;
  EXPECT_NE((*server)->address().port, 0);
}

TEST(Server, ReadersAndTheDetectorDoNotDisturbEachOther) {
  Served served;
  std::atomic<bool> over = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      auto client = served.client();
      while (!over) {
        const auto list = client.Get("/api/v1/workloads");
        ASSERT_TRUE(list);
        const auto parsed = detect::Json::parse(list->body);
        const auto id = parsed["workloads"][0]["id"].get<std::string>();
        EXPECT_EQ(client.Get("/api/v1/workloads/" + id)->status, 200);
        EXPECT_EQ(client.Get("/metrics")->status, 200);
      }
    });
  }
  for (int i = 0; i < 30; ++i) {
    served.watched.play(1);
    std::this_thread::sleep_for(milliseconds(5));
  }
  over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_GT(served.server->visitors().requests, 3U);
}

}  // namespace
}  // namespace davy::web
