#include "detect/columns.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace davy::detect {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

/// Length of the valid UTF-8 sequence at the start of `bytes`, or 0. Overlong forms, surrogates and numbers beyond
/// U+10FFFF are not valid.
std::size_t sequence(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(bytes[i])) return 0;
  }
  if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f)) return 0;
  return length;
}

/// C0, DEL, and the C1 controls U+0080 to U+009F, which some terminals obey.
bool is_control(std::string_view sequence_bytes) {
  const auto first = static_cast<unsigned char>(sequence_bytes[0]);
  if (sequence_bytes.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(sequence_bytes[1]) < 0xa0;
}

std::string wrap_from(std::string_view text, std::size_t width, std::size_t indent, std::size_t column) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const std::size_t length = width_of(word);
    const bool first = lines.empty();
    if (!first && column + 1 + length > width) {
      lines += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += length;
  }
  return lines;
}

/// Byte position after `columns` code points, or the end.
std::size_t position(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  while (at < text.size() && (continues(text[at]) || columns > 0)) {
    if (!continues(text[at])) --columns;
    ++at;
  }
  return at;
}

}  // namespace

std::string printable(std::string_view raw) {
  std::string shown;
  while (!raw.empty()) {
    const std::size_t length = sequence(raw);
    const std::string_view bytes = raw.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0) {
      shown += '?';
    } else if (is_control(bytes)) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes.back()));
    } else {
      shown += bytes;
    }
    raw.remove_prefix(bytes.size());
  }
  return shown;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

std::string cut(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  if (width == 0) return {};
  return std::string(text.substr(0, position(text, width - 1))) + "…";
}

std::string left(std::string_view text, std::size_t width) {
  std::string shown = cut(text, width);
  return shown + std::string(width - width_of(shown), ' ');
}

std::string right(std::string_view text, std::size_t width) {
  const std::string shown = cut(text, width);
  return std::string(width - width_of(shown), ' ') + shown;
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  return wrap_from(text, width, indent, 0);
}

std::string hang(std::string_view text, std::size_t width, std::size_t indent) {
  return wrap_from(text, width, indent, indent);
}

std::string duration_words(double seconds) {
  struct Unit {
    double seconds;
    std::string_view name;
  };
  constexpr std::array<Unit, 3> kUnits{{{86400, "d"}, {3600, "h"}, {60, "min"}}};
  for (const Unit& unit : kUnits) {
    if (seconds >= 2 * unit.seconds) return fmt::format("{:.0f} {}", std::floor(seconds / unit.seconds), unit.name);
  }
  return fmt::format("{:.0f} s", std::max(0.0, std::floor(seconds)));
}

}  // namespace davy::detect
