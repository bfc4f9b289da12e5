#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "audit/audit.h"

namespace davy::audit {

/// {"type": "finding" ("measured" when it is fine), "check", "severity", "what", "figures"}
nlohmann::json to_json(const Finding& finding);

/// {"type": "audit", "verdict": "green" or "red", "dataset", "checks", "red", "notes", "runs", ...}, without findings.
nlohmann::json to_json(const Verdict& verdict);

/// Where the verdict on a dataset is kept: beside it, as the dataset's bytes follow from its recordings alone.
std::filesystem::path verdict_path(const std::filesystem::path& dataset);

/// One line of JSON for each finding, then that of the verdict.
Status save(const Verdict& verdict, const std::filesystem::path& dataset);

/// Whether the dataset at `path`, whose digest is `digest`, was audited and found green. kBadInput, one line with what
/// to do: never audited, audited when it was another or by another version of the audit, or red (names the first
/// finding).
Status check_audited(const std::filesystem::path& path, const std::string& digest);

}  // namespace davy::audit
