#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>

#include "base/log.h"
#include "commands.h"

namespace davy::app {

int exit_code(const Error& error) { return error.kind == Error::Kind::kBadInput ? kBadUse : kFailed; }

int report(const Error& error) {
  fmt::print(stderr, "davy: {}\n", error.message);
  return exit_code(error);
}

/// What is wrong with the command line, and where help is: "davy: --speeed: no such flag; see davy watch --help".
std::string one_line(const CLI::App* davy, const CLI::Error& error) {
  const auto given = davy->get_subcommands();
  const std::string command = given.empty() ? "davy" : "davy " + given.front()->get_name();
  std::string problem = error.what();
  std::replace(problem.begin(), problem.end(), '\n', ' ');
  return fmt::format("davy: {}; see {} --help\n", problem, command);
}

/// Examples in help begin with what was typed to get there, so that they can be typed as they stand.
void name_examples(CLI::App& app, const std::string& program) {
  std::string footer = app.get_footer();
  for (const std::string start : {"\n  ", "\n  sudo "}) {
    const std::string davy = start + "davy ";
    const std::string named = start + program + " ";
    for (auto at = footer.find(davy); at != std::string::npos; at = footer.find(davy, at + named.size())) {
      footer.replace(at, davy.size(), named);
    }
  }
  app.footer(footer);
  for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) name_examples(*command, program);
}

/// Results that could not be written are no success.
int check_output(int exit) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit;
  return report(Error{fmt::format("standard output: {}", std::strerror(errno))});
}

}  // namespace davy::app

int main(int argc, char** argv) {
  using namespace davy::app;
  CLI::App davy("Davy: a safety lamp for containers. Watches what every process does and says which one mines.");
  davy.set_version_flag("--version", "davy " DAVY_VERSION);
  davy.require_subcommand(1);
  int exit = kDone;
  davy.failure_message(one_line);
  add_watch(davy, exit);
  add_record(davy, exit);
  add_scan(davy, exit);
  add_corpus(davy, exit);
  add_dataset(davy, exit);
  add_train(davy, exit);
  add_evaluate(davy, exit);
  add_threshold(davy, exit);
  add_detections(davy, exit);
  add_explain(davy, exit);
  add_verdict(davy, exit);
  add_allow(davy, exit);
  add_alert(davy, exit);
  add_store(davy, exit);
  add_export(davy, exit);
  add_features(davy, exit);
  add_doctor(davy, exit);
  name_examples(davy, argc > 0 ? argv[0] : "davy");

  davy::start_logging(spdlog::level::info);
  try {
    davy.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = davy.exit(error);
    return code == 0 ? kDone : kBadUse;
  } catch (const std::system_error& error) {  // fmt::print when its stream is full or gone
    return report(davy::Error{error.what()});
  }
  return exit == kDone || exit == kFoundSomething ? check_output(exit) : exit;
}
