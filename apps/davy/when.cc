#include "when.h"

#include <charconv>
#include <map>

namespace davy::app {
namespace {

constexpr std::int64_t kMost = 10'000;

Error bad(const std::string& text, const char* what) { return {"\"" + text + "\" " + what, Error::Kind::kBadInput}; }

}  // namespace

Result<std::chrono::seconds> duration_from(const std::string& text) {
  static const std::map<char, std::int64_t> kUnits{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}, {'w', 604'800}};
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, count);
  const auto unit = rest + 1 == end ? kUnits.find(*rest) : kUnits.end();
  if (fault != std::errc() || unit == kUnits.end() || count < 1 || count > kMost)
    return bad(text, "is no time span like 12h, 30d or 2w");
  return std::chrono::seconds(count * unit->second);
}

Result<WallTime> time_from(const std::string& text) {
  auto time = from_rfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (time) return time;
  return bad(text, "is no time like 2026-11-24 or 2026-11-24T07:27:15Z");
}

Result<WallTime> since_from(const std::string& text, WallTime now) {
  if (const auto span = duration_from(text)) return now - *span;
  auto time = time_from(text);
  if (time) return time;
  return bad(text, "is neither a time span like 7d nor a time like 2026-11-24 or 2026-11-24T07:27:15Z");
}

std::string short_time(WallTime time) {
  auto text = to_rfc3339(time).substr(0, 16);
  text[10] = ' ';
  return text;
}

}  // namespace davy::app
