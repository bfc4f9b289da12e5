#pragma once

#include <string>
#include <vector>

#include "detect/json.h"
#include "detect/text.h"
#include "store/stored_detection.h"

namespace davy::app {

// A detection as the store keeps it, made fit to be shown. Nothing in the file is trusted: what is not as it should be
// is left out, and control characters are made visible.

/// The report's object with `verdict` (the word that counts, or null) and `allowed_by` (the entry's id, or null).
detect::Json with_verdict(const store::StoredDetection& kept, const std::vector<store::Verdict>& verdicts);

/// What mines, in a word or two: the image, else the container, else the name of the process.
std::string what_of(const store::StoredDetection& kept);

/// Where it stands, the report in words as `davy watch` tells it, and what was said of it. Ends with a line break.
std::string whole_text(const store::StoredDetection& kept, const std::vector<store::Verdict>& verdicts,
                       const detect::TextOptions& options);

/// Why, for who has to decide on it: the same, then how likely it is, who did what in it, with whom it talked, and how
/// the evidence grew. Ends with a line break.
std::string explanation_text(const store::StoredDetection& kept, const std::vector<store::Verdict>& verdicts,
                             const detect::TextOptions& options);

/// What of the report explains it, for scripts.
detect::Json explanation(const store::StoredDetection& kept);

/// "2026-11-24 07:27 UTC, miner, by ann: why", one a line, newest first.
std::string verdicts_text(const std::vector<store::Verdict>& verdicts, const detect::TextOptions& options);

}  // namespace davy::app
