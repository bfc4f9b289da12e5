#include "train/logistic.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace davy::train {
namespace {

constexpr int kMostSteps = 100;
constexpr int kMostSweeps = 1000;
constexpr int kMostHalvings = 40;
constexpr double kConverged = 1e-10;  // what a step promises to take off the loss
constexpr double kLeastCurvature = 1e-12;

double log_loss(double z, bool label) {
  const double against = label ? -z : z;
  return against > 0 ? against + std::log1p(std::exp(-against)) : std::log1p(std::exp(against));
}

/// Unknowns are the slopes, and behind them the intercept.
class Newton {
 public:
  Newton(const LogisticRows& rows, double ridge)
      : rows_(rows),
        ridge_(ridge),
        size_(rows.columns.size() + 1),
        prior_(rows.prior.empty() ? std::vector<double>(rows.columns.size(), 0) : rows.prior),
        at_(size_, 0),
        gradient_(size_),
        hessian_(size_ * size_),
        ones_(rows.label.size(), 1) {}

  LogisticWeights run() {
    for (int step = 0; step < kMostSteps; ++step) {
      derive();
      const std::vector<double> way = direction();
      const double slope = std::inner_product(way.begin(), way.end(), gradient_.begin(), 0.0);
      if (-slope < kConverged || !walk(way, slope)) break;
    }
    LogisticWeights weights{at_.back(), at_};
    weights.slopes.pop_back();
    return weights;
  }

 private:
  [[nodiscard]] const std::vector<double>& column(std::size_t i) const {
    return i + 1 < size_ ? rows_.columns[i] : ones_;
  }

  [[nodiscard]] std::vector<double> scores(const std::vector<double>& at) const {
    std::vector<double> z(ones_.size(), at.back());
    for (std::size_t j = 0; j + 1 < size_; ++j) {
      if (at[j] == 0) continue;
      const std::vector<double>& values = rows_.columns[j];
      for (std::size_t i = 0; i < z.size(); ++i) z[i] += at[j] * values[i];
    }
    return z;
  }

  [[nodiscard]] double loss(const std::vector<double>& at) const {
    const std::vector<double> z = scores(at);
    double sum = 0;
    for (std::size_t i = 0; i < z.size(); ++i) sum += rows_.weight[i] * log_loss(z[i], rows_.label[i] != 0);
    for (std::size_t j = 0; j + 1 < size_; ++j) sum += ridge_ * (at[j] - prior_[j]) * (at[j] - prior_[j]);
    return sum;
  }

  void derive() {
    const std::vector<double> z = scores(at_);
    std::vector<double> residual(z.size()), curvature(z.size());
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double p = 1 / (1 + std::exp(-z[i]));
      residual[i] = rows_.weight[i] * (p - rows_.label[i]);
      curvature[i] = rows_.weight[i] * p * (1 - p);
    }
    std::vector<double> curved(z.size());
    for (std::size_t j = 0; j < size_; ++j) {
      const std::vector<double>& mine = column(j);
      const bool slope = j + 1 < size_;
      gradient_[j] = std::inner_product(mine.begin(), mine.end(), residual.begin(), 0.0) +
                     (slope ? 2 * ridge_ * (at_[j] - prior_[j]) : 0.0);
      for (std::size_t i = 0; i < z.size(); ++i) curved[i] = curvature[i] * mine[i];
      for (std::size_t k = 0; k <= j; ++k) {
        const std::vector<double>& other = column(k);
        hessian_[j * size_ + k] = hessian_[k * size_ + j] =
            std::inner_product(other.begin(), other.end(), curved.begin(), 0.0);
      }
      hessian_[j * size_ + j] += slope ? 2 * ridge_ : kLeastCurvature;
    }
  }

  /// The least of the quadratic model within the bounds, one unknown at a time.
  [[nodiscard]] std::vector<double> direction() const {
    std::vector<double> way(size_, 0), pull = gradient_;  // pull: the model's gradient at `way`
    for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
      double largest = 0;
      for (std::size_t j = 0; j < size_; ++j) {
        const double curvature = hessian_[j * size_ + j];
        double to = way[j] - pull[j] / curvature;
        if (j + 1 < size_) to = std::max(to, -at_[j]);
        const double step = to - way[j];
        if (step == 0) continue;
        way[j] = to;
        for (std::size_t k = 0; k < size_; ++k) pull[k] += step * hessian_[j * size_ + k];
        largest = std::max(largest, step * step * curvature);
      }
      if (largest < kConverged * kConverged) break;
    }
    return way;
  }

  /// As far along `way` as takes off a fair part of what its slope promises; false where nothing does.
  bool walk(const std::vector<double>& way, double slope) {
    constexpr double kFairPart = 1e-4;
    const double before = loss(at_);
    double part = 1;
    for (int halving = 0; halving < kMostHalvings; ++halving, part /= 2) {
      std::vector<double> to = at_;
      for (std::size_t j = 0; j < size_; ++j) to[j] += part * way[j];
      for (std::size_t j = 0; j + 1 < size_; ++j) to[j] = std::max(to[j], 0.0);
      if (loss(to) > before + kFairPart * part * slope) continue;
      at_ = std::move(to);
      return true;
    }
    return false;
  }

  const LogisticRows& rows_;
  double ridge_;
  std::size_t size_;
  std::vector<double> prior_, at_, gradient_, hessian_, ones_;
};

}  // namespace

LogisticWeights fit_logistic(const LogisticRows& rows, double ridge) {
  assert(ridge > 0 && rows.weight.size() == rows.label.size());
  assert(rows.prior.empty() || rows.prior.size() == rows.columns.size());
  return Newton(rows, ridge).run();
}

}  // namespace davy::train
