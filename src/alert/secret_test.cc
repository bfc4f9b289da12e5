#include "alert/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/file.h"
#include "base/random.h"
#include "base/scratch_folder_test.h"

namespace davy::alert {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SecretTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path write(const std::string& bytes, mode_t mode = 0600) const {
    EXPECT_TRUE(replace_file(dir_ / "secret", bytes));
    EXPECT_EQ(chmod((dir_ / "secret").c_str(), mode), 0);
    return dir_ / "secret";
  }

  void refused(const std::string& why, const std::filesystem::path& path) const {
    const auto secret = Secret::load(path);
    ASSERT_FALSE(secret);
    EXPECT_THAT(secret.error().message, HasSubstr(why));
    EXPECT_THAT(secret.error().message, Not(HasSubstr("hush")));
    EXPECT_EQ(secret.error().message.find('\n'), std::string::npos);
  }

  ScratchFolder dir_;
};

TEST_F(SecretTest, IsWhatTheFileHoldsWithoutItsLineBreak) {
  const std::string bytes = "0123456789abcde\xff";
  for (const std::string end : {"", "\n", "\r\n"})
    EXPECT_EQ(Secret::load(write(bytes + end))->signature(7, "x"), Secret(bytes).signature(7, "x"));
}

TEST_F(SecretTest, WhatOthersMayReadIsNone) {
  const std::string bytes = "hush hush hush hush";
  for (const mode_t mode : {0644U, 0640U, 0604U, 0622U}) refused("chmod 600", write(bytes, mode));
  EXPECT_TRUE(Secret::load(write(bytes, 0400)));
  if (geteuid() == 0) {
    ASSERT_EQ(chown(write(bytes).c_str(), 12345, 0), 0);
    refused("belongs to another user", dir_ / "secret");
  }
}

TEST_F(SecretTest, TooShortTooLongOrNoneIsRefused) {
  refused("16 bytes at least", write("hush hush hush \n"));
  refused("16 bytes at least", write(""));
  refused("4096 bytes at most", write(std::string(4097, 'x')));
  EXPECT_TRUE(Secret::load(write(std::string(4096, 'x'))));
  refused("No such file", dir_ / "no");
  refused("is no file", dir_.path());
}

std::string hex(const std::string& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string drawn(CounterRandom& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

TEST(SignatureTest, IsWhatPythonsHmacSays) {
  CounterRandom random(11);
  std::string script =
      "import hmac\n"
      "def sign(key, at, body):\n"
      "    return 'v1=' + hmac.new(bytes.fromhex(key), at.encode() + b'.' + bytes.fromhex(body), "
      "'sha256').hexdigest()\n";
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const auto key = drawn(random, 16 + random.below(120));  // below and above a block of the hash
    const auto body = drawn(random, random.below(3000));
    const auto at = static_cast<std::int64_t>(random.below(std::uint64_t{1} << 33U));
    script += "print(sign('" + hex(key) + "', '" + std::to_string(at) + "', '" + hex(body) + "'))\n";
    expected += Secret(key).signature(at, body) + "\n";
  }
  const ScratchFolder dir;
  ASSERT_TRUE(replace_file(dir / "sign.py", script));
  std::FILE* python = popen(("python3 " + (dir / "sign.py").string()).c_str(), "r");
  std::string said(expected.size() + 1, '\0');
  said.resize(std::fread(said.data(), 1, said.size(), python));
  EXPECT_EQ(pclose(python), 0);
  EXPECT_EQ(said, expected);
}

}  // namespace
}  // namespace davy::alert
