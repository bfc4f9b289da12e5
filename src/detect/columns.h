#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace davy::detect {

// Text for a terminal. A column is a code point: names of processes hardly hold wide characters, and what does is
// still shown whole.

/// Fit to be shown: control characters (a process may be called "\x1b[2J") as \xNN, bytes that are not UTF-8 as "?".
std::string printable(std::string_view raw);

/// Number of code points. REQUIRES: valid UTF-8.
std::size_t width_of(std::string_view text);

/// Exactly `width` columns: padded with spaces, or cut with "…" at its end.
std::string left(std::string_view text, std::size_t width);
std::string right(std::string_view text, std::size_t width);
/// At most `width` columns: cut with "…", not padded.
std::string cut(std::string_view text, std::size_t width);

/// Breaks between words so that no line exceeds `width`; lines after the first begin with `indent` spaces. A longer
/// word stands alone. Ends without a line break.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent);

/// The same for text that begins at column `indent`, beneath which its further lines stand.
std::string hang(std::string_view text, std::size_t width, std::size_t indent);

/// "8 s", "4 min", "2 h", "3 d".
std::string duration_words(double seconds);

}  // namespace davy::detect
