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

#include "base/file.h"
#include "commands.h"
#include "corpus_folder.h"
#include "event/recording.h"
#include "progress.h"
#include "verify.h"

namespace davy::app {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::string corpus;
  bool json = false;
};

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
                              {"problems", verified.problems.size()}}));
}

void print_words(const Verified& verified) {
  for (const Problem& problem : verified.problems) fmt::print("{}: {}\n", problem.file, problem.what);
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

Status pack(const std::string& file) {
  const auto bytes = read_file(file);
  if (!bytes) return bytes.error();
  const auto packed = event::pack_recording(*bytes, file);
  if (!packed) return packed.error();
  if (Status written = replace_file(file, *packed); !written) return written;
  fmt::print("{}: {} bytes, {} before\n", file, packed->size(), bytes->size());
  return {};
}

/// The exit code of the first that failed; the others are packed all the same.
int pack_all(const std::vector<std::string>& files) {
  int exit = kDone;
  for (const std::string& file : files) {
    const Status packed = pack(file);
    if (const int code = packed ? kDone : report(packed.error()); exit == kDone) exit = code;
  }
  return exit;
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

  auto* packing = command->add_subcommand("pack", "Rewrite recordings in about half the bytes, to be kept.");
  const auto files = std::make_shared<std::vector<std::string>>();
  packing->add_option("FILE", *files, "Recordings, each replaced by the same slices compressed as far as it goes")
      ->required()
      ->type_name("");
  packing->footer(
      "The runner does it with what it records. The sha256 of a file changes: an index that names it is to be told.\n\n"
      "Examples:\n  davy corpus pack incident.davy");
  packing->callback([files, &exit] { exit = pack_all(*files); });

  command->footer("Examples:\n  davy corpus list\n  davy corpus verify");
}

}  // namespace davy::app
