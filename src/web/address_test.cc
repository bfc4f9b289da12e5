#include "web/address.h"

#include <gtest/gtest.h>

namespace davy::web {
namespace {

TEST(Address, ReadsLoopbackAddresses) {
  const auto v4 = parse_address("127.0.0.1:7979");
  ASSERT_TRUE(v4) << v4.error().message;
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 7979);
  EXPECT_EQ(to_string(*v4), "127.0.0.1:7979");

  const auto v6 = parse_address("[::1]:0");
  ASSERT_TRUE(v6);
  EXPECT_EQ(to_string(*v6), "[::1]:0");

  EXPECT_EQ(parse_address("localhost:80")->host, "127.0.0.1");
  EXPECT_EQ(parse_address("127.9.9.9:80")->host, "127.9.9.9");
}

TEST(Address, RefusesOtherHostsInOneLine) {
  for (const char* text :
       {"0.0.0.0:7979", "[::]:7979", "192.168.1.4:7979", "example.org:7979", "[::ffff:127.0.0.1]:1"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, Error::Kind::kBadInput);
    EXPECT_NE(address.error().message.find("only this host"), std::string::npos) << address.error().message;
    EXPECT_EQ(address.error().message.find('\n'), std::string::npos);
  }
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "7979", ":7979", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1", "::1:80",
                           "[::1", "[::1]80", "127.0.0.1:80x"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().message.find("HOST:PORT"), std::string::npos) << text;
  }
}

TEST(Address, HostHeaderMustNameThisHost) {
  for (const char* host : {"127.0.0.1:7979", "127.0.0.1", "localhost:8080", "LocalHost", "[::1]:7979", "[::1]"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:7979", "127.0.0.1.evil.example", "localhost.evil.example",
                           "127.0.0.1:7979:1", "[::1", "0.0.0.0:7979", "127.0.0.1:x", "localhost@evil.example"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace davy::web
