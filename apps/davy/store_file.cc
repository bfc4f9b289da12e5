#include "store_file.h"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace davy::app {
namespace {

constexpr const char* kDefaultStore = "/var/lib/davy/davy.db";

std::string login_name() {
  const passwd* entry = getpwuid(getuid());
  return entry == nullptr ? fmt::format("uid {}", getuid()) : entry->pw_name;
}

}  // namespace

void add_store_file(CLI::App& command, std::string& path, const std::string& more) {
  path = kDefaultStore;
  command.add_option("--store", path, "Where detections, verdicts and allow entries are kept" + more)
      ->envname("DAVY_STORE")
      ->type_name("FILE")
      ->capture_default_str();
}

Result<std::unique_ptr<store::Store>> open_to_read(const std::string& path) {
  return store::Store::open(path, {.read_only = true});
}

Result<std::unique_ptr<store::Store>> open_to_write(const std::string& path) {
  return store::Store::open(path, {.make_missing = false});
}

std::string who_says(const std::string& named) {
  if (!named.empty()) return named;
  if (const char* caller = std::getenv("SUDO_USER"); caller != nullptr && *caller != '\0') return caller;
  return login_name();
}

}  // namespace davy::app
