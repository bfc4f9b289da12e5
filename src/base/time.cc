#include "base/time.h"

#include <fmt/chrono.h>

#include <cctype>
#include <cstdlib>
#include <ctime>

namespace davy {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

BootTime BootClock::now() noexcept {
  timespec ts{};
  clock_gettime(CLOCK_BOOTTIME, &ts);
  return BootTime(seconds(ts.tv_sec) + nanoseconds(ts.tv_nsec));
}

std::string to_rfc3339(WallTime time) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto millis = duration_cast<milliseconds>(time - whole).count();
  const std::time_t unix_seconds = whole.time_since_epoch().count();
  return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(unix_seconds), millis);
}

namespace {

Error not_rfc3339(const std::string& text) {
  return Error{"\"" + text + "\" is not a time like 2026-11-24T07:27:15Z", Error::Kind::kBadInput};
}

}  // namespace

Result<WallTime> from_rfc3339(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return not_rfc3339(text);
  nanoseconds fraction{0};
  if (*rest == '.') {
    std::int64_t unit = 100'000'000;
    for (++rest; std::isdigit(static_cast<unsigned char>(*rest)) != 0; ++rest, unit /= 10) {
      fraction += nanoseconds((*rest - '0') * unit);
    }
  }
  if (std::string(rest) != "Z") return not_rfc3339(text);
  return WallTime(seconds(timegm(&parts)) + fraction);
}

}  // namespace davy
