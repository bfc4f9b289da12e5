// Writes a corpus of made-up programs for the end-to-end tests of learning: a few families of each label, two runs
// each. Usage: davy_made_up_corpus FOLDER

#include <fmt/core.h>

#include <filesystem>
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

void write(const std::filesystem::path& folder, const Family& family, int run) {
  dataset::Recorded recorded{
      dataset::header_of(family.label, family.name, std::to_string(run)), {{family.character}}, 13, 1};
  recorded.header.core = family.core;
  recorded.container = static_cast<std::uint64_t>(run);
  recorded.write(folder / fmt::format("{}.{}.davy", family.name, run));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    fmt::print(stderr, "usage: davy_made_up_corpus FOLDER (writable)\n");
    return 1;
  }
  for (const Family& family : families()) {
    for (const int run : {1, 2}) write(argv[1], family, run);
  }
  return 0;
}
