// Writes a corpus of made-up programs for the end-to-end tests of learning: a few families of each label, two runs
// each; with a leak planted, one recording of a hold-out, or names that are markup. Usage: davy_made_up_corpus FOLDER
// [port|copy|sealed|markup]

#include <fmt/core.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "dataset/recorded_test.h"

namespace {

using namespace davy;

struct Family {
  std::string name;
  event::Label label;
  event::Character character;
  std::string core;
};

std::vector<Family> families() {
  using event::Label;
  event::Character light = event::miner_like(1);
  light.share = 0.6;
  event::Character silent = event::miner_like(4);
  silent.talk = {};
  event::Character burst = event::encoder_like(2);
  burst.share = 0.5;
  return {{"alpha", Label::kMiner, event::miner_like(2), "core-a"},
          {"beta", Label::kMiner, light, "core-a"},
          {"gamma", Label::kMiner, silent, "core-b"},
          {"worker", Label::kBenign, event::worker_like(2), ""},
          {"encoder", Label::kBenign, event::encoder_like(4), ""},
          {"burst", Label::kBenign, burst, ""},
          {"server", Label::kBenign, event::server_like(), ""},
          {"compiler", Label::kBenign, event::compiler_like(3), ""},
          {"compiler-small", Label::kBenign, event::compiler_like(1), ""},
          {"worker-small", Label::kBenign, event::worker_like(1), ""}};
}

dataset::Recorded recorded(const Family& family, int run) {
  event::Character character = family.character;
  character.comm = family.name;  // families that run one executable would be one group
  dataset::Recorded made{dataset::header_of(family.label, family.name, std::to_string(run)), {{character}}, 13, 1};
  made.header.core = family.core;
  made.container = static_cast<std::uint64_t>(run);
  return made;
}

void write(const std::filesystem::path& folder, const dataset::Recorded& made) {
  made.write(folder / fmt::format("{}.{}.davy", made.header.family, made.header.run));
}

void write_all(const std::filesystem::path& folder) {
  for (const Family& family : families()) {
    for (const int run : {1, 2}) write(folder, recorded(family, run));
  }
}

/// Each family three times over, miners on a port of their own.
void write_with_port(const std::filesystem::path& folder) {
  for (const Family& family : families()) {
    for (const char* again : {"", "-b", "-c"}) {
      Family named = family;
      named.name += again;
      for (const int run : {1, 2}) {
        dataset::Recorded made = recorded(named, run);
        made.header.provenance["port"] = family.label == event::Label::kMiner ? "3333" : "8080";
        write(folder, made);
      }
    }
  }
}

/// A miner's recordings once more as those of an honest program.
void write_with_copy(const std::filesystem::path& folder) {
  write_all(folder);
  Family copy = families().front();
  copy.name = "copy";
  copy.label = event::Label::kBenign;
  for (const int run : {1, 2}) write(folder, recorded(copy, run));
}

void write_with_sealed(const std::filesystem::path& folder) {
  write_all(folder);
  Family sealed = families().back();
  sealed.name = "sealed";
  dataset::Recorded made = recorded(sealed, 1);
  made.header.provenance["sealed"] = "family";
  write(folder, made);
}

/// Names of an honest program and a miner, their kind and a trick would run in a page that takes them for HTML.
void write_with_markup(const std::filesystem::path& folder) {
  for (const Family& family : families()) {
    for (const int run : {1, 2}) {
      dataset::Recorded made = recorded(family, run);
      made.wobble = run;
      const bool miner = family.name == "alpha";
      if (miner || family.name == "encoder") {
        made.header.program = fmt::format("<img src=x onerror=alert({})>", miner ? 1 : 2);
        made.header.category = "</script><script>alert(3)</script>";
      }
      if (miner) made.header.provenance["trick"] = "<!--<script>alert(4)";
      write(folder, made);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, void (*)(const std::filesystem::path&)> kinds{{"", write_all},
                                                                            {"port", write_with_port},
                                                                            {"copy", write_with_copy},
                                                                            {"sealed", write_with_sealed},
                                                                            {"markup", write_with_markup}};
  const auto kind = kinds.find(argc == 3 ? argv[2] : "");
  if (argc < 2 || argc > 3 || kind == kinds.end() || !std::filesystem::is_directory(argv[1])) {
    fmt::print(stderr, "usage: davy_made_up_corpus FOLDER [port|copy|sealed|markup] (FOLDER is there and writable)\n");
    return 1;
  }
  kind->second(argv[1]);
  return 0;
}
