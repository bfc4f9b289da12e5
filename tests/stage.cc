// Writes what the end-to-end tests of scan and watch play: recordings of made-up processes and a model for them.
// Usage: davy_stage FOLDER

#include <fmt/core.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "detect/staged_test.h"
#include "event/recording.h"

namespace {

using namespace davy;

struct Run {
  std::string file;
  event::Label label;
  std::string program;
  std::map<std::string, std::string> provenance;
};

bool write(const std::filesystem::path& folder, const detect::Stage& stage, const Run& run, std::uint64_t slices) {
  event::RecordingHeader header;
  header.host = stage.host();
  header.started = event::made_up_health(detect::Stage::number(0)).wall - std::chrono::seconds(event::kSliceSeconds);
  header.davy_version = DAVY_VERSION;
  header.program = run.program;
  header.family = run.program;
  header.label = run.label;
  header.provenance = run.provenance;
  auto writer = event::RecordingWriter::create(folder / run.file, header);
  if (!writer) return false;
  stage.play(**writer, 0, slices);
  return (*writer)->finish().ok();
}

bool write_all(const std::filesystem::path& folder) {
  detect::Stage miner;
  miner.put(1, 100, event::miner_like(4), 1, 1000);
  detect::Stage honest;
  honest.put(2, 200, event::worker_like(4), 0, 1000);
  detect::Stage host;
  host.put(1, 100, event::miner_like(4), 6, 1000);
  host.put(2, 200, event::worker_like(4), 0, 1000);
  host.put(3, 300, event::encoder_like(4), 0, 1000);
  host.put(4, 400, event::server_like(), 0, 1000);
  host.put(5, 500, event::compiler_like(4), 0, 1000);
  const auto model = detect::separating_model();
  auto alarmist = model;  // takes everything for a miner
  alarmist.threshold = 0;
  auto other = model;
  other.schema ^= 1;
  return write(folder, miner, {"miner.davy", event::Label::kMiner, "made-up-miner", {{"first_hash", "12"}}}, 12) &&
         write(folder, miner, {"nohash.davy", event::Label::kMiner, "made-up-miner", {}}, 12) &&
         write(folder, honest, {"honest.davy", event::Label::kBenign, "made-up-worker", {}}, 12) &&
         write(folder, host, {"host.davy", event::Label::kUnknown, "", {}}, 30) &&
         model::save(model, folder / "model.davym").ok() && model::save(alarmist, folder / "alarmist.davym").ok() &&
         replace_file(folder / "other.davym", model::to_bytes(other)).ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !write_all(argv[1])) {
    fmt::print(stderr, "usage: davy_stage FOLDER (empty, writable)\n");
    return 1;
  }
  return 0;
}
