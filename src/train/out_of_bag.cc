#include "train/out_of_bag.h"

#include <algorithm>
#include <cassert>
#include <map>

#include "train/curve.h"

namespace davy::train {
namespace {

/// What would have alerted; of fewer windows than an alert needs the lowest, as the dataset holds some of them only.
double level_of(std::span<const double> scores, const model::Decision& decision) {
  const auto* counting = std::get_if<model::Counting>(&decision);
  const bool few = counting != nullptr && scores.size() < counting->needed;
  return few ? *std::min_element(scores.begin(), scores.end()) : model::alert_level(decision, scores);
}

/// F_0.5 of taking the first `reach` programs for miners.
double f_half(std::size_t miners_reach, std::size_t reach, std::size_t miners) {
  constexpr double kSquare = 0.5 * 0.5;  // beta squared
  const double found = (1 + kSquare) * static_cast<double>(miners_reach);
  return found / (kSquare * static_cast<double>(miners) + static_cast<double>(reach));
}

/// Between two neighbours where F_0.5 is highest; of equal ones the strictest.
double best_cut(std::span<const ProgramScore> programs, std::size_t miners) {
  double best = 0, cut = 1;
  std::size_t found = 0;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    found += programs[i].miner ? 1 : 0;
    const double below = i + 1 < programs.size() ? programs[i + 1].level : 0;
    if (below == programs[i].level) continue;  // one step
    if (const double f = f_half(found, i + 1, miners); f > best) {
      best = f;
      cut = (programs[i].level + below) / 2;
    }
  }
  return cut;
}

void count_reaching(std::span<const ProgramScore> programs, Threshold& threshold) {
  for (const ProgramScore& program : programs) {
    const std::size_t reaches = program.level >= threshold.value ? 1 : 0;
    ++(program.miner ? threshold.miners : threshold.honest);
    (program.miner ? threshold.miners_reach : threshold.honest_reach) += reaches;
  }
}

void count_own(std::span<const ProgramScore> programs, Threshold& threshold) {
  for (const ProgramScore& program : programs) {
    if (program.miner || !program.own) continue;
    ++threshold.own_honest;
    threshold.own_honest_reach += program.level >= threshold.value ? 1 : 0;
  }
}

}  // namespace

Unseen out_of_bag(const GrownForest& grown) {
  Unseen unseen{grown.out_of_bag, {}};
  for (const std::uint32_t trees : grown.out_of_bag_trees) unseen.known.push_back(trees != 0 ? 1 : 0);
  return unseen;
}

std::vector<ProgramScore> score_programs(const dataset::Examples& examples, const dataset::Groups& groups,
                                         const Unseen& unseen, const model::Decision& decision) {
  std::vector<std::optional<ProgramScore>> best(groups.programs);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>> rows_of;  // of run and subject, in time
  for (std::uint32_t i = 0; i < examples.rows.size(); ++i) {
    if (unseen.known[i] != 0) rows_of[{examples.rows[i].run, examples.rows[i].subject}].push_back(i);
  }
  for (const auto& [subject, rows] : rows_of) {
    std::optional<ProgramScore>& program = best[groups.program_of[rows.front()]];
    const dataset::Run& run = examples.run_of(rows.front());
    const bool miner = examples.rows[rows.front()].label == event::Label::kMiner;
    if (!program) program = {run.program, run.family, miner, 0, dataset::is_own(run)};
    std::vector<double> scores;
    for (const std::uint32_t row : rows) scores.push_back(unseen.score[row]);
    program->level = std::max(program->level, level_of(scores, decision));
  }
  std::vector<ProgramScore> programs;
  for (const auto& program : best) {
    if (program) programs.push_back(*program);
  }
  std::stable_sort(programs.begin(), programs.end(),
                   [](const ProgramScore& a, const ProgramScore& b) { return a.level > b.level; });
  return programs;
}

std::vector<ProgramScore> of_others(std::span<const ProgramScore> programs) {
  std::size_t others[2] = {0, 0};  // of the label
  std::vector<ProgramScore> kept;
  for (const ProgramScore& program : programs) {
    if (program.own) continue;
    ++others[program.miner ? 1 : 0];
    kept.push_back(program);
  }
  if (std::min(others[0], others[1]) < kLeastOthers) return {programs.begin(), programs.end()};
  return kept;
}

Threshold choose_threshold(std::span<const ProgramScore> all) {
  const std::vector<ProgramScore> programs = of_others(all);
  Threshold threshold;
  const auto honest = std::find_if(programs.begin(), programs.end(), [](const ProgramScore& p) { return !p.miner; });
  assert(honest != programs.end());
  threshold.highest_honest = *honest;
  std::size_t miners = 0;
  for (const ProgramScore& program : programs) {
    if (!program.miner) continue;
    threshold.lowest_miner = program;
    ++miners;
  }
  if (!threshold.lowest_miner) {
    threshold.value = honest->level + std::max((1 - honest->level) / 4, kLeastMargin);
  } else if (threshold.lowest_miner->level > honest->level) {
    threshold.value = honest->level + std::max((threshold.lowest_miner->level - honest->level) / 2, kLeastMargin);
  } else {
    threshold.value = best_cut(programs, miners);
  }
  threshold.value = std::min(1.0, threshold.value);
  count_reaching(programs, threshold);
  if (programs.size() < all.size()) count_own(all, threshold);
  return threshold;
}

std::optional<double> unseen_precision(const dataset::Examples& examples, const dataset::Groups& groups,
                                       const Unseen& unseen) {
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  std::vector<double> weight;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (unseen.known[i] == 0) continue;
    score.push_back(unseen.score[i]);
    positive.push_back(examples.rows[i].label == event::Label::kMiner ? 1 : 0);
    weight.push_back(groups.weight[i]);
  }
  if (std::find(positive.begin(), positive.end(), 1) == positive.end()) return std::nullopt;
  return average_precision(score, positive, weight);
}

}  // namespace davy::train
