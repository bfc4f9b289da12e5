#include "settings.h"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <array>
#include <system_error>
#include <vector>

namespace davy::app {
namespace {

constexpr const char* kDefaultFile = "/etc/davy/davy.toml";

Error bad(const std::string& file, const std::string& key, const std::string& problem) {
  return Error{fmt::format("{}: {}: {}", file, key, problem), Error::Kind::kBadInput};
}

Result<toml::table> read(const std::string& file, bool must_exist) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    if (!must_exist) return toml::table{};
    return Error{file + ": no such file", Error::Kind::kBadInput};
  }
  try {
    return toml::parse_file(file);
  } catch (const toml::parse_error& fault) {
    const auto line = fault.source().begin.line;
    return Error{fmt::format("{}:{}: {}", file, line, fault.description()), Error::Kind::kBadInput};
  }
}

/// A value as it would stand on a command line.
std::string as_word(const toml::node& value) {
  if (const auto text = value.value<std::string>(); value.is_string()) return *text;
  if (const auto flag = value.value<bool>(); value.is_boolean()) return *flag ? "true" : "false";
  if (const auto whole = value.value<std::int64_t>(); value.is_integer()) return fmt::format("{}", *whole);
  if (const auto number = value.value<double>(); value.is_floating_point()) return fmt::format("{}", *number);
  return {};
}

CLI::Option* option_of(CLI::App& command, std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return command.get_option_no_throw("--" + key);
}

Status give(CLI::Option& option, const std::string& word, const std::string& file, const std::string& key) {
  if (option.count() > 0) return {};
  try {
    option.add_result(word);
    option.run_callback();
  } catch (const CLI::ParseError& fault) {
    return bad(file, key, fault.what());
  }
  return {};
}

/// `strict`: a key that is no option of the command is an error; at the top it may belong to another command.
Status apply_table(CLI::App& command, const toml::table& table, const std::string& file, bool strict) {
  for (const auto& [name, value] : table) {
    const std::string key(name.str());
    if (value.is_table()) continue;
    CLI::Option* option = option_of(command, key);
    if (option == nullptr && !strict) continue;
    if (option == nullptr) return bad(file, key, fmt::format("is no setting of davy {}", command.get_name()));
    const auto word = as_word(value);
    if (word.empty()) return bad(file, key, "must be a text, a number or true or false");
    if (auto given = give(*option, word, file, key); !given) return given;
  }
  return {};
}

std::filesystem::path own_path() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

}  // namespace

void add_config(CLI::App& command) {
  command.add_option("--config", "Configuration file (TOML)")->envname("DAVY_CONFIG")->type_name("FILE");
}

Status apply_config(CLI::App& command) {
  const CLI::Option* option = command.get_option("--config");
  const std::string file = option->count() > 0 ? option->as<std::string>() : kDefaultFile;
  const auto table = read(file, option->count() > 0);
  if (!table) return table.error();
  if (const auto* own = table->get_as<toml::table>(command.get_name())) {
    if (auto applied = apply_table(command, *own, file, true); !applied) return applied;
  }
  return apply_table(command, *table, file, false);
}

void add_model(CLI::App& command, std::string& path) {
  command.add_option("--model", path, "Model to score with (default: the starter model)")
      ->envname("DAVY_MODEL")
      ->type_name("FILE");
}

Result<std::filesystem::path> find_model(const std::string& named) {
  if (!named.empty()) return std::filesystem::path(named);
  const auto folder = own_path().parent_path();
  const std::array<std::filesystem::path, 3> places{folder / "../../models", folder / "../share/davy/models",
                                                    folder / "models"};
  for (const auto& place : places) {
    std::error_code error;
    const auto path = (place / "starter.davym").lexically_normal();
    if (std::filesystem::exists(path, error)) return path;
  }
  return Error{"no model: models/starter.davym is not where this program is; name one with --model or DAVY_MODEL",
               Error::Kind::kBadInput};
}

}  // namespace davy::app
