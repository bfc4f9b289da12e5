#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "commands.h"
#include "feature/markdown.h"
#include "feature/schema.h"

namespace davy::app {
namespace {

constexpr std::size_t kColumns = 80;

struct Flags {
  bool json = false;
  bool markdown = false;
};

/// Words of `text` in lines of at most kColumns, each after `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::istringstream words{std::string(text)};
  const std::string margin(indent, ' ');
  std::string out;
  std::string line = margin;
  for (std::string word; words >> word;) {
    if (line.size() > indent && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = margin;
    }
    line += (line.size() > indent ? " " : "") + word;
  }
  return out + line + "\n";
}

void print_text() {
  const auto all = feature::catalogue();
  fmt::print("{} features, schema {:016x}\n", all.size(), feature::schema_digest());
  const feature::Feature* before = nullptr;
  for (const feature::Feature& f : all) {
    if (before == nullptr || before->group != f.group) fmt::print("\n{}\n", feature::name_of(f.group));
    fmt::print("  {} [{}]\n{}", f.name, f.unit, wrapped(f.sentence, 6));
    before = &f;
  }
}

void print_json() {
  for (const feature::Feature& f : feature::catalogue()) {
    const nlohmann::ordered_json line = {{"name", f.name},
                                         {"unit", f.unit},
                                         {"group", feature::name_of(f.group)},
                                         {"scale", f.scale == feature::Scale::kLog ? "log2(1+x)" : "linear"},
                                         {"neutral", f.neutral},
                                         {"sentence", f.sentence}};
    fmt::print("{}\n", line.dump());
  }
}

}  // namespace

void add_features(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("features", "The feature catalogue: name, unit, group and meaning of each.");
  command->footer(
      "Examples:\n  davy features\n  davy features --json | jq -r .name\n"
      "  davy features --markdown > docs/features.md");
  auto flags = std::make_shared<Flags>();
  auto* json = command->add_flag("--json", flags->json, "One JSON object a line");
  command->add_flag("--markdown", flags->markdown, "The page docs/features.md")->excludes(json);
  command->callback([&exit, flags] {
    if (flags->json) {
      print_json();
    } else if (flags->markdown) {
      fmt::print("{}", feature::to_markdown());
    } else {
      print_text();
    }
    exit = kDone;
  });
}

}  // namespace davy::app
