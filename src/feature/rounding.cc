#include <algorithm>
#include <array>

#include "feature/row.h"
#include "feature/series.h"

namespace davy::feature {
namespace {

using event::Sum;

/// Samples of each rounding mode, and `prior` more of "nearest", which all ordinary programs use: a few samples are not
/// taken for a distribution, and none at all look ordinary.
std::array<double, 4> modes(const Measures& m) {
  constexpr double kPrior = 2;
  return {m[Sum::kRoundingNearest] + kPrior, m[Sum::kRoundingDown], m[Sum::kRoundingUp], m[Sum::kRoundingZero]};
}

double total(const std::array<double, 4>& counts) { return counts[0] + counts[1] + counts[2] + counts[3]; }

constexpr auto kRows = std::to_array<Row>({
    {"rounding_unusual", "share", Scale::kLinear, 0,
     "How often the CPU was found rounding otherwise than to nearest. RandomX miners change the mode all the time; "
     "ordinary programs never do.",
     [](const Measures& m) {
       const auto counts = modes(m);
       return 1 - counts[0] / total(counts);
     }},
    {"rounding_entropy", "share", Scale::kLinear, 0,
     "How mixed the rounding modes are: 0 when one is used, 1 when all four are used alike.",
     [](const Measures& m) { return evenness(modes(m)); }},
    {"rounding_rarest", "share", Scale::kLinear, 0,
     "Share of the rarest of the four rounding modes, times four. Interval arithmetic uses one or two unusual modes, "
     "RandomX all of them.",
     [](const Measures& m) {
       const auto counts = modes(m);
       return 4 * *std::min_element(counts.begin(), counts.end()) / total(counts);
     }},
    {"rounding_samples", "1/cpu s", Scale::kLog, 0,
     "How often the rounding mode was looked at, per CPU second. With none the mode is not known and counts as "
     "ordinary.",
     [](const Measures& m) {
       return m.per_armed_s(m[Sum::kRoundingNearest] + m[Sum::kRoundingDown] + m[Sum::kRoundingUp] +
                            m[Sum::kRoundingZero]);
     }},
});

}  // namespace

std::span<const Row> rounding_rows() { return kRows; }

}  // namespace davy::feature
