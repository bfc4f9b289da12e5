#include "verify.h"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>

#include "base/file.h"
#include "dataset/hold_out.h"
#include "event/recording.h"

namespace davy::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::array<const char*, 2> kShelves{"recordings", "sealed"};
constexpr const char* kAgain = "record it again with `davy corpus run`";

/// A run as an index tells of it.
struct Row {
  std::string file, program, variant, sha256;
  std::map<std::string, std::string> meta;        // program, family, core, category, label, source, run
  std::map<std::string, std::string> provenance;  // as the recorder was given it
  bool twin = false;
};

/// As Python writes it on a command line, which is how the runner tells the recorder.
std::string as_word(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return value.is_null() ? "None" : value.dump();
}

Row row_from(const Json& json) {
  Row row;
  row.file = json.at("file");
  row.sha256 = json.value("sha256", "");
  row.twin = json.at("twin");
  for (const char* key : {"program", "family", "core", "category", "label", "source"}) row.meta[key] = json.at(key);
  row.meta["run"] = json.at("name");
  row.program = row.meta["program"];
  for (const auto& [key, value] : json.at("provenance").items()) row.provenance[key] = as_word(value);
  row.variant = row.provenance["variant"];
  return row;
}

/// The verified runs. The library throws on what is no JSON or of another shape; that stays in here.
std::optional<std::vector<Row>> read_index(const fs::path& path) {
  const Result<std::string> bytes = read_file(path);
  if (!bytes) return std::nullopt;
  std::vector<Row> rows;
  try {
    const Json index = Json::parse(*bytes);
    for (const Json& json : index.at("runs")) {
      if (json.at("status") == "ok") rows.push_back(row_from(json));
    }
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  return rows;
}

struct Nowhere final : event::SliceSink {
  void on_slice(const event::Slice&) override {}
  void on_slice_end(const event::Health&) override {}
};

/// 0.5 and 0.50, by value; all else by letter.
bool same_word(const std::string& a, const std::string& b) {
  if (a == b) return true;
  char *end_a = nullptr, *end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a), y = std::strtod(b.c_str(), &end_b);
  return !a.empty() && !b.empty() && *end_a == '\0' && *end_b == '\0' && x == y;
}

/// The first key in which they differ; "time" is taken twice by the runner, moments apart.
std::optional<std::string> difference(const std::map<std::string, std::string>& a,
                                      const std::map<std::string, std::string>& b) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a) keys.insert(key);
  for (const auto& [key, value] : b) keys.insert(key);
  keys.erase("time");
  for (const std::string& key : keys) {
    const auto in_a = a.find(key), in_b = b.find(key);
    if (in_a == a.end() || in_b == b.end() || !same_word(in_a->second, in_b->second)) return key;
  }
  return std::nullopt;
}

std::map<std::string, std::string> meta_of(const event::RecordingHeader& header) {
  return {{"program", header.program},
          {"family", header.family},
          {"core", header.core},
          {"category", header.category},
          {"label", std::string(event::name_of(header.label))},
          {"source", std::string(event::name_of(header.source))},
          {"run", header.run}};
}

class Verifier {
 public:
  Verifier(fs::path corpus, const std::function<void(std::size_t)>& on_recording)
      : corpus_(std::move(corpus)), on_recording_(on_recording) {}

  Verified run() {
    const fs::path hold_out = corpus_ / "holdout.json";
    if (auto held = dataset::read_hold_out(hold_out)) {
      held_ = *std::move(held);
    } else {
      problem(hold_out.string(), without(hold_out, held.error().message));
    }
    for (const char* shelf : kShelves) {
      std::error_code error;
      if (fs::is_directory(corpus_ / shelf, error)) check_shelf(corpus_ / shelf);
    }
    if (found_.bytes > kMostCorpusBytes) {
      problem(corpus_.string(), fmt::format("its recordings are {:.1f} MiB, {} are the limit: leave runs out",
                                            static_cast<double>(found_.bytes) / (1 << 20), kMostCorpusBytes >> 20));
    }
    return std::move(found_);
  }

 private:
  void problem(std::string file, std::string what) { found_.problems.push_back({std::move(file), std::move(what)}); }

  void check_shelf(const fs::path& shelf) {
    const auto rows = read_index(shelf / "index.json");
    if (!rows) {
      problem((shelf / "index.json").string(),
              "is missing or no index of runs: restore it, or record with `davy corpus run`");
      return;
    }
    std::set<std::string> named;
    for (const Row& row : *rows) {
      if (!named.insert(row.file).second)
        problem((shelf / row.file).string(), "two rows of index.json name it: remove one");
      check_row(shelf, row);
      check_catalogue(shelf, row);
      check_place(shelf, row);
      ++found_.recordings;
      if (on_recording_) on_recording_(found_.recordings);
    }
    for (const auto& entry : fs::directory_iterator(shelf)) {
      if (entry.path().extension() != ".davy" || named.contains(entry.path().filename().string())) continue;
      problem(entry.path().string(), "no verified run in index.json names it: remove it, or record it again");
    }
  }

  void check_row(const fs::path& shelf, const Row& row) {
    const fs::path path = shelf / row.file;
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) {
      problem(path.string(), fmt::format("is missing: {}", kAgain));
      return;
    }
    found_.bytes += size;
    const auto reader = event::RecordingReader::open(path);
    if (!reader) {
      problem(path.string(), fmt::format("{}: {}", without(path, reader.error().message), kAgain));
      return;
    }
    if (row.sha256.empty()) {
      problem(path.string(), "has no sha256 in index.json, whether it was altered cannot be told: restore the row");
    } else if ((*reader)->digest() != row.sha256) {
      problem(path.string(),
              fmt::format("its sha256 is not that of index.json: it was altered, restore it or {}", kAgain));
    }
    check_frames(path, **reader);
    check_header(path, (*reader)->header(), row);
  }

  /// A message of the reader begins with the path, which is told already.
  static std::string without(const fs::path& path, const std::string& message) {
    if (!message.starts_with(path.string())) return message;
    const std::string rest = message.substr(path.string().size());
    return rest.substr(std::min(rest.find_first_not_of(": "), rest.size()));
  }

  void check_frames(const fs::path& path, event::RecordingReader& reader) {
    Nowhere nowhere;
    const Status read = reader.run(nowhere, [] { return false; });
    const std::string fault = read ? reader.warning() : read.error().message;
    if (!fault.empty()) problem(path.string(), fmt::format("{}: {}", without(path, fault), kAgain));
  }

  void check_header(const fs::path& path, const event::RecordingHeader& header, const Row& row) {
    if (header.provenance.empty()) problem(path.string(), fmt::format("does not say how it was made: {}", kAgain));
    auto differs = difference(meta_of(header), row.meta);
    if (!differs) differs = difference(header.provenance, row.provenance);
    if (!differs && header.twin != row.twin) differs = "twin";
    if (!differs) return;
    problem(path.string(), fmt::format("its {} is not what index.json says: {}", *differs, kAgain));
  }

  /// What is sealed lies in sealed/, and nothing else does: nobody may learn from it by accident.
  void check_place(const fs::path& shelf, const Row& row) {
    const auto told = row.provenance.find("sealed");
    const auto trick = row.provenance.find("trick");
    const bool is_sealed =
        (told != row.provenance.end() && !told->second.empty()) ||
        !held_.why(row.meta.at("family"), trick == row.provenance.end() ? "" : trick->second).empty();
    const bool lies_sealed = shelf.filename() == "sealed";
    if (is_sealed == lies_sealed) return;
    problem((shelf / row.file).string(),
            is_sealed ? fmt::format("is of the hold-out and lies in {}: move it to sealed/", shelf.filename().string())
                      : "is not of the hold-out and lies in sealed/: move it to recordings/");
  }

  /// The program's file of the catalogue, read once; what is wrong with it is told once.
  const std::optional<toml::table>& catalogue_of(const fs::path& recording, const Row& row) {
    const auto [at, fresh] = catalogue_.try_emplace(row.program);
    if (!fresh) return at->second;
    const fs::path path = corpus_ / "catalogue" / (row.program + ".toml");
    std::error_code error;
    if (!fs::exists(path, error)) {
      problem(recording.string(), fmt::format("its program has no {}: write it, or remove its runs", path.string()));
      return at->second;
    }
    try {
      at->second = toml::parse_file(path.string());
    } catch (const toml::parse_error& fault) {
      problem(path.string(), fmt::format("is no TOML: {}", fault.description()));
    }
    return at->second;
  }

  void check_catalogue(const fs::path& shelf, const Row& row) {
    const fs::path recording = shelf / row.file;
    const auto& table = catalogue_of(recording, row);
    if (!table) return;
    const auto node = [&](const char* key) {
      const toml::table& of = *table;
      for (const char* kind : {"variants", "tricks"}) {
        if (const auto said = of[kind][row.variant][key]) return said;
      }
      return of[key];
    };
    const auto differs = [&](const char* key, const std::string& value, const std::string& said) {
      if (value == said) return;
      problem(recording.string(), fmt::format("{}.toml says {} {}, index.json says {}: record it again", row.program,
                                              key, value.empty() ? "nothing" : value, said.empty() ? "nothing" : said));
    };
    for (const char* key : {"family", "core", "category", "label", "source"}) {
      differs(key, node(key).value_or(std::string()), row.meta.at(key));
    }
    differs("twin", node("twin").value_or(false) ? "true" : "false", row.twin ? "true" : "false");
  }

  fs::path corpus_;
  const std::function<void(std::size_t)>& on_recording_;
  Verified found_;
  dataset::HoldOut held_;
  std::map<std::string, std::optional<toml::table>> catalogue_;  // by program; none: its file cannot be used
};

}  // namespace

Verified verify_corpus(const fs::path& corpus, const std::function<void(std::size_t)>& on_recording) {
  return Verifier(corpus, on_recording).run();
}

std::size_t count_recordings(const fs::path& corpus) {
  std::size_t count = 0;
  for (const char* shelf : kShelves) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(corpus / shelf, error))
      count += entry.path().extension() == ".davy" ? 1 : 0;
  }
  return count;
}

}  // namespace davy::app
