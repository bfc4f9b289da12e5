#include "dataset/build.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include "dataset/taker.h"
#include "dataset/witness.h"
#include "feature/schema.h"

namespace davy::dataset {
namespace {

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

/// A recording and what its header says. The file is opened again to replay it, so that any number can be built from.
struct Opened {
  std::filesystem::path path;
  Run run;
};

Run run_of(const event::RecordingReader& reader, const std::filesystem::path& path) {
  const event::RecordingHeader& header = reader.header();
  const auto variant = header.provenance.find("variant");
  Run run;
  run.file = path.filename().string();
  run.digest = reader.digest();
  run.program = header.program;
  run.family = header.family;
  run.core = header.core;
  run.category = header.category;
  run.run = header.run;
  run.variant = variant == header.provenance.end() ? "" : variant->second;
  run.host = header.host.name;
  run.label = header.label;
  run.source = header.source;
  run.twin = header.twin;
  run.started = header.started;
  run.provenance = header.provenance;
  return run;
}

/// A run without these cannot be split or weighed.
Status check_labelled(const Run& run) {
  const char* missing = nullptr;
  if (run.run.empty()) missing = "run";
  if (run.family.empty()) missing = "family";
  if (run.program.empty()) missing = "program";
  if (run.label == event::Label::kUnknown) missing = "label";
  if (missing == nullptr && !run.provenance.empty()) return {};
  return bad(
      fmt::format("it carries no {}: leave it out, or record it with `davy record --label L --program P --family "
                  "F --run R --meta KEY=VALUE`",
                  missing == nullptr ? "provenance" : missing));
}

Result<Opened> open(const std::filesystem::path& path) {
  auto reader = event::RecordingReader::open(path);
  if (!reader) return reader.error();
  Run run = run_of(**reader, path);
  if (const Status status = check_labelled(run); !status) return status.error().within(path.string());
  return Opened{path, std::move(run)};
}

/// Those that can be used; the others are named in `refused`.
Result<std::vector<Opened>> open_all(const std::vector<std::filesystem::path>& recordings,
                                     std::vector<std::string>& refused) {
  if (recordings.empty()) return bad("no recordings given: name the .davy files to build from");
  std::vector<Opened> opened;
  for (const std::filesystem::path& path : recordings) {
    Result<Opened> one = open(path);
    std::error_code error;
    if (!one && !std::filesystem::exists(path, error)) return one.error();
    if (one) {
      opened.push_back(std::move(*one));
    } else {
      refused.push_back(one.error().message);
    }
  }
  const auto key = [](const Opened& one) {
    return std::tie(one.run.family, one.run.program, one.run.run, one.run.digest);
  };
  std::sort(opened.begin(), opened.end(), [&](const Opened& a, const Opened& b) { return key(a) < key(b); });
  return opened;
}

bool is_sealed(const Opened& one, const HoldOut& held) {
  const auto told = [&](const char* key) {
    const auto found = one.run.provenance.find(key);
    return found == one.run.provenance.end() ? "" : found->second;
  };
  return !told("sealed").empty() || !held.why(one.run.family, told("trick")).empty();
}

/// One recording twice, one run with two labels, one program of two families.
Status check_consistent(const std::vector<Opened>& opened) {
  std::map<std::string, const Opened*> digests;
  std::map<std::pair<std::string, std::string>, const Opened*> runs;
  std::map<std::string, const Opened*> programs;
  for (const Opened& one : opened) {
    if (const auto [seen, fresh] = digests.emplace(one.run.digest, &one); !fresh) {
      return bad(fmt::format("{} and {} are the same recording: give it once", seen->second->path.string(),
                             one.path.string()));
    }
    const auto [run, fresh_run] = runs.emplace(std::pair{one.run.program, one.run.run}, &one);
    if (!fresh_run && run->second->run.label != one.run.label) {
      return bad(fmt::format("{} says {} of run {} of {}, {} says {}: leave one of them out",
                             run->second->path.string(), event::name_of(run->second->run.label), one.run.run,
                             one.run.program, one.path.string(), event::name_of(one.run.label)));
    }
    const auto [program, fresh_program] = programs.emplace(one.run.program, &one);
    if (!fresh_program && program->second->run.family != one.run.family) {
      return bad(fmt::format("{} says program {} is of family {}, {} says {}: record one of them again",
                             program->second->path.string(), one.run.program, program->second->run.family,
                             one.path.string(), one.run.family));
    }
  }
  return {};
}

void drop_last_run(Examples& examples, std::size_t rows) {
  examples.rows.resize(rows);
  examples.values.resize(rows * examples.features);
  examples.runs.pop_back();
}

/// After a run; what only a newer davy knows of a slice is no loss.
bool is_incomplete(const event::RecordingReader& reader) {
  const event::Skipped& skipped = reader.skipped();
  return !reader.warning().empty() || skipped.frames + skipped.entries + skipped.slices > 0;
}

/// Adds a run and its examples; a damaged recording adds nothing and is named.
Status take(const Opened& opened, bool every_window, Built& built) {
  auto reader = event::RecordingReader::open(opened.path);
  if (!reader) return reader.error();
  const std::size_t before = built.examples.rows.size();
  built.examples.runs.push_back(opened.run);
  const auto taker =
      Taker::create(built.examples, static_cast<std::uint32_t>(built.examples.runs.size() - 1), every_window);
  Witness witness(taker->sink());
  if (Status status = (*reader)->run(witness, [] { return false; }); !status) return status;
  if (is_incomplete(**reader)) {
    const std::string fault = (*reader)->warning();
    drop_last_run(built.examples, before);
    built.refused.push_back((fault.empty() ? opened.path.string() + ": not all of it can be read" : fault) +
                            ": record it again");
    return {};
  }
  built.examples.runs.back().seen = witness.seen((*reader)->header());
  built.set_aside += taker->set_aside();
  if (built.examples.rows.size() == before) {
    built.warnings.push_back(
        fmt::format("{}: no window of it is old and busy enough to be an example", opened.path.string()));
  }
  return {};
}

}  // namespace

Result<Built> build(const std::vector<std::filesystem::path>& recordings, const BuildOptions& options) {
  Built built;
  auto opened = open_all(recordings, built.refused);
  if (!opened) return opened.error();
  if (const Status status = check_consistent(*opened); !status) return status.error();
  built.sealed = std::erase_if(*opened, [&](const Opened& one) { return is_sealed(one, options.held); });
  built.examples.schema = feature::schema_digest();
  built.examples.features = feature::catalogue().size();
  for (std::size_t i = 0; i < opened->size(); ++i) {
    if (const Status status = take((*opened)[i], options.every_window, built); !status) return status.error();
    if (options.on_recording) options.on_recording(i + 1);
  }
  if (!built.examples.runs.empty()) return built;
  return bad(built.refused.empty()
                 ? "all of these recordings are sealed for the hold-out: nothing may be learned from them"
                 : built.refused.front());
}

}  // namespace davy::dataset
