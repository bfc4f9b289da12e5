#include "audit/association.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace davy::audit {
namespace {

constexpr std::size_t kDraws = 9999;
constexpr double kRounding = 1e-12;

std::vector<std::uint32_t> sorted_order(std::span<const double> values) {
  std::vector<std::uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  return order;
}

/// The chance that a miner's value is above an honest one's, equal ones counted half, runs drawn by weight.
double auc_in_order(std::span<const std::uint32_t> order, std::span<const double> values,
                    std::span<const double> weight, const Labels& labels) {
  double below = 0, above = 0, miners = 0;  // honest weight below; pairs; miners' weight
  for (std::size_t at = 0; at < order.size();) {
    double equal[2] = {0, 0};
    std::size_t end = at;
    for (; end < order.size() && values[order[end]] == values[order[at]]; ++end) {
      equal[labels[order[end]]] += weight[order[end]];
    }
    above += equal[1] * (below + equal[0] / 2);
    below += equal[0];
    miners += equal[1];
    at = end;
  }
  return miners > 0 && below > 0 ? above / (miners * below) : 0.5;
}

/// Of `values` in the order of `order`, neighbours of one value as one step: the largest distance of the cumulated
/// shares.
double ks_in_order(std::span<const std::uint32_t> order, std::span<const double> values, std::span<const double> weight,
                   const Labels& labels) {
  double all[2] = {0, 0}, sum[2] = {0, 0}, largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) all[labels[i]] += weight[i];
  if (all[0] == 0 || all[1] == 0) return 0;
  for (std::size_t at = 0; at < order.size(); ++at) {
    sum[labels[order[at]]] += weight[order[at]];
    const bool last = at + 1 == order.size() || values[order[at + 1]] != values[order[at]];
    if (last) largest = std::max(largest, std::abs(sum[0] / all[0] - sum[1] / all[1]));
  }
  return largest;
}

/// A property with what does not depend on the labels computed once.
class Prepared {
 public:
  Prepared(const Property& property, const Runs& runs)
      : property_(property), runs_(runs), bins_(binned_or_named()), order_(sorted_order(property.values)) {}

  [[nodiscard]] double auc(const Labels& labels) const {
    return auc_in_order(order_, property_.values, runs_.weight, labels);
  }
  [[nodiscard]] double cramers_v(const Labels& labels) const { return audit::cramers_v(bins_, runs_.weight, labels); }
  [[nodiscard]] double strength(const Labels& labels) const {
    return std::max(property_.number ? std::abs(2 * auc(labels) - 1) : 0, cramers_v(labels));
  }
  [[nodiscard]] double apart(const Labels& labels) const {
    if (property_.number) return ks_in_order(order_, property_.values, runs_.weight, labels);
    return total_variation(property_.values, runs_.weight, labels);
  }

 private:
  [[nodiscard]] std::vector<std::uint32_t> binned_or_named() const {
    if (property_.number) return binned(property_.values);
    return {property_.values.begin(), property_.values.end()};
  }

  const Property& property_;
  const Runs& runs_;
  std::vector<std::uint32_t> bins_;
  std::vector<std::uint32_t> order_;
};

/// Per value of a name the share of a label's programs.
std::vector<double> shares_of(std::span<const double> values, std::span<const double> weight, const Labels& labels,
                              std::uint8_t label) {
  std::vector<double> shares(static_cast<std::size_t>(*std::max_element(values.begin(), values.end())) + 1, 0.0);
  double all = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (labels[i] != label) continue;
    shares[static_cast<std::size_t>(values[i])] += weight[i];
    all += weight[i];
  }
  for (double& share : shares) share = all > 0 ? share / all : 0;
  return shares;
}

double weighted_median(const Property& property, const Runs& runs, std::uint8_t label) {
  double half = 0, sum = 0, value = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) half += runs.label[i] == label ? runs.weight[i] / 2 : 0;
  for (const std::uint32_t i : sorted_order(property.values)) {
    if (runs.label[i] != label) continue;
    value = property.values[i];
    sum += runs.weight[i];
    if (sum >= half) break;
  }
  return value;
}

/// "miners' median 300, honest programs' 200"; of a name, the value whose shares differ most.
std::string sides_of(const Property& property, const Runs& runs) {
  if (property.number) {
    return fmt::format("miners' median {:.6g}, honest {:.6g}", weighted_median(property, runs, 1),
                       weighted_median(property, runs, 0));
  }
  const auto miners = shares_of(property.values, runs.weight, runs.label, 1);
  const auto honest = shares_of(property.values, runs.weight, runs.label, 0);
  std::size_t most = 0;
  for (std::size_t i = 0; i < property.names.size(); ++i) {
    if (std::abs(miners[i] - honest[i]) > std::abs(miners[most] - honest[most])) most = i;
  }
  const std::string name = property.names[most].empty() ? "(not said)" : property.names[most];
  return fmt::format("'{}' in {:.0f} % of miners, {:.0f} % of honest", name, 100 * miners[most], 100 * honest[most]);
}

constexpr const char* kWayOut = ": record both labels alike";

void add_association(Findings& findings, const Property& property, const Runs& runs, const Told& told,
                     Severity severity) {
  Finding finding{Check::kAssociation, severity, "", {{"cramers_v", told.cramers_v}, {"p", told.p}}};
  std::string how = fmt::format("Cramer's V {:.2f}", told.cramers_v);
  if (property.number) {
    finding.figures["auc"] = told.auc;
    how = fmt::format("AUC {:.2f}, {}", told.auc, how);
  }
  finding.what = fmt::format("{} tells the label ({}, p = {:.4f}; {}){}", property.name, how, told.p,
                             sides_of(property, runs), severity == Severity::kRed ? kWayOut : "");
  findings.push_back(std::move(finding));
}

void add_drift(Findings& findings, const Property& property, const Runs& runs, const Told& told) {
  findings.push_back({Check::kDrift,
                      Severity::kRed,
                      fmt::format("{} differs between the labels ({} {:.2f}, p = {:.4f}; {}){}", property.name,
                                  property.number ? "KS" : "total variation", told.apart, told.p_apart,
                                  sides_of(property, runs), kWayOut),
                      {{"distance", told.apart}, {"p", told.p_apart}}});
}

Finding fine(Check check, const char* what, const std::vector<Property>& properties, const std::vector<double>& p) {
  const auto least = static_cast<std::size_t>(std::min_element(p.begin(), p.end()) - p.begin());
  return {check,
          Severity::kFine,
          fmt::format("none of {} conditions {}; {} does most (p = {:.3f}, before it counts that there are {})",
                      p.size(), what, properties[least].name, p[least], p.size()),
          {{"conditions", static_cast<double>(p.size())}, {"p", p[least]}}};
}

/// What was measured, where none is red.
void add_fine(Findings& findings, const std::vector<Property>& properties, const std::vector<double>& p,
              const std::vector<double>& p_apart, const std::vector<bool>& tells, const std::vector<bool>& drifts) {
  const auto none = [](const std::vector<bool>& of) { return std::find(of.begin(), of.end(), true) == of.end(); };
  if (none(tells)) findings.push_back(fine(Check::kAssociation, "tells the label", properties, p));
  if (none(drifts)) findings.push_back(fine(Check::kDrift, "differs between the labels", properties, p_apart));
}

}  // namespace

double auc(std::span<const double> values, std::span<const double> weight, const Labels& labels) {
  return auc_in_order(sorted_order(values), values, weight, labels);
}

std::vector<std::uint32_t> binned(std::span<const double> values) {
  constexpr std::size_t kBins = 5;
  const std::set<double> different(values.begin(), values.end());
  std::vector<double> edges;
  if (different.size() <= kBins) {
    edges.assign(std::next(different.begin()), different.end());
  } else {
    std::vector<double> ordered(values.begin(), values.end());
    std::sort(ordered.begin(), ordered.end());
    for (std::size_t part = 1; part < kBins; ++part) edges.push_back(ordered[ordered.size() * part / kBins]);
  }
  std::vector<std::uint32_t> bins;
  for (const double value : values) {
    bins.push_back(static_cast<std::uint32_t>(
        std::count_if(edges.begin(), edges.end(), [&](double edge) { return value >= edge; })));
  }
  return bins;
}

double cramers_v(std::span<const std::uint32_t> bins, std::span<const double> weight, const Labels& labels) {
  const std::size_t rows = bins.empty() ? 0 : *std::max_element(bins.begin(), bins.end()) + 1;
  std::vector<double> all(rows, 0), hit(rows, 0);
  double miners = 0, n = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double of_miners = labels[i] == 1 ? weight[i] : 0;
    all[bins[i]] += weight[i];
    hit[bins[i]] += of_miners;
    miners += of_miners;
    n += weight[i];
  }
  if (miners == 0 || miners == n) return 0;
  double chi2 = 0;  // both columns of the table: their differences from what is expected are opposite
  for (std::size_t row = 0; row < rows; ++row) {
    const double expected = all[row] * miners / n;
    const double off = hit[row] - expected;
    if (all[row] > 0) chi2 += off * off / expected + off * off / (all[row] - expected);
  }
  return std::sqrt(chi2 / n);
}

double ks_distance(std::span<const double> values, std::span<const double> weight, const Labels& labels) {
  return ks_in_order(sorted_order(values), values, weight, labels);
}

double total_variation(std::span<const double> values, std::span<const double> weight, const Labels& labels) {
  const auto miners = shares_of(values, weight, labels, 1);
  const auto honest = shares_of(values, weight, labels, 0);
  double sum = 0;
  for (std::size_t i = 0; i < miners.size(); ++i) sum += std::abs(miners[i] - honest[i]);
  return sum / 2;
}

Told told_by(const Property& property, const Runs& runs, std::uint64_t seed, std::size_t draws) {
  const Prepared prepared(property, runs);
  Told told;
  told.auc = prepared.auc(runs.label);
  told.cramers_v = prepared.cramers_v(runs.label);
  told.apart = prepared.apart(runs.label);
  const double strength = prepared.strength(runs.label);
  std::size_t as_strong = 0, as_far = 0;
  for (std::size_t draw = 0; draw < draws; ++draw) {
    const Labels labels = runs.shuffled(seed, draw);
    as_strong += prepared.strength(labels) >= strength - kRounding ? 1 : 0;
    as_far += prepared.apart(labels) >= told.apart - kRounding ? 1 : 0;
  }
  told.p = static_cast<double>(as_strong + 1) / static_cast<double>(draws + 1);
  told.p_apart = static_cast<double>(as_far + 1) / static_cast<double>(draws + 1);
  return told;
}

std::vector<bool> holm(std::span<const double> p, double alpha) {
  std::vector<bool> significant(p.size(), false);
  const auto order = sorted_order(p);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (p[order[i]] > alpha / static_cast<double>(p.size() - i)) break;
    significant[order[i]] = true;
  }
  return significant;
}

Findings check_conditions(const std::vector<Property>& properties, const Runs& runs, std::uint64_t seed, double alpha) {
  constexpr double kNoted = 0.05;
  std::vector<Told> told;
  std::vector<double> p, p_apart;
  for (const Property& property : properties) {
    told.push_back(told_by(property, runs, seed, kDraws));
    p.push_back(told.back().p);
    p_apart.push_back(told.back().p_apart);
  }
  const std::vector<bool> tells = holm(p, alpha), noted = holm(p, kNoted);
  std::vector<bool> drifts = holm(p_apart, alpha);
  for (std::size_t i = 0; i < drifts.size(); ++i) drifts[i] = drifts[i] && told[i].apart >= kLeastDrift;
  Findings findings;
  for (std::size_t i = 0; i < properties.size(); ++i) {
    if (noted[i]) {
      add_association(findings, properties[i], runs, told[i], tells[i] ? Severity::kRed : Severity::kNote);
    }
    if (drifts[i]) add_drift(findings, properties[i], runs, told[i]);
  }
  if (!properties.empty()) add_fine(findings, properties, p, p_apart, tells, drifts);
  return findings;
}

}  // namespace davy::audit
