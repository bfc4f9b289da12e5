#include <fmt/core.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "commands.h"
#include "feature/schema.h"
#include "model/interchange.h"

namespace davy::app {
namespace {

enum class Form : std::uint8_t { kOnnx, kXgboost };

struct Flags {
  std::string model;
  Form to = Form::kOnnx;
  std::string out;
};

int export_model(const Flags& flags) {
  const auto model = model::load(flags.model);
  if (!model) return report(model.error());
  std::vector<std::string> names;
  for (const feature::Feature& one : feature::catalogue()) names.emplace_back(one.name);
  const auto bytes = flags.to == Form::kOnnx ? model::to_onnx(*model, names) : model::to_xgboost(*model, names);
  if (!bytes) return report(bytes.error().within(flags.model));
  if (const Status written = replace_file(flags.out, *bytes); !written) return report(written.error());
  fmt::print("{}: {}, {} features; alerts at {}\n", flags.out, model::kind_of(model->scorer), names.size(),
             model->threshold);
  return kDone;
}

}  // namespace

void add_export(CLI::App& davy, int& exit) {
  const std::map<std::string, Form> forms{{"onnx", Form::kOnnx}, {"xgboost", Form::kXgboost}};
  auto* command = davy.add_subcommand("export", "Write a forest or boosted trees in a form that others read.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("MODEL", flags->model, "A model made by `davy train` (.davym)")->required();
  command->add_option("--to", flags->to, "onnx: ONNX-ML, opset 3; xgboost: its JSON")
      ->transform(CLI::CheckedTransformer(forms))
      ->option_text("onnx|xgboost")
      ->required();
  command->add_option("--out", flags->out, "Where it goes")->required();
  command->footer(
      "Both give the same scores to 1e-6, and carry the features' names, the digests of\n"
      "schema and model, and the threshold. It is davy that computes the features.\n\n"
      "Examples:\n"
      "  davy export models/starter.davym --to onnx --out starter.onnx\n"
      "  davy export models/starter.davym --to xgboost --out starter.json");
  command->callback([flags, &exit] { exit = export_model(*flags); });
}

}  // namespace davy::app
