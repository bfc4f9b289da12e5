#include "detect/columns.h"

#include <gtest/gtest.h>

namespace davy::detect {
namespace {

TEST(Columns, ControlCharactersNeverReachTheTerminal) {
  EXPECT_EQ(printable("\x1b[2Jx\n"), "\\x1b[2Jx\\x0a");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "b"),
            "a\\x9bb");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Columns, BytesThatAreNotUtf8BecomeQuestionMarks) {
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("\xc0\xaf"), "??");            // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // beyond U+10FFFF
  EXPECT_EQ(printable("ab\xe2\x82"), "ab??");        // cut short
  EXPECT_EQ(printable("grün €"), "grün €");
}

TEST(Columns, CutsAndPadsByCodePoints) {
  EXPECT_EQ(left("grün", 6), "grün  ");
  EXPECT_EQ(right("grün", 6), "  grün");
  EXPECT_EQ(left("grünspan", 5), "grün…");
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abc", 0), "");
  EXPECT_EQ(left("", 2), "  ");
}

TEST(Columns, WrapsBetweenWords) {
  EXPECT_EQ(wrap("one two three four", 9, 2), "one two\n  three\n  four");
  EXPECT_EQ(wrap("averyveryverylongword x", 6, 1), "averyveryverylongword\n x");
  EXPECT_EQ(wrap("", 10, 2), "");
  EXPECT_EQ(hang("one two three", 9, 4), "one\n    two\n    three");
}

TEST(Columns, Durations) {
  EXPECT_EQ(duration_words(0), "0 s");
  EXPECT_EQ(duration_words(119.9), "119 s");
  EXPECT_EQ(duration_words(120), "2 min");
  EXPECT_EQ(duration_words(7200), "2 h");
  EXPECT_EQ(duration_words(200000), "2 d");
}

}  // namespace
}  // namespace davy::detect
