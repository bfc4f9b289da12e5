#include "train/calibrate.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <vector>

namespace davy::train {
namespace {

/// Rows of one score.
struct Point {
  double score = 0;
  double weight = 0;
  double miners = 0;  // weight of miners' rows
};

std::vector<Point> points_of(const Scored& scored) {
  assert(scored.score.size() == scored.miner.size() && scored.score.size() == scored.weight.size());
  std::vector<std::uint32_t> order(scored.score.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scored.score[a] < scored.score[b]; });
  std::vector<Point> points;
  for (const std::uint32_t i : order) {
    if (points.empty() || points.back().score != scored.score[i]) points.push_back({scored.score[i], 0, 0});
    points.back().weight += scored.weight[i];
    points.back().miners += scored.miner[i] != 0 ? scored.weight[i] : 0;
  }
  return points;
}

/// Neighbouring points that share one value.
struct Block {
  double weight = 0;
  double miners = 0;
  std::size_t points = 0;
  [[nodiscard]] double value() const { return miners / weight; }
};

/// Adds a point behind `blocks` and pools what would fall.
void pool(std::vector<Block>& blocks, const Point& point) {
  Block last{point.weight, point.miners, 1};
  while (!blocks.empty() && blocks.back().value() >= last.value()) {
    last = {blocks.back().weight + last.weight, blocks.back().miners + last.miners, blocks.back().points + last.points};
    blocks.pop_back();
  }
  blocks.push_back(last);
}

std::vector<double> values_of(std::span<const Point> points) {
  std::vector<Block> blocks;
  for (const Point& point : points) pool(blocks, point);
  std::vector<double> values;
  for (const Block& block : blocks) values.insert(values.end(), block.points, block.value());
  return values;
}

/// The steepness of the line from one sum of points to another, which lies behind.
double slope(const Point& from, const Point& to) { return (to.miners - from.miners) / (to.weight - from.weight); }

Point sum_of(const Point& a, const Point& b) { return {0, a.weight + b.weight, a.miners + b.miners}; }

/// The isotonic values of one more row, were it before each of the points and behind the last. REQUIRES: it is as steep
/// as any point, or steeper.
///
/// Isotonic values are slopes of the lower hull of the points' sums. A row before point i lifts those behind it; its
/// own value is the slope of the line that lies below the sums before it, left, and the lifted ones behind it, right.
/// As the row moves on, a left end is left only for the newest sum, where that lies below the line, and a right end
/// only for the next corner of the hull (after Vovk, Petej & Fedorova 2015).
std::vector<double> values_before(std::span<const Point> points, const Point& row) {
  std::vector<Point> sums{{}}, lifted;
  for (const Point& point : points) sums.push_back(sum_of(sums.back(), point));
  for (const Point& sum : sums) lifted.push_back(sum_of(sum, row));
  std::vector<std::size_t> corners;  // of the lifted, the nearest last
  std::size_t left = 0;
  const auto drop_what_is_above = [&](const Point& from) {
    while (corners.size() > 1 && slope(from, lifted[corners.back()]) >= slope(from, lifted[corners.end()[-2]]))
      corners.pop_back();
  };
  for (std::size_t i = points.size(); i > 0; --i) {
    drop_what_is_above(lifted[i]);
    corners.push_back(i);
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i == 0 || slope(sums[left], sums[i]) < values.back()) {
      left = i;
      while (corners.back() <= i) corners.pop_back();
      drop_what_is_above(sums[left]);
      values.push_back(slope(sums[left], lifted[corners.back()]));
    } else {
      values.push_back(values.back());
    }
  }
  values.push_back(row.miners / row.weight);
  return values;
}

/// The points upside down, from the last to the first.
std::vector<Point> turned(const std::vector<Point>& points) {
  std::vector<Point> turned(points.rbegin(), points.rend());
  for (Point& point : turned) point.miners = -point.miners;
  return turned;
}

/// Platt's likelihood with its gradient and curvature at (slope, offset).
struct Likelihood {
  double value = 0;
  double gradient[2] = {0, 0};
  double curvature[3] = {0, 0, 0};  // slope-slope, slope-offset, offset-offset
};

class PlattFit {
 public:
  explicit PlattFit(const Scored& scored) : scored_(scored) {
    for (std::size_t i = 0; i < scored.score.size(); ++i) {
      (scored.miner[i] != 0 ? miners_ : honest_) += scored.weight[i];
    }
  }

  model::Platt run() {
    constexpr int kSteps = 100;
    constexpr double kSmall = 1e-5, kRidge = 1e-12, kShortest = 1e-10;
    model::Platt now{0, std::log((honest_ + 1) / (miners_ + 1))};
    Likelihood here = at(now);
    for (int step = 0; step < kSteps; ++step) {
      if (std::abs(here.gradient[0]) < kSmall && std::abs(here.gradient[1]) < kSmall) break;
      const double a = here.curvature[0] + kRidge, b = here.curvature[1], c = here.curvature[2] + kRidge;
      const double determinant = a * c - b * b;
      const double down[2] = {-(c * here.gradient[0] - b * here.gradient[1]) / determinant,
                              -(a * here.gradient[1] - b * here.gradient[0]) / determinant};
      const double slope = here.gradient[0] * down[0] + here.gradient[1] * down[1];
      double length = 1;
      for (; length >= kShortest; length /= 2) {
        const model::Platt next{now.slope + length * down[0], now.offset + length * down[1]};
        const Likelihood there = at(next);
        if (there.value < here.value + 1e-4 * length * slope) {
          now = next;
          here = there;
          break;
        }
      }
      if (length < kShortest) break;
    }
    return now;
  }

 private:
  [[nodiscard]] Likelihood at(const model::Platt& platt) const {
    const double target_of[2] = {1 / (honest_ + 2), (miners_ + 1) / (miners_ + 2)};
    Likelihood sum;
    for (std::size_t i = 0; i < scored_.score.size(); ++i) {
      const double score = scored_.score[i], weight = scored_.weight[i];
      const double target = target_of[scored_.miner[i] != 0 ? 1 : 0];
      const double x = platt.slope * score + platt.offset;
      const double p = platt(score);
      sum.value +=
          weight * (x >= 0 ? target * x + std::log1p(std::exp(-x)) : (target - 1) * x + std::log1p(std::exp(x)));
      const double first = weight * (target - p), second = weight * p * (1 - p);
      sum.gradient[0] += score * first;
      sum.gradient[1] += first;
      sum.curvature[0] += score * score * second;
      sum.curvature[1] += score * second;
      sum.curvature[2] += second;
    }
    return sum;
  }

  const Scored& scored_;
  double miners_ = 0;
  double honest_ = 0;
};

}  // namespace

model::Isotonic fit_isotonic(const Scored& scored) {
  const std::vector<Point> points = points_of(scored);
  model::Isotonic fitted;
  for (const Point& point : points) fitted.score.push_back(point.score);
  fitted.value = values_of(points);
  return fitted;
}

model::Platt fit_platt(const Scored& scored) { return PlattFit(scored).run(); }

model::Calibration fit_calibration(const Scored& scored, std::size_t programs) {
  if (programs >= kLeastForSteps) return fit_isotonic(scored);
  return fit_platt(scored);
}

model::VennAbers fit_venn_abers(const Scored& scored, double weight) {
  const std::vector<Point> points = points_of(scored);
  const std::vector<double> high = values_before(points, {0, weight, weight});
  const std::vector<double> low = values_before(turned(points), {0, weight, 0});
  // A miner's row at a point is like one before it, as it is steeper; an honest one's like one behind it.
  const auto range = [&](std::size_t behind, std::size_t before) {
    return model::Range{std::clamp(0 - low[points.size() - behind], 0.0, 1.0), std::clamp(high[before], 0.0, 1.0)};
  };
  model::VennAbers fitted;
  for (std::size_t i = 0; i < points.size(); ++i) {
    fitted.score.push_back(points[i].score);
    fitted.at.push_back(range(i + 1, i));
  }
  for (std::size_t i = 0; i <= points.size() && !points.empty(); ++i) fitted.between.push_back(range(i, i));
  return fitted;
}

}  // namespace davy::train
