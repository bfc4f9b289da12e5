#include "store/watching.h"

#include <fmt/core.h>

namespace davy::store {

std::string to_text(Day day) {
  const std::chrono::year_month_day parts(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(parts.year()), static_cast<unsigned>(parts.month()),
                     static_cast<unsigned>(parts.day()));
}

Day day_from(const std::string& text) {
  const auto time = from_rfc3339(text + "T00:00:00Z");
  return time ? day_of(*time) : Day{};
}

}  // namespace davy::store
