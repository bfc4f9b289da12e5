#pragma once

#include <vector>

#include "dataset/examples.h"
#include "model/exemplar.h"
#include "model/scorer.h"

namespace davy::train {

/// Of each program its most typical window before it was seen for kYoungS seconds, and its most typical one after: the
/// window that is most like the program's others (model/likeness.h; of at most kCompared, evenly drawn). By name of
/// the program, honest before miner, young before old: the same for equal examples. Empty for a scorer that gives no
/// contributions, by which windows could be compared.
std::vector<model::Exemplar> exemplars(const dataset::Examples& learned, const model::Scorer& scorer);

inline constexpr int kYoungS = 60;
inline constexpr std::size_t kCompared = 24;

}  // namespace davy::train
