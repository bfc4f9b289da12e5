#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "commands.h"
#include "progress.h"
#include "verify.h"

namespace davy::app {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::string corpus;
  bool json = false;
};

fs::path own_path() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

Error no_corpus(const std::string& place, const char* wanted) {
  return Error{fmt::format("{}: there is no corpus with {} here: name its folder with --corpus", place, wanted)};
}

/// The folder named, or ./corpus, or that of the checkout this program was built in or of where it is installed.
Result<fs::path> find_corpus(const std::string& named, const char* wanted) {
  std::error_code error;
  if (!named.empty()) {
    if (fs::exists(fs::path(named) / wanted, error)) return fs::path(named);
    return no_corpus(named, wanted);
  }
  const fs::path folder = own_path().parent_path();
  for (const fs::path& place : {fs::path("corpus"), folder / "../../corpus", folder / "../share/davy/corpus"}) {
    if (fs::exists(place / wanted, error)) return place.lexically_normal();
  }
  return no_corpus("corpus", wanted);
}

/// Becomes the runner; comes back only with an error.
int hand_over(const Flags& flags, std::vector<std::string> words) {
  const auto corpus = find_corpus(flags.corpus, "run");
  if (!corpus) return report(corpus.error());
  words.insert(words.begin(), {"python3", (*corpus / "run").string()});
  std::vector<char*> given;
  for (std::string& word : words) given.push_back(word.data());
  given.push_back(nullptr);
  std::fflush(nullptr);
  ::execvp(given[0], given.data());
  const std::string why = errno == ENOENT ? "is not installed" : std::strerror(errno);
  return report(Error{fmt::format("python3 {}: the runner {} needs it", why, words[1])});
}

bool names_a_recorder(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return word == "--recorder" || word.starts_with("--recorder="); });
}

int run(const Flags& flags, std::vector<std::string> words) {
  if (!names_a_recorder(words)) words.insert(words.begin(), {"--recorder", own_path().string()});
  return hand_over(flags, std::move(words));
}

int list(const Flags& flags, std::vector<std::string> words) {
  words.insert(words.begin(), "--list");
  return hand_over(flags, std::move(words));
}

std::string to_line(const nlohmann::json& json) {
  return json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

void print_json(const Verified& verified) {
  for (const Problem& problem : verified.problems) {
    fmt::print("{}\n", to_line({{"type", "problem"}, {"file", problem.file}, {"what", problem.what}}));
  }
  fmt::print("{}\n", to_line({{"type", "corpus"},
                              {"verdict", verified.problems.empty() ? "sound" : "unsound"},
                              {"recordings", verified.recordings},
                              {"bytes", verified.bytes},
                              {"without_digest", verified.without_digest},
                              {"problems", verified.problems.size()}}));
}

void print_words(const Verified& verified) {
  for (const Problem& problem : verified.problems) fmt::print("{}: {}\n", problem.file, problem.what);
  if (verified.without_digest > 0) {
    fmt::print("{} recordings have no sha256 in their index: whether they were altered cannot be told\n",
               verified.without_digest);
  }
  const std::string outcome =
      verified.problems.empty() ? "sound" : fmt::format("{} problems", verified.problems.size());
  fmt::print("{} recordings, {:.1f} MiB: {}\n", verified.recordings, static_cast<double>(verified.bytes) / (1 << 20),
             outcome);
}

int verify(const Flags& flags) {
  const auto corpus = find_corpus(flags.corpus, "recordings");
  if (!corpus) return report(corpus.error());
  Verified verified;
  {
    Progress progress("verifying", count_recordings(*corpus));
    verified = verify_corpus(*corpus, [&](std::size_t done) { progress.show(done); });
  }
  flags.json ? print_json(verified) : print_words(verified);
  return verified.problems.empty() ? kDone : kFoundSomething;
}

CLI::App* add_part(CLI::App& corpus, const char* name, const char* what, const std::shared_ptr<Flags>& flags) {
  auto* part = corpus.add_subcommand(name, what);
  part->add_option("--corpus", flags->corpus, "Folder of the corpus (default: ./corpus, else that of the checkout)")
      ->type_name("DIR");
  return part;
}

}  // namespace

void add_corpus(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("corpus", "Programs that are run in containers and recorded, to learn from.");
  command->require_subcommand(1);
  const auto flags = std::make_shared<Flags>();

  auto* running = add_part(*command, "run", "Run programs of the catalogue and record them, as root.", flags);
  running->allow_extras();
  running->footer(
      "Everything else is handed to the runner, corpus/run: --only PATTERN, --jobs N, --runs N, --smoke...; this very\n"
      "program records, unless --recorder names another.\n\n"
      "Examples:\n"
      "  sudo davy corpus run --runs 2 --jobs 4\n"
      "  sudo davy corpus run --smoke --only xmrig");
  running->callback([running, flags, &exit] { exit = run(*flags, running->remaining()); });

  auto* listing = add_part(*command, "list", "What programs there are.", flags);
  listing->allow_extras();
  listing->footer(
      "Everything else is handed to the runner, corpus/run --list.\n\n"
      "Examples:\n  davy corpus list\n  davy corpus list --json --only 'xmrig*'");
  listing->callback([listing, flags, &exit] { exit = list(*flags, listing->remaining()); });

  auto* verifying = add_part(*command, "verify", "Check recordings against their index and the catalogue.", flags);
  verifying->add_flag("--json", flags->json, "One JSON object a line");
  verifying->footer(
      "Names each recording that is missing, altered, damaged, of another schema or at odds with its index or the\n"
      "catalogue, of the shelves recordings/ and sealed/. Exit code 3 when something is wrong.\n\n"
      "Examples:\n  davy corpus verify\n  davy corpus verify --corpus /srv/corpus --json");
  verifying->callback([flags, &exit] { exit = verify(*flags); });

  command->footer("Examples:\n  davy corpus list\n  davy corpus verify");
}

}  // namespace davy::app
