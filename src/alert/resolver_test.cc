#include "alert/resolver.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace davy::alert {
namespace {

Endpoint endpoint(const std::string& address) {
  Endpoint one;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&one.address, &v4, sizeof v4);
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr), 1);
    v6.sin6_family = AF_INET6;
    std::memcpy(&one.address, &v6, sizeof v6);
  }
  return one;
}

TEST(ResolverTest, KnowsALoopbackAddress) {
  for (const char* address : {"127.0.0.1", "127.255.0.9", "::1"})
    EXPECT_TRUE(is_loopback(endpoint(address))) << address;
  for (const char* address : {"128.0.0.1", "0.0.0.0", "10.0.0.127", "::", "::2", "::ffff:10.0.0.1"})
    EXPECT_FALSE(is_loopback(endpoint(address))) << address;
}

TEST(ResolverTest, GivesAddressesWithTheirPort) {
  const Interrupt never;
  const auto found = Resolver("127.0.0.9", 8080).look_up(Clock::now() + std::chrono::seconds(10), never);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 1U);
  sockaddr_in v4{};
  std::memcpy(&v4, &found->front().address, sizeof v4);
  EXPECT_EQ(ntohs(v4.sin_port), 8080);
  EXPECT_EQ(ntohl(v4.sin_addr.s_addr), 0x7f000009U);
  const auto local = Resolver("localhost", 1).look_up(Clock::now() + std::chrono::seconds(10), never);
  ASSERT_TRUE(local) << local.error().message;
  EXPECT_TRUE(std::all_of(local->begin(), local->end(), is_loopback));
}

TEST(ResolverTest, NobodyWaitsForAnAnswerThatIsNotWanted) {
  Resolver resolver("localhost", 1);
  Interrupt interrupt;
  interrupt.set();
  const auto interrupted = resolver.look_up(Clock::now() + std::chrono::seconds(10), interrupt);
  ASSERT_FALSE(interrupted);
  EXPECT_EQ(interrupted.error().message, "interrupted");
  const Interrupt never;
  const auto late = resolver.look_up(Clock::now() - std::chrono::seconds(1), never);
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, ::testing::HasSubstr("not resolved in time"));
  EXPECT_TRUE(resolver.look_up(Clock::now() + std::chrono::seconds(10), never)) << "the answer was still to be had";
  EXPECT_TRUE(resolver.look_up(Clock::now() + std::chrono::seconds(10), never)) << "and is asked for anew";
}

}  // namespace
}  // namespace davy::alert
