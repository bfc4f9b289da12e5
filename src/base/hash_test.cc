#include "base/hash.h"

#include <gtest/gtest.h>

namespace davy {
namespace {

TEST(Hash, Sha256MatchesTheStandardsVector) {  // FIPS 180-4, "abc"
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, Sha256InPiecesIsTheSame) {
  Sha256Stream stream;
  stream.update("a");
  stream.update("");
  stream.update("bc");
  EXPECT_EQ(to_hex(stream.finish()), sha256_hex("abc"));
}

TEST(Hash, Hash64IsPinned) {  // sketches in recordings depend on it
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2ULL);
  EXPECT_NE(hash64("a"), hash64("b"));
  EXPECT_NE(hash64("a"), hash64("a", 1));
}

}  // namespace
}  // namespace davy
