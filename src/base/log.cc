#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace davy {

void start_logging(spdlog::level::level_enum level) {
  auto logger = spdlog::stderr_color_mt("davy");
  logger->set_pattern("davy: %^%l%$: %v");
  logger->set_level(level);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace davy
