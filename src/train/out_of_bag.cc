#include "train/out_of_bag.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace davy::train {

double average_precision(std::span<const double> score, std::span<const std::uint8_t> positive,
                         std::span<const double> weight) {
  std::vector<std::size_t> order(score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  double hits = 0;
  double all = 0;
  double area = 0;  // times all the positive weight
  for (std::size_t i = 0; i < order.size();) {
    const double before = hits;
    for (const double step = score[order[i]]; i < order.size() && score[order[i]] == step; ++i) {
      all += weight[order[i]];
      if (positive[order[i]] != 0) hits += weight[order[i]];
    }
    if (all > 0) area += (hits - before) * hits / all;
  }
  return hits > 0 ? area / hits : 0;
}

std::vector<ProgramScore> score_programs(const dataset::Examples& examples, const dataset::Groups& groups,
                                         const GrownForest& grown) {
  std::vector<std::optional<ProgramScore>> best(groups.programs);
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (grown.out_of_bag_trees[i] == 0) continue;
    std::optional<ProgramScore>& program = best[groups.program_of[i]];
    const dataset::Run& run = examples.run_of(i);
    if (!program) program = {run.program, run.family, examples.rows[i].label == event::Label::kMiner, 0};
    program->highest = std::max(program->highest, grown.out_of_bag[i]);
  }
  std::vector<ProgramScore> programs;
  for (const auto& program : best) {
    if (program) programs.push_back(*program);
  }
  std::stable_sort(programs.begin(), programs.end(),
                   [](const ProgramScore& a, const ProgramScore& b) { return a.highest > b.highest; });
  return programs;
}

Threshold choose_threshold(std::span<const ProgramScore> programs) {
  Threshold threshold;
  const auto honest = std::find_if(programs.begin(), programs.end(), [](const ProgramScore& p) { return !p.miner; });
  assert(honest != programs.end());
  threshold.highest_honest = *honest;
  for (const ProgramScore& program : programs) {
    if (program.miner) threshold.lowest_miner = program;
  }
  const double gap =
      threshold.lowest_miner ? (threshold.lowest_miner->highest - honest->highest) / 2 : (1 - honest->highest) / 4;
  const double margin = std::max(gap, kLeastMargin);
  threshold.value = std::min(1.0, honest->highest + margin);
  return threshold;
}

std::optional<double> out_of_bag_precision(const dataset::Examples& examples, const dataset::Groups& groups,
                                           const GrownForest& grown) {
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  std::vector<double> weight;
  for (std::size_t i = 0; i < examples.rows.size(); ++i) {
    if (grown.out_of_bag_trees[i] == 0) continue;
    score.push_back(grown.out_of_bag[i]);
    positive.push_back(examples.rows[i].label == event::Label::kMiner ? 1 : 0);
    weight.push_back(groups.weight[i]);
  }
  if (std::find(positive.begin(), positive.end(), 1) == positive.end()) return std::nullopt;
  return average_precision(score, positive, weight);
}

}  // namespace davy::train
