#pragma once

#include <cassert>
#include <filesystem>
#include <string>
#include <vector>

#include "event/recording.h"
#include "event/synthetic.h"

namespace davy::dataset {

/// A made-up process of a run: from slice `from` on until the end.
struct Part {
  event::Character character;
  std::uint64_t from = 0;
};

/// Writes made-up recordings of one container, for tests.
struct Recorded {
  event::RecordingHeader header;
  std::vector<Part> parts;
  std::uint64_t slices = 13;
  std::uint64_t container = 1;

  void write(const std::filesystem::path& path) const {
    constexpr std::uint64_t kFirst = 1000;
    const auto host = event::made_up_host(4);
    event::RecordingHeader full = header;
    full.host = *host;
    full.started = event::made_up_health(event::SliceNumber(kFirst - 1)).wall;
    std::filesystem::remove(path);
    auto writer = event::RecordingWriter::create(path, full);
    assert(writer.ok());
    std::vector<event::SteadyProcess> processes;
    for (const Part& part : parts) {
      const auto tgid = static_cast<std::uint32_t>(100 + processes.size());
      processes.emplace_back(host, event::made_up_container(*host, container), tgid,
                             event::SliceNumber(kFirst + part.from), part.character);
    }
    for (std::uint64_t n = kFirst; n < kFirst + slices; ++n) {
      for (std::size_t i = 0; i < processes.size(); ++i) {
        if (n >= kFirst + parts[i].from) (*writer)->on_slice(processes[i].slice(event::SliceNumber(n)));
      }
      (*writer)->on_slice_end(event::made_up_health(event::SliceNumber(n)));
    }
    const Status finished = (*writer)->finish();
    assert(finished.ok());
  }
};

inline event::RecordingHeader header_of(event::Label label, const std::string& family, const std::string& run = "1") {
  event::RecordingHeader header;
  header.label = label;
  header.family = family;
  header.program = family + "-program";
  header.run = run;
  header.category = "made up";
  header.provenance["recorder"] = "made up";
  header.source = label == event::Label::kMiner ? event::Source::kPublicMiner : event::Source::kLegitimate;
  return header;
}

}  // namespace davy::dataset
