#include "settings.h"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <string_view>
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

using Commands = std::vector<CLI::App*>;

/// Those that read the file, `command` among them.
Commands commands_with_settings(CLI::App& command) {
  return command.get_parent()->get_subcommands(
      [](CLI::App* one) { return one->get_option_no_throw("--config") != nullptr; });
}

CLI::Option* option_of(CLI::App& command, std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  if (key == "config" || key == "help") return nullptr;
  return command.get_option_no_throw("--" + key);
}

CLI::App* find(const Commands& commands, std::string_view name) {
  const auto at = std::find_if(commands.begin(), commands.end(), [&](auto* one) { return one->get_name() == name; });
  return at == commands.end() ? nullptr : *at;
}

/// Below [COMMAND].
Status check_keys(CLI::App& command, const toml::table& table, const std::string& file) {
  for (const auto& [name, value] : table) {
    const std::string key(name.str());
    if (value.is_table() || option_of(command, key) == nullptr)
      return bad(file, key, fmt::format("is no setting of davy {}", command.get_name()));
  }
  return {};
}

/// A key that nobody knows is a mistake, whichever command it was meant for: what it was to do is not done.
Status check_file(const Commands& commands, const toml::table& table, const std::string& file) {
  for (const auto& [name, value] : table) {
    const std::string key(name.str());
    if (const auto* own = value.as_table()) {
      auto* command = find(commands, key);
      if (command == nullptr) return bad(file, "[" + key + "]", "is no command of davy that has settings");
      if (auto checked = check_keys(*command, *own, file); !checked) return checked;
    } else if (std::none_of(commands.begin(), commands.end(), [&](auto* one) { return option_of(*one, key); })) {
      return bad(file, key, "is no setting of any command");
    }
  }
  return {};
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

/// What is an option of the command; the rest belongs to others.
Status apply_table(CLI::App& command, const toml::table& table, const std::string& file) {
  for (const auto& [name, value] : table) {
    const std::string key(name.str());
    CLI::Option* option = option_of(command, key);
    if (value.is_table() || option == nullptr) continue;
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
  if (auto checked = check_file(commands_with_settings(command), *table, file); !checked) return checked;
  if (const auto* own = table->get_as<toml::table>(command.get_name())) {
    if (auto applied = apply_table(command, *own, file); !applied) return applied;
  }
  return apply_table(command, *table, file);
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
