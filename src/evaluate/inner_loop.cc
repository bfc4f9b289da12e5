#include "evaluate/inner_loop.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "train/calibrate.h"
#include "train/curve.h"
#include "train/decision.h"
#include "train/fit.h"

namespace davy::evaluate {

using dataset::Examples;
using train::ProgramScore;

namespace {

/// To thousandths: Venn-Abers holds for places fixed ahead, and a thousand are as many as any reader tells apart.
double coarse(double score) { return std::round(score * 1000) / 1000; }

}  // namespace

InnerLoop::InnerLoop(const Examples& examples, train::Learner learner, const NestedOptions& options)
    : examples_(examples),
      groups_(dataset::group(examples)),
      options_(options),
      learner_(learner),
      settings_(train::settings_of(learner, options.known, options.grid, options.seed)) {
  weigh();
}

void InnerLoop::weigh() {
  std::vector<double> rows(groups_.programs, 0);
  const auto counts = [&](std::size_t i) {
    return examples_.rows[i].learned && groups_.program_of[i] != dataset::Groups::kNone;
  };
  for (std::size_t i = 0; i < examples_.rows.size(); ++i) {
    if (counts(i)) ++rows[groups_.program_of[i]];
  }
  weight_.assign(examples_.rows.size(), 0);
  for (std::size_t i = 0; i < weight_.size(); ++i) {
    if (counts(i)) weight_[i] = 1 / rows[groups_.program_of[i]];
  }
}

Status InnerLoop::run(Scheme scheme) {
  const auto made = cut(examples_, scheme, options_.inner, options_.seed);
  if (!made) return made.error();
  for (std::uint32_t fold = 0; fold < made->folds; ++fold) {
    if (Status status = learn_part(*made, fold); !status) return status;
  }
  choose();
  score_all();
  fit_decision();
  calibrate();
  return {};
}

Status InnerLoop::learn_part(const Cut& made, std::uint32_t fold) {
  Part part;
  for (std::uint32_t i = 0; i < examples_.rows.size(); ++i) {
    if (made.fold_of_row[i] != fold) continue;
    part.all.push_back(i);
    if (examples_.rows[i].learned) part.learned.push_back(i);
  }
  const Examples others = dataset::filtered(examples_, [&](std::size_t i) {
    return made.fold_of_row[i] != fold && made.fold_of_row[i] != Cut::kNeither && examples_.rows[i].learned;
  });
  auto scorers = train::learn_all(others, settings_);
  if (!scorers) return scorers.error();
  part.scorers = std::move(*scorers);
  parts_.push_back(std::move(part));
  return {};
}

void InnerLoop::choose() {
  constexpr double kEqual = 1e-9;
  const bool probable = train::is_supervised(learner_) && learner_ != train::Learner::kSvm;
  precision_.assign(settings_.size(), 0);
  std::vector<double> brier(settings_.size(), 0);
  for (const Part& part : parts_) judge_part(part, brier);
  for (std::size_t i = 1; i < settings_.size(); ++i) {
    const double better = precision_[i] - precision_[chosen_];
    if (better > kEqual || (better > -kEqual && probable && brier[i] < brier[chosen_])) chosen_ = i;
  }
}

void InnerLoop::judge_part(const Part& part, std::vector<double>& brier) {
  std::vector<std::uint8_t> miner;
  std::vector<double> weight;
  for (const std::uint32_t row : part.learned) {
    miner.push_back(is_miner(row));
    weight.push_back(weight_[row]);
  }
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    const std::vector<double> score = scores_of(part.scorers[i], examples_, part.learned);
    precision_[i] += train::average_precision(score, miner, weight);
    for (std::size_t k = 0; k < score.size(); ++k) {
      const double off = score[k] - miner[k];
      brier[i] += weight[k] * off * off;
    }
  }
}

void InnerLoop::score_all() {
  score_.assign(examples_.rows.size(), 0);
  for (Part& part : parts_) {
    const std::vector<double> scores = scores_of(part.scorers[chosen_], examples_, part.all);
    for (std::size_t k = 0; k < scores.size(); ++k) score_[part.all[k]] = scores[k];
    judged_.insert(judged_.end(), part.all.begin(), part.all.end());
    part.scorers.clear();
  }
  std::sort(judged_.begin(), judged_.end());
}

void InnerLoop::calibrate() {
  std::vector<double> score, weight;
  std::vector<std::uint8_t> miner;
  std::set<std::uint32_t> programs[2];
  for (const std::uint32_t row : judged_) {
    if (!examples_.rows[row].learned) continue;
    score.push_back(score_[row]);
    weight.push_back(weight_[row]);
    miner.push_back(is_miner(row));
    programs[miner.back()].insert(groups_.program_of[row]);
  }
  const train::Scored scored{score, miner, weight};
  calibration_ = train::fit_calibration(scored, std::min(programs[0].size(), programs[1].size()));
  for (double& one : score) one = coarse(one);
  ranges_ = train::fit_venn_abers(scored);
  const train::ScoredPrograms levels(this->programs(true));
  level_calibration_ = train::fit_calibration(levels.scored(), levels.fewer());
}

void InnerLoop::fit_decision() {
  if (options_.counting) {
    decision_ = *options_.counting;
    return;
  }
  std::vector<double> score;
  std::vector<std::uint8_t> miner;
  std::vector<std::uint32_t> program;
  for (const std::uint32_t row : judged_) {
    if (examples_.rows[row].helper) continue;  // beside a miner, and none
    score.push_back(score_[row]);
    miner.push_back(is_miner(row));
    program.push_back(groups_.program_of[row]);
  }
  decision_ = train::fit_accumulation({score, miner, program}, train::measure_of(learner_));
}

std::uint8_t InnerLoop::is_miner(std::uint32_t row) const {
  return examples_.rows[row].label == event::Label::kMiner ? 1 : 0;
}

model::Range InnerLoop::range(double score) const { return ranges_(coarse(score)); }

double InnerLoop::calibrated(double score) const { return model::calibrated(calibration_, score); }

double InnerLoop::calibrated_level(double level) const { return model::calibrated(level_calibration_, level); }

std::vector<ProgramScore> InnerLoop::programs(bool of_runs) const {
  std::map<std::uint32_t, ProgramScore> by_number;
  for (const Sight& sight : sights_of(examples_, judged_)) {
    const std::uint32_t row = sight.rows.front();
    std::vector<double> scores;
    for (const std::uint32_t one : sight.rows) scores.push_back(score_[one]);
    const double level =
        of_runs ? model::alert_level(decision_, scores) : *std::max_element(scores.begin(), scores.end());
    const dataset::Run& run = examples_.run_of(row);
    const ProgramScore unseen{run.program, run.family, is_miner(row) != 0, 0, dataset::is_own(run)};
    ProgramScore& program = by_number.try_emplace(groups_.program_of[row], unseen).first->second;
    program.level = std::max(program.level, level);
  }
  std::vector<ProgramScore> programs;
  for (auto& [number, program] : by_number) programs.push_back(std::move(program));
  std::stable_sort(programs.begin(), programs.end(), [](const auto& a, const auto& b) { return a.level > b.level; });
  return programs;
}

std::vector<Policy> InnerLoop::policies(bool of_runs) const {
  const std::vector<ProgramScore> scored = train::of_others(programs(of_runs));
  std::vector<Policy> made{{std::string(kShipped), train::choose_threshold(scored).value}};
  for (const double rate : kMatchedRates) made.push_back({matched_name(rate), matched_threshold(scored, rate)});
  return made;
}

std::string matched_name(double rate) { return fmt::format("fpr_{:g}", rate); }

double matched_threshold(const std::vector<ProgramScore>& programs, double rate) {
  const auto is_honest = [](const ProgramScore& program) { return !program.miner; };
  const auto honest = static_cast<double>(std::count_if(programs.begin(), programs.end(), is_honest));
  double above = 1, level = 1, alarms = 0;  // `above`: the next level over `level`
  for (const ProgramScore& program : programs) {
    if (program.level < level) above = level;
    level = program.level;
    if (is_honest(program) && ++alarms > rate * honest)
      return above > level ? level + (above - level) / 2 : std::nextafter(level, 2.0);
  }
  return level;
}

}  // namespace davy::evaluate
