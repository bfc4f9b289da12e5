#include "audit/families.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string_view>

#include "dataset/groups.h"

namespace davy::audit {
namespace {

using dataset::Examples;
using dataset::Run;

Finding red(Check check, std::string what, double count) {
  return {check, Severity::kRed, std::move(what), {{"count", count}}};
}

Finding note(Check check, std::string what, double count) {
  return {check, Severity::kNote, std::move(what), {{"count", count}}};
}

std::string list(const std::set<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

/// Families by something that should have one only.
template <typename Of>
std::map<std::string, std::set<std::string>> families_by(const Examples& examples, Of of) {
  std::map<std::string, std::set<std::string>> families;
  for (const Run& run : examples.runs) families[of(run)].insert(run.family);
  families.erase("");
  return families;
}

void check_programs(const Examples& examples, Findings& findings) {
  for (const auto& [program, families] : families_by(examples, [](const Run& run) { return run.program; })) {
    if (families.size() < 2) continue;
    findings.push_back(red(Check::kFamilies,
                           fmt::format("program {} is of families {}: give all its runs one", program, list(families)),
                           static_cast<double>(families.size())));
  }
}

void check_digests(const Examples& examples, Findings& findings) {
  std::map<std::string, const Run*> first;
  for (const Run& run : examples.runs) {
    const auto [seen, fresh] = first.emplace(run.digest, &run);
    if (fresh || run.digest.empty()) continue;
    const Run& other = *seen->second;
    const bool two = other.family != run.family || other.label != run.label;
    findings.push_back(
        red(two ? Check::kFamilies : Check::kLikeness,
            fmt::format("{} ({}, {}) and {} ({}, {}) are one recording: leave one out", other.file, other.family,
                        event::name_of(other.label), run.file, run.family, event::name_of(run.label)),
            2));
  }
}

void check_executables(const Examples& examples, Findings& findings) {
  for (const auto& [exe, families] : families_by(examples, dataset::executable_of)) {
    if (families.size() < 2) continue;
    findings.push_back(note(Check::kFamilies,
                            fmt::format("{} does the work of {}: they are kept together", exe, list(families)),
                            static_cast<double>(families.size())));
  }
}

/// "XMRig-miner" and "xmrig" are one word.
std::string bare(const std::string& family) {
  std::string word;
  for (const char c : family) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) word += static_cast<char>(std::tolower(c));
  }
  for (const std::string_view end : {"miner", "worker", "node", "cli"}) {
    if (word.size() > end.size() && word.ends_with(end)) word.resize(word.size() - end.size());
  }
  return word;
}

void check_spelling(const Examples& examples, Findings& findings) {
  for (const auto& [word, families] : families_by(examples, [](const Run& run) { return bare(run.family); })) {
    if (families.size() < 2) continue;
    findings.push_back(note(Check::kFamilies, fmt::format("families {} may be one", list(families)),
                            static_cast<double>(families.size())));
  }
}

void check_labels(const Examples& examples, Findings& findings) {
  std::map<std::string, std::set<event::Label>> labels;
  for (const Run& run : examples.runs) {
    if (dataset::in_a_class(run.label)) labels[run.family].insert(run.label);
  }
  std::set<std::string> both;
  for (const auto& [family, its] : labels) {
    if (its.size() > 1) both.insert(family);
  }
  if (both.empty()) return;
  findings.push_back(note(Check::kFamilies, fmt::format("families with both labels count as miners': {}", list(both)),
                          static_cast<double>(both.size())));
}

}  // namespace

Findings check_families(const Examples& examples) {
  Findings findings;
  check_programs(examples, findings);
  check_digests(examples, findings);
  check_executables(examples, findings);
  check_spelling(examples, findings);
  check_labels(examples, findings);
  return findings;
}

Findings check_folds(const Examples& examples, std::span<const std::uint32_t> fold) {
  std::map<std::string, std::set<std::uint32_t>> folds_of;
  const std::vector<std::string> groups = dataset::group_names(examples.runs);
  for (std::size_t i = 0; i < examples.rows.size(); ++i) folds_of[groups[examples.rows[i].run]].insert(fold[i]);
  Findings findings;
  for (const auto& [family, folds] : folds_of) {
    if (folds.size() < 2) continue;
    findings.push_back(red(Check::kFamilies,
                           fmt::format("family {} stands in {} folds: split by families", family, folds.size()),
                           static_cast<double>(folds.size())));
  }
  return findings;
}

Findings check_provenance(const Examples& examples) {
  std::map<std::string, std::size_t> said;
  std::size_t runs = 0, silent = 0;
  const Run* first = nullptr;
  for (const Run& run : examples.runs) {
    if (!dataset::in_a_class(run.label)) continue;
    ++runs;
    for (const auto& [key, value] : run.provenance) said[key] += value.empty() ? 0 : 1;
    if (!run.provenance.empty()) continue;
    ++silent;
    if (first == nullptr) first = &run;
  }
  Findings findings;
  if (silent > 0) {
    findings.push_back(red(Check::kProvenance,
                           fmt::format("{} of {} runs do not say how they were made, {} the first: record them again",
                                       silent, runs, first->file),
                           static_cast<double>(silent)));
  }
  std::set<std::string> partly;
  for (const auto& [key, times] : said) {
    if (times > 0 && times < runs && key != "packages" && key != "trick" && key != "sealed") partly.insert(key);
  }
  if (!partly.empty()) {
    findings.push_back(note(Check::kProvenance, fmt::format("not all runs say their {}", list(partly)),
                            static_cast<double>(partly.size())));
  }
  return findings;
}

}  // namespace davy::audit
