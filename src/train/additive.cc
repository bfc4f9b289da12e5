#include "train/additive.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "dataset/groups.h"
#include "train/forest.h"
#include "train/logistic.h"
#include "train/surprisal.h"

namespace davy::train {
namespace {

// What a step that no honest program is on weighs in the background of explanations, in programs.
constexpr double kUnseen = 1e-6;

constexpr double kAgainst = 0.25;  // of the prior, for what of which more speaks against mining

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

/// What the sum may be of, and each row's part of it.
struct Terms {
  std::vector<Surprisal> shapes;
  LogisticRows rows;
};

std::vector<std::pair<std::uint16_t, bool>> directed(const dataset::Examples& examples,
                                                     const AdditiveOptions& options) {
  std::vector<std::uint16_t> features = options.features;
  if (features.empty()) {
    features.resize(examples.features);
    std::iota(features.begin(), features.end(), std::uint16_t{0});
  }
  std::vector<std::pair<std::uint16_t, bool>> all;
  for (const std::uint16_t feature : features) {
    const int direction = options.monotone.empty() ? 0 : options.monotone[feature];
    if (direction >= 0) all.emplace_back(feature, true);
    if (direction <= 0 && !options.only_for) all.emplace_back(feature, false);
  }
  return all;
}

void weigh(const dataset::Examples& examples, const dataset::Groups& groups, std::span<const std::uint32_t> order,
           LogisticRows& rows) {
  double sum[2] = {0, 0};
  for (const std::uint32_t row : order) {
    rows.label.push_back(examples.rows[row].label == event::Label::kMiner ? 1 : 0);
    rows.weight.push_back(groups.weight[row]);
    sum[rows.label.back()] += groups.weight[row];
  }
  for (std::size_t i = 0; i < rows.weight.size(); ++i) rows.weight[i] /= 2 * sum[rows.label[i]];
}

Terms terms_of(const dataset::Examples& examples, const dataset::Groups& groups, const AdditiveOptions& options) {
  const Honest honest(examples, groups);
  std::vector<std::uint32_t> order(honest.rows().begin(), honest.rows().end());  // honest ones first, then miners
  for (std::uint32_t row = 0; row < examples.rows.size(); ++row) {
    if (groups.weight[row] > 0 && examples.rows[row].label == event::Label::kMiner) order.push_back(row);
  }
  Terms terms;
  weigh(examples, groups, order, terms.rows);
  for (const auto& [feature, rising] : directed(examples, options)) {
    Surprisal shape = honest.surprisal(feature, rising);
    std::vector<double> column = honest.of_others(feature, rising);
    for (std::size_t i = column.size(); i < order.size(); ++i) column.push_back(shape(examples.row(order[i])[feature]));
    const bool against = !options.monotone.empty() && options.monotone[feature] < 0;
    terms.rows.prior.push_back(against ? options.prior * kAgainst : options.prior);
    terms.shapes.push_back(std::move(shape));
    terms.rows.columns.push_back(std::move(column));
  }
  return terms;
}

/// A term as a tree that halves its steps.
class Halving {
 public:
  /// `honest`: what of the honest programs' weight is on each step.
  Halving(const Surprisal& shape, double weight, std::span<const double> honest)
      : shape_(shape), weight_(weight), honest_(honest) {}

  model::Tree run() {
    grow(0, shape_.levels.size());
    return std::move(tree_);
  }

 private:
  /// The steps [begin, end); the number of their node.
  std::uint32_t grow(std::size_t begin, std::size_t end) {
    const auto number = static_cast<std::uint32_t>(tree_.size());
    tree_.emplace_back();
    if (end - begin == 1) {
      tree_[number].value = weight_ * shape_.levels[begin];
      tree_[number].cover = honest_[begin];
      return number;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    const std::uint32_t left = grow(begin, middle);
    const std::uint32_t right = grow(middle, end);
    const double cover = tree_[left].cover + tree_[right].cover;
    const double value = (tree_[left].value * tree_[left].cover + tree_[right].value * tree_[right].cover) / cover;
    tree_[number] = {left, right, shape_.feature, shape_.cuts[middle - 1], value, cover};
    return number;
  }

  const Surprisal& shape_;
  double weight_;
  std::span<const double> honest_;
  model::Tree tree_;
};

model::Tree tree_of(const dataset::Examples& examples, const dataset::Groups& groups, const Surprisal& shape,
                    double weight) {
  std::vector<double> honest(shape.levels.size(), kUnseen);
  for (std::size_t row = 0; row < examples.rows.size(); ++row) {
    if (groups.weight[row] <= 0 || examples.rows[row].label != event::Label::kBenign) continue;
    const float x = examples.row(row)[shape.feature];
    const auto step = std::lower_bound(shape.cuts.begin(), shape.cuts.end(), x) - shape.cuts.begin();
    honest[static_cast<std::size_t>(step)] += groups.weight[row];
  }
  return Halving(shape, weight, honest).run();
}

model::Boosted model_of(const dataset::Examples& examples, const dataset::Groups& groups, const Terms& terms,
                        const LogisticWeights& weights) {
  model::Boosted model;
  model.base = weights.intercept;
  model.trees.features = static_cast<std::uint16_t>(examples.features);
  for (std::size_t j = 0; j < terms.shapes.size(); ++j) {
    if (weights.slopes[j] > 0)
      model.trees.trees.push_back(tree_of(examples, groups, terms.shapes[j], weights.slopes[j]));
  }
  // Where nothing tells them apart every row is as likely as another.
  if (model.trees.trees.empty()) model.trees.trees.push_back({model::Node{0, 0, 0, 0, 0, 1}});
  return model;
}

}  // namespace

Result<std::vector<model::Boosted>> train_additive(const dataset::Examples& examples, const AdditiveOptions& options,
                                                   const std::vector<double>& ridges) {
  const dataset::Groups groups = dataset::group(examples);
  if (const Status status = check_trainable(examples, groups); !status) return status.error();
  const bool fits = std::all_of(options.features.begin(), options.features.end(),
                                [&](std::uint16_t feature) { return feature < examples.features; });
  if (!fits || (!options.monotone.empty() && options.monotone.size() != examples.features))
    return bad("features and their directions are not of this dataset");
  if (!std::all_of(ridges.begin(), ridges.end(), [](double ridge) { return ridge > 0 && std::isfinite(ridge); }))
    return bad("the ridge must be above 0");
  if (!(options.prior >= 0 && std::isfinite(options.prior))) return bad("the prior must not be below 0");
  const Terms terms = terms_of(examples, groups, options);
  std::vector<model::Boosted> models;
  for (const double ridge : ridges)
    models.push_back(model_of(examples, groups, terms, fit_logistic(terms.rows, ridge)));
  return models;
}

Result<model::Boosted> train_additive(const dataset::Examples& examples, const AdditiveOptions& options) {
  auto models = train_additive(examples, options, {options.ridge});
  if (!models) return models.error();
  return std::move(models->front());
}

}  // namespace davy::train
