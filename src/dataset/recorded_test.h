#pragma once

#include <cassert>
#include <cmath>
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
  double wobble =
      0;  // > 0: each slice is a little other than the last, by a wave of this phase; no window is there twice

  void write(const std::filesystem::path& path) const {
    constexpr std::uint64_t kFirst = 1000;
    const auto host = event::made_up_host(4);
    event::RecordingHeader full = header;
    full.host = *host;
    full.started = event::made_up_health(event::SliceNumber(kFirst - 1)).wall;
    std::filesystem::remove(path);
    auto writer = event::RecordingWriter::create(path, full);
    assert(writer.ok());
    const auto process = [&](std::size_t i, const event::Character& character) {
      return event::SteadyProcess(host, event::made_up_container(*host, container), static_cast<std::uint32_t>(100 + i),
                                  event::SliceNumber(kFirst + parts[i].from), character);
    };
    std::vector<event::SteadyProcess> processes;
    for (std::size_t i = 0; i < parts.size(); ++i) processes.push_back(process(i, parts[i].character));
    for (std::uint64_t n = kFirst; n < kFirst + slices; ++n) {
      for (std::size_t i = 0; i < processes.size(); ++i) {
        if (n < kFirst + parts[i].from) continue;
        const event::SliceNumber number(n);
        (*writer)->on_slice(wobble > 0 ? process(i, wobbled(parts[i].character, n)).slice(number)
                                       : processes[i].slice(number));
      }
      (*writer)->on_slice_end(event::made_up_health(event::SliceNumber(n)));
    }
    const Status finished = (*writer)->finish();
    assert(finished.ok());
  }

 private:
  [[nodiscard]] event::Character wobbled(event::Character character, std::uint64_t slice) const {
    const double factor = 0.9 + 0.1 * std::sin(1.7 * static_cast<double>(slice) + wobble);
    for (double* rate : {&character.share, &character.switches_involuntary, &character.switches_voluntary,
                         &character.reads, &character.writes, &character.faults})
      *rate *= factor;
    return character;
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
