#include "train/isolation_forest.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/random.h"
#include "dataset/groups.h"
#include "train/forest.h"

namespace davy::train {
namespace {

using Rows = std::vector<std::uint32_t>;

constexpr std::uint64_t kSampleStream = 1;
constexpr std::uint64_t kNodeStream = 2;

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

class IsolationGrower {
 public:
  IsolationGrower(const dataset::Examples& examples, const IsolationOptions& options)
      : examples_(examples), options_(options), groups_(dataset::group(examples)), features_(options.features) {
    if (features_.empty()) {
      features_.resize(examples.features);
      std::iota(features_.begin(), features_.end(), std::uint16_t{0});
    }
    for (std::uint32_t i = 0; i < examples.rows.size(); ++i) {
      const event::Label label = examples.rows[i].label;
      const bool taken = label == event::Label::kBenign || (label == event::Label::kMiner && !options.honest_only);
      if (taken) rows_.push_back(i);
    }
  }

  [[nodiscard]] bool empty() const { return rows_.size() < 2; }

  model::IsolationForest run() {
    model::IsolationForest forest;
    forest.features = static_cast<std::uint16_t>(examples_.features);
    forest.sample = static_cast<std::uint32_t>(std::min(options_.sample, rows_.size()));
    deepest_ = static_cast<int>(std::ceil(std::log2(forest.sample)));
    for (std::uint64_t tree = 0; tree < options_.trees; ++tree) forest.trees.push_back(grow(tree, forest.sample));
    return forest;
  }

 private:
  struct Part {
    std::uint32_t node = 0;
    std::size_t begin = 0, end = 0;  // of drawn_
    int depth = 0;
  };

  /// Those with the largest u^(1 / weight).
  void draw(std::uint64_t tree, std::size_t count) {
    CounterRandom random(options_.seed, tree, kSampleStream);
    std::vector<std::pair<double, std::uint32_t>> keys;
    for (const std::uint32_t row : rows_) keys.emplace_back(std::log(random.uniform()) / groups_.weight[row], row);
    std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count - 1), keys.end(), std::greater<>());
    drawn_.clear();
    for (std::size_t i = 0; i < count; ++i) drawn_.push_back(keys[i].second);
    std::sort(drawn_.begin(), drawn_.end());
  }

  model::IsolationTree grow(std::uint64_t number, std::size_t count) {
    draw(number, count);
    CounterRandom random(options_.seed, number, kNodeStream);
    model::IsolationTree tree(1);
    std::vector<Part> open{{0, 0, drawn_.size(), 0}};
    while (!open.empty()) {
      const Part part = open.back();
      open.pop_back();
      tree[part.node].rows = static_cast<std::uint32_t>(part.end - part.begin);
      if (part.depth < deepest_ && part.end - part.begin > 1) divide(part, random, tree, open);
    }
    return tree;
  }

  void divide(const Part& part, CounterRandom& random, model::IsolationTree& tree, std::vector<Part>& open) {
    const auto split = draw_split(part, random);
    if (!split) return;  // equal rows
    const auto [feature, threshold] = *split;
    const auto middle = std::partition(
        at(part.begin), at(part.end),
        [&, feature = feature, threshold = threshold](auto row) { return examples_.row(row)[feature] <= threshold; });
    const auto cut = static_cast<std::size_t>(middle - drawn_.begin());
    const auto left = static_cast<std::uint32_t>(tree.size());
    tree.resize(tree.size() + 2);
    tree[part.node].left = left;
    tree[part.node].right = left + 1;
    tree[part.node].feature = feature;
    tree[part.node].threshold = threshold;
    open.push_back({left + 1, cut, part.end, part.depth + 1});
    open.push_back({left, part.begin, cut, part.depth + 1});
  }

  /// A feature that is not the same in all rows, drawn among those, and a place in [least, most).
  std::optional<std::pair<std::uint16_t, float>> draw_split(const Part& part, CounterRandom& random) {
    for (std::size_t i = 0; i < features_.size(); ++i) {
      std::swap(features_[i], features_[i + random.below(features_.size() - i)]);
      const auto [least, most] = range_of(part, features_[i]);
      if (!(least < most)) continue;
      const double place = least + random.uniform() * (static_cast<double>(most) - least);
      return std::pair{features_[i], std::min(static_cast<float>(place), std::nextafter(most, least))};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::pair<float, float> range_of(const Part& part, std::uint16_t feature) {
    float least = examples_.row(drawn_[part.begin])[feature], most = least;
    for (std::size_t i = part.begin + 1; i < part.end; ++i) {
      const float value = examples_.row(drawn_[i])[feature];
      least = std::min(least, value);
      most = std::max(most, value);
    }
    return {least, most};
  }

  Rows::iterator at(std::size_t i) { return drawn_.begin() + static_cast<std::ptrdiff_t>(i); }

  const dataset::Examples& examples_;
  const IsolationOptions& options_;
  dataset::Groups groups_;
  std::vector<std::uint16_t> features_;
  Rows rows_;   // that may be drawn
  Rows drawn_;  // of the tree under way
  int deepest_ = 0;
};

}  // namespace

Result<model::IsolationForest> train_isolation_forest(const dataset::Examples& examples,
                                                      const IsolationOptions& options) {
  if (options.trees == 0 || options.sample < 2) return bad("an isolation forest needs a tree, and two rows a tree");
  if (const Status status = check_values(examples); !status) return status.error();
  IsolationGrower grower(examples, options);
  if (grower.empty()) {
    return bad(
        "the dataset has no two examples of honest programs: add recordings made with `davy record --label benign`");
  }
  return grower.run();
}

}  // namespace davy::train
