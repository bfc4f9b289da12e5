#include "audit/verdict_file.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"

namespace davy::audit {
namespace {

using Json = nlohmann::json;

std::string to_line(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n"; }

Error bad(const std::filesystem::path& path, const std::string& what) {
  return {fmt::format("{}: {}: run `davy dataset audit {}`", path.string(), what, path.string()),
          Error::Kind::kBadInput};
}

/// What train must know of a verdict.
struct Kept {
  std::string dataset;
  int version = 0;
  bool green = false;
  std::string first;  // finding that made it red
};

/// The library throws on what is no JSON or not ours; that stays in here.
Result<Kept> read_kept(const std::string& bytes) {
  Kept kept;
  try {
    std::istringstream lines(bytes);
    for (std::string line; std::getline(lines, line);) {
      const Json json = Json::parse(line);
      if (json.at("type") == "finding" && json.at("severity") == "red" && kept.first.empty())
        kept.first = json.at("what");
      if (json.at("type") != "audit") continue;
      kept.dataset = json.at("dataset");
      kept.version = json.at("version");
      kept.green = json.at("verdict") == "green";
    }
  } catch (const Json::exception&) {
    return Error{"its audit cannot be read", Error::Kind::kBadInput};
  }
  return kept;
}

}  // namespace

Json to_json(const Finding& finding) {
  return {{"type", finding.severity == Severity::kFine ? "measured" : "finding"},
          {"check", name_of(finding.check)},
          {"severity", name_of(finding.severity)},
          {"what", finding.what},
          {"figures", finding.figures}};
}

Json to_json(const Verdict& verdict) {
  const std::size_t reds = verdict.count(Severity::kRed);
  return {{"type", "audit"},
          {"verdict", reds > 0 ? "red" : "green"},
          {"version", kAuditVersion},
          {"dataset", verdict.dataset},
          {"seed", verdict.seed},
          {"checks", kChecks},
          {"red", reds},
          {"notes", verdict.count(Severity::kNote)},
          {"runs", verdict.runs},
          {"programs", verdict.programs},
          {"families", verdict.families},
          {"conditions", verdict.conditions}};
}

std::filesystem::path verdict_path(const std::filesystem::path& dataset) { return dataset.string() + ".audit"; }

Status save(const Verdict& verdict, const std::filesystem::path& dataset) {
  std::string lines;
  for (const Finding& finding : verdict.findings) lines += to_line(to_json(finding));
  return replace_file(verdict_path(dataset), lines + to_line(to_json(verdict)));
}

Status check_audited(const std::filesystem::path& path, const std::string& digest) {
  std::error_code error;
  if (!std::filesystem::exists(verdict_path(path), error)) return bad(path, "it was never audited");
  const Result<std::string> bytes = read_file(verdict_path(path));
  if (!bytes) return bytes.error();
  const Result<Kept> kept = read_kept(*bytes);
  if (!kept) return bad(path, kept.error().message);
  if (kept->dataset != digest) return bad(path, "it is not what was audited");
  if (kept->version != kAuditVersion) return bad(path, "it was audited by another version of davy");
  if (kept->green) return {};
  return Error{fmt::format("{}: its audit is red ({}): see `davy dataset audit`", path.string(), kept->first),
               Error::Kind::kBadInput};
}

}  // namespace davy::audit
