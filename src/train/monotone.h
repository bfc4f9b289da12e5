#pragma once

#include <cstdint>
#include <span>

#include "model/forest.h"

namespace davy::train {

/// Moves the values of the leaves `way` of the way, 1 is all, to the nearest ones, in squares weighted by cover, with
/// which the score of `tree` rises (+1) or falls (-1) with each feature as `directions` asks; 0 leaves a feature free.
/// Values of inner nodes become the mean of their leaves. Less than all of the way is a compromise: order carries to
/// programs never seen, and takes from what was: a leaf of one known program stands among others' that it should be
/// ordered with.
///
/// Isotonic regression on the leaves, which are boxes: of two leaves the first may be at most the second where some
/// point of it lies on the lower side of some point of the other in every directed feature, and in the same place in
/// the free ones. Solved in the dual one pair at a time (Hildreth 1957), and then made exact. Bounding the values on
/// both sides of each split while the tree grows (as scikit-learn and XGBoost do) holds too, but lets no leaf on the
/// higher side of any split fall below the middle of that split, however honest its programs are.
void make_monotone(model::Tree& tree, std::span<const std::int8_t> directions, double way = 1);

}  // namespace davy::train
