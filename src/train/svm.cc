#include "train/svm.h"

#include <libsvm/svm.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "dataset/groups.h"
#include "train/forest.h"
#include "train/scaling.h"

namespace davy::train {
namespace {

constexpr double kMiner = 1, kHonest = -1;  // as libsvm is told

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

/// Scaled rows in libsvm's form.
class Problem {
 public:
  Problem(const dataset::Examples& examples, const SvmOptions& options, bool one_class) {
    const dataset::Groups groups = dataset::group(examples);
    scaling_ = fit_scaling(examples, groups, options.features);
    for (const std::uint32_t row : some_rows(examples, groups, options.rows_of_program)) {
      const bool miner = examples.rows[row].label == event::Label::kMiner;
      if (miner && one_class) continue;
      rows_.push_back(scaling_(examples.row(row)));
      label_.push_back(one_class || miner ? kMiner : kHonest);
    }
    for (const auto& row : rows_) nodes_.push_back(nodes_of(row));
    for (auto& row : nodes_) pointers_.push_back(row.data());
    problem_ = {static_cast<int>(rows_.size()), label_.data(), pointers_.data()};
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  [[nodiscard]] const svm_problem& get() const { return problem_; }
  [[nodiscard]] const model::Scaling& scaling() const { return scaling_; }
  [[nodiscard]] const std::vector<float>& row(std::size_t i) const { return rows_[i]; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] std::size_t count(double label) const {
    return static_cast<std::size_t>(std::count(label_.begin(), label_.end(), label));
  }

  /// One over the median squared distance of pairs of rows, every one or evenly chosen ones.
  [[nodiscard]] double usual_gamma() const {
    constexpr std::size_t kMost = 400;
    const std::size_t step = std::max<std::size_t>(1, rows_.size() / kMost);
    std::vector<double> distances;
    for (std::size_t a = 0; a < rows_.size(); a += step) {
      for (std::size_t b = a + step; b < rows_.size(); b += step) {
        double sum = 0;
        for (std::size_t i = 0; i < rows_[a].size(); ++i) {
          const double off = static_cast<double>(rows_[a][i]) - rows_[b][i];
          sum += off * off;
        }
        if (sum > 0) distances.push_back(sum);
      }
    }
    if (distances.empty()) return 1;
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    return 1 / *middle;
  }

 private:
  /// Of each program at most `most`, evenly over its rows.
  static std::vector<std::uint32_t> some_rows(const dataset::Examples& examples, const dataset::Groups& groups,
                                              std::size_t most) {
    std::map<std::uint32_t, std::vector<std::uint32_t>> rows_of;
    for (std::uint32_t i = 0; i < examples.rows.size(); ++i) {
      if (groups.program_of[i] != dataset::Groups::kNone) rows_of[groups.program_of[i]].push_back(i);
    }
    std::vector<std::uint32_t> some;
    for (const auto& [program, rows] : rows_of) {
      const std::size_t taken = std::min(most, rows.size());
      for (std::size_t i = 0; i < taken; ++i) some.push_back(rows[i * rows.size() / taken]);
    }
    return some;
  }

  static std::vector<svm_node> nodes_of(const std::vector<float>& row) {
    std::vector<svm_node> nodes;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] != 0) nodes.push_back({static_cast<int>(i + 1), row[i]});
    }
    nodes.push_back({-1, 0});
    return nodes;
  }

  model::Scaling scaling_;
  std::vector<std::vector<float>> rows_;
  std::vector<double> label_;
  std::vector<std::vector<svm_node>> nodes_;
  std::vector<svm_node*> pointers_;
  svm_problem problem_{};
};

struct Free {
  void operator()(svm_model* model) const { svm_free_and_destroy_model(&model); }
};
using Trained = std::unique_ptr<svm_model, Free>;

/// libsvm's model in our form; `sign` turns its decision so that miners are above 0.
model::Svm own(const svm_model& trained, const Problem& problem, double gamma, double sign) {
  model::Svm svm{problem.scaling(), gamma, sign * trained.rho[0], {}, {}};
  for (int i = 0; i < trained.l; ++i) {
    svm.coefficients.push_back(sign * trained.sv_coef[0][i]);
    const auto& row = problem.row(static_cast<std::size_t>(trained.sv_indices[i] - 1));
    svm.vectors.insert(svm.vectors.end(), row.begin(), row.end());
  }
  return svm;
}

Result<model::Svm> fit(const Problem& problem, svm_parameter parameter, const SvmOptions& options, bool one_class) {
  constexpr double kCache = 200;                                                         // MB
  static const bool kQuiet = (svm_set_print_string_function([](const char*) {}), true);  // once: it is a global
  static_cast<void>(kQuiet);
  if (problem.scaling().columns.empty())
    return bad("every feature is the same in all examples: nothing can be learned");
  parameter.kernel_type = RBF;
  parameter.gamma = options.gamma_factor * (options.gamma > 0 ? options.gamma : problem.usual_gamma());
  parameter.cache_size = kCache;
  parameter.eps = options.tolerance;
  parameter.shrinking = 1;
  if (const char* wrong = svm_check_parameter(&problem.get(), &parameter)) return bad(std::string("libsvm: ") + wrong);
  const Trained trained(svm_train(&problem.get(), &parameter));
  const bool honest_first = !one_class && trained->label[0] != static_cast<int>(kMiner);
  return own(*trained, problem, parameter.gamma, one_class || honest_first ? -1 : 1);
}

Status check(const dataset::Examples& examples, const SvmOptions& options) {
  if (Status status = check_values(examples); !status) return status;
  if (!(options.c > 0 && options.gamma_factor > 0 && options.nu > 0 && options.nu < 1 && options.tolerance > 0) ||
      options.rows_of_program == 0) {
    return bad("C, the factor of gamma and the tolerance must be above 0, nu in (0, 1), and every program needs a row");
  }
  return {};
}

}  // namespace

Result<model::Svm> train_svm(const dataset::Examples& examples, const SvmOptions& options) {
  if (const Status status = check(examples, options); !status) return status.error();
  const Problem problem(examples, options, false);
  const auto miners = static_cast<double>(problem.count(kMiner)), honest = static_cast<double>(problem.count(kHonest));
  if (miners == 0 || honest == 0) {
    return bad(
        "a machine of two classes needs examples of miners and of honest programs: add recordings made with "
        "`davy record --label`");
  }
  std::array<int, 2> labels{static_cast<int>(kMiner), static_cast<int>(kHonest)};
  std::array<double, 2> weights{(miners + honest) / (2 * miners), (miners + honest) / (2 * honest)};
  svm_parameter parameter{};
  parameter.svm_type = C_SVC;
  parameter.C = options.c;
  parameter.nr_weight = 2;
  parameter.weight_label = labels.data();
  parameter.weight = weights.data();
  return fit(problem, parameter, options, false);
}

Result<model::Svm> train_one_class_svm(const dataset::Examples& examples, const SvmOptions& options) {
  if (const Status status = check(examples, options); !status) return status.error();
  const Problem problem(examples, options, true);
  if (problem.size() < 2) {
    return bad(
        "the dataset has no two examples of honest programs: add recordings made with `davy record --label benign`");
  }
  svm_parameter parameter{};
  parameter.svm_type = ONE_CLASS;
  parameter.nu = options.nu;
  return fit(problem, parameter, options, true);
}

}  // namespace davy::train
