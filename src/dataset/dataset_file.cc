#include "dataset/dataset_file.h"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "dataset/counts.h"
#include "feature/schema.h"

namespace davy::dataset {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "DAVYDATA3\n";
constexpr std::size_t kDigestSize = 64;
constexpr std::size_t kFixedRowSize = 20;
// In the byte of the scope.
constexpr std::uint8_t kOnlyJudgedBy = 0x80;
constexpr std::uint8_t kLate = 0x40;
constexpr std::uint8_t kHelper = 0x20;

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

std::int64_t wall_ns(WallTime time) { return time.time_since_epoch().count(); }

Json to_json(const Run& run) {
  return {{"file", run.file},
          {"digest", run.digest},
          {"program", run.program},
          {"family", run.family},
          {"core", run.core},
          {"category", run.category},
          {"run", run.run},
          {"variant", run.variant},
          {"host", run.host},
          {"label", event::name_of(run.label)},
          {"twin", run.twin},
          {"source", event::name_of(run.source)},
          {"started_ns", wall_ns(run.started)},
          {"provenance", run.provenance},
          {"seen", run.seen}};
}

Result<Run> run_from(const Json& json) {
  Run run;
  run.file = json.at("file");
  run.digest = json.at("digest");
  run.program = json.at("program");
  run.family = json.at("family");
  run.core = json.at("core");
  run.category = json.at("category");
  run.run = json.at("run");
  run.variant = json.at("variant");
  run.host = json.at("host");
  run.twin = json.at("twin");
  run.started = WallTime(nanoseconds(json.at("started_ns").get<std::int64_t>()));
  run.provenance = json.at("provenance");
  run.seen = json.at("seen");
  const Result<event::Label> label = event::label_from(json.at("label"));
  if (!label) return label.error();
  const Result<event::Source> source = event::source_from(json.at("source"));
  if (!source) return source.error();
  run.label = *label;
  run.source = *source;
  return run;
}

Json manifest_of(const Examples& examples) {
  Json runs = Json::array();
  for (const Run& run : examples.runs) runs.push_back(to_json(run));
  return {{"schema", fmt::format("{:016x}", examples.schema)},
          {"features", examples.features},
          {"rows", examples.rows.size()},
          {"counts", to_json(count(examples))},
          {"recordings", std::move(runs)}};
}

void put_row(ByteWriter& out, const Example& example, std::span<const float> row) {
  out.put(example.run);
  out.put(example.subject);
  out.put(example.age_s);
  out.put(static_cast<std::uint8_t>(static_cast<std::uint8_t>(example.scope) | (example.learned ? 0 : kOnlyJudgedBy) |
                                    (example.late ? kLate : 0) | (example.helper ? kHelper : 0)));
  out.put(static_cast<std::uint8_t>(example.label));
  out.put(wall_ns(example.wall));
  for (const float value : row) out.put(value);
}

Status get_row(ByteReader& in, Examples& examples, std::vector<float>& row) {
  Example example;
  example.run = in.get<std::uint32_t>();
  example.subject = in.get<std::uint32_t>();
  example.age_s = in.get<std::uint16_t>();
  const auto told = in.get<std::uint8_t>();
  const auto scope = static_cast<std::uint8_t>(told & ~(kOnlyJudgedBy | kLate | kHelper));
  const auto label = in.get<std::uint8_t>();
  example.wall = WallTime(nanoseconds(in.get<std::int64_t>()));
  for (float& value : row) {
    value = in.get<float>();
    if (!std::isfinite(value)) return bad("a feature is not finite");
  }
  if (example.run >= examples.runs.size()) return bad("a row names a recording that is not listed");
  if (scope > static_cast<std::uint8_t>(Scope::kWorkload)) return bad("a row has an unknown scope");
  if (label > static_cast<std::uint8_t>(event::Label::kMaliciousNotMiner)) return bad("a row has an unknown label");
  example.scope = static_cast<Scope>(scope);
  example.learned = (told & kOnlyJudgedBy) == 0;
  example.late = (told & kLate) != 0;
  example.helper = (told & kHelper) != 0;
  example.label = static_cast<event::Label>(label);
  examples.add(example, row);
  return {};
}

Status get_rows(ByteReader& in, std::size_t rows, Examples& examples) {
  const std::size_t size = kFixedRowSize + examples.features * sizeof(float);
  if (!in.has(rows, size) || in.left() != rows * size) return bad("its rows are not as many as it says");
  std::vector<float> row(examples.features);
  for (std::size_t i = 0; i < rows; ++i) {
    if (Status status = get_row(in, examples, row); !status) return status;
  }
  return {};
}

Result<Examples> read_manifest(const Json& json, std::size_t& rows) {
  Examples examples;
  const std::string schema = json.at("schema");
  examples.schema = std::strtoull(schema.c_str(), nullptr, 16);
  examples.features = json.at("features").get<std::uint16_t>();
  rows = json.at("rows");
  for (const Json& one : json.at("recordings")) {
    Result<Run> run = run_from(one);
    if (!run) return run.error();
    examples.runs.push_back(std::move(*run));
  }
  return examples;
}

/// The library throws on a member that is missing or of another type; that stays in here.
Result<Examples> parse_manifest(std::string_view line, std::size_t& rows) {
  try {
    return read_manifest(Json::parse(line), rows);
  } catch (const Json::exception&) {
    return bad("its manifest is not what this davy writes");
  }
}

}  // namespace

std::string to_bytes(const Examples& examples) {
  ByteWriter out;
  out.raw(kMagic);
  out.raw(manifest_of(examples).dump(-1, ' ', true, Json::error_handler_t::replace));
  out.raw("\n");
  for (std::size_t i = 0; i < examples.rows.size(); ++i) put_row(out, examples.rows[i], examples.row(i));
  out.raw(sha256_hex(out.bytes()));
  return out.take();
}

Result<Examples> from_bytes(std::string_view bytes) {
  if (bytes.starts_with("DAVYDATA1\n") || bytes.starts_with("DAVYDATA2\n")) {
    return bad("it is a dataset of an older davy, which kept less: make it again with `davy dataset build`");
  }
  if (!bytes.starts_with(kMagic)) return bad("it is not a dataset of this davy: make it with `davy dataset build`");
  if (bytes.size() < kMagic.size() + kDigestSize) return bad("it is truncated");
  std::string_view body = bytes.substr(0, bytes.size() - kDigestSize);
  if (sha256_hex(body) != bytes.substr(body.size())) return bad("it is truncated or altered (checksum)");
  body.remove_prefix(kMagic.size());
  const std::size_t end = body.find('\n');
  if (end == std::string_view::npos) return bad("its manifest does not end");
  std::size_t rows = 0;
  Result<Examples> examples = parse_manifest(body.substr(0, end), rows);
  if (!examples) return examples;
  ByteReader in(body.substr(end + 1));
  if (const Status status = get_rows(in, rows, *examples); !status) return status.error();
  return examples;
}

Status save(const Examples& examples, const std::filesystem::path& path) {
  return replace_file(path, to_bytes(examples));
}

Result<Loaded> load(const std::filesystem::path& path) {
  Result<std::string> bytes = read_file(path);
  if (!bytes) return bytes.error();
  Result<Examples> examples = from_bytes(*bytes);
  if (!examples) return examples.error().within(path.string());
  if (examples->schema != feature::schema_digest() || examples->features != feature::catalogue().size()) {
    return bad(
        fmt::format("{}: it was built under feature schema {:016x}, this davy computes {:016x}: build it again "
                    "from its recordings with `davy dataset build`",
                    path.string(), examples->schema, feature::schema_digest()));
  }
  return Loaded{std::move(*examples), sha256_hex(*bytes)};
}

}  // namespace davy::dataset
