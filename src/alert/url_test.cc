#include "alert/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davy::alert {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(UrlTest, IsReadWhole) {
  EXPECT_EQ(*parse_url("https://Hooks.Example/a/b?token=%20x"), (Url{true, "hooks.example", 443, "/a/b?token=%20x"}));
  EXPECT_EQ(*parse_url("https://hooks.example:8443"), (Url{true, "hooks.example", 8443, "/"}));
  EXPECT_EQ(*parse_url("https://h?x=1"), (Url{true, "h", 443, "/?x=1"}));
  EXPECT_EQ(*parse_url("https://[2001:db8::1]:1/x"), (Url{true, "2001:db8::1", 1, "/x"}));
  EXPECT_EQ(*parse_url("http://localhost"), (Url{false, "localhost", 80, "/"}));
  EXPECT_EQ(*parse_url("http://[::1]:8080/"), (Url{false, "::1", 8080, "/"}));
}

TEST(UrlTest, WhatIsShownHoldsNoPath) {
  EXPECT_EQ(origin(*parse_url("https://hooks.example:443/secret?secret")), "https://hooks.example");
  EXPECT_EQ(origin(*parse_url("http://[::1]:8080/secret")), "http://[::1]:8080");
  EXPECT_EQ(host_header(*parse_url("http://127.9.9.9")), "127.9.9.9");
}

TEST(UrlTest, PlainHttpStaysOnThisHost) {
  for (const std::string host : {"127.0.0.1", "127.255.0.3:9", "localhost:1", "[::1]", "LOCALHOST"})
    EXPECT_TRUE(parse_url("http://" + host + "/x")) << host;
  for (const std::string host : {"10.0.0.1", "128.0.0.1", "localhost.example", "127.0.0.1.example", "127.1",
                                 "2130706433", "0x7f.0.0.1", "[::2]", "[::ffff:127.0.0.1]", "0.0.0.0"})
    EXPECT_FALSE(parse_url("http://" + host + "/x")) << host;
}

TEST(UrlTest, NonsenseIsRefusedInOneLineWithoutItsPath) {
  for (const std::string text :
       {"", "hooks.example/secret", "ftp://h/secret", "https:///secret", "https://u:secret@h/", "https://h/secret#x",
        "https://h:0/secret", "https://h:65536/secret", "https://h:8a/secret", "https://h:/secret",
        "https://[::1/secret", "https://[h]/secret", "https://::1/secret", "https://h/a secret",
        "https://h/secret\r\nX: y", "https://h/\xc3\xa9", "https://a,b/secret", "https://%41/secret"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().kind, Error::Kind::kBadInput);
    EXPECT_THAT(url.error().message, Not(HasSubstr("secret")));
    EXPECT_EQ(url.error().message.find('\n'), std::string::npos);
  }
  EXPECT_FALSE(parse_url("https://h/" + std::string(2048, 'x')));
  EXPECT_FALSE(parse_url("https://" + std::string(254, 'x')));
}

}  // namespace
}  // namespace davy::alert
