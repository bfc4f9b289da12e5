#include "audit/audit.h"

#include <algorithm>

#include "audit/association.h"
#include "audit/canary.h"
#include "audit/families.h"
#include "audit/likeness.h"
#include "audit/probe.h"
#include "audit/properties.h"

namespace davy::audit {
namespace {

constexpr double kTests = 5;                   // association, drift, probe, canary, shuffled
constexpr std::size_t kForestsOfShuffled = 5;  // steps of check_shuffled

Status check_both_labels(const dataset::Examples& examples, const Runs& runs) {
  if (examples.rows.empty()) {
    return Error{"the dataset has no examples: its recordings are too short or idle, record for two minutes",
                 Error::Kind::kBadInput};
  }
  const auto miners = std::count(runs.label.begin(), runs.label.end(), 1);
  if (miners > 0 && static_cast<std::size_t>(miners) < runs.size()) return {};
  return Error{"the dataset has runs of one label only, and an audit asks what tells two apart: build it from both",
               Error::Kind::kBadInput};
}

void add(Findings& all, Findings more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::size_t steps(const AuditOptions& options) { return options.draws + kForestsOfShuffled; }

std::size_t Verdict::count(Severity severity) const {
  return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(),
                                                [&](const Finding& finding) { return finding.severity == severity; }));
}

Result<Verdict> audit(const dataset::Examples& examples, const std::string& digest, const AuditOptions& options) {
  const Runs runs = runs_of(examples);
  if (const Status both = check_both_labels(examples, runs); !both) return both.error();
  const std::vector<Property> properties = properties_of(examples, runs);
  Verdict verdict{digest, options.seed, runs.size(), runs.programs(), runs.families, properties.size(), {}};
  std::size_t done = 0;
  Draws draws{options.seed, options.alpha / kTests, options.draws, [&] {
                if (options.on_step) options.on_step(++done);
              }};
  add(verdict.findings, check_provenance(examples));
  add(verdict.findings, check_families(examples));
  add(verdict.findings, check_likeness(examples, runs));
  add(verdict.findings, check_conditions(properties, runs, draws.seed, draws.alpha));
  add(verdict.findings, check_probe(properties, runs, draws));
  const Table windows = windows_of(examples, runs, draws.seed);
  add(verdict.findings, check_canary(examples, runs, windows, draws));
  add(verdict.findings, check_shuffled(runs, windows, draws));
  verdict.findings.push_back(measure_flattery(runs, windows, draws));
  std::stable_sort(verdict.findings.begin(), verdict.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return verdict;
}

}  // namespace davy::audit
