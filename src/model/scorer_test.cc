#include "model/scorer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/random_scorers_test.h"

namespace davy::model {
namespace {

TEST(UnitScore, OfAllButMachinesItIsTheScore) {
  const RandomForest shape{.features = static_cast<std::uint16_t>(feature::catalogue().size())};
  CounterRandom random(1);
  const std::vector<float> row = random_row(shape.features, random);
  for (const Scorer& scorer : random_scorers(shape, 1)) {
    if (!std::holds_alternative<Svm>(scorer)) {
      EXPECT_EQ(unit_score(scorer, row), score(scorer, row));
    }
    EXPECT_EQ(features_of(scorer), shape.features) << kind_of(scorer);
  }
}

TEST(UnitScore, OfAMachineItRisesWithTheDecisionAndStaysInItsScale) {
  double before = -1;
  for (const double decision : {-1e12, -800.0, -30.0, -1.0, 0.0, 1.0, 30.0, 800.0, 1e12}) {
    Svm svm = random_svm(2, 1);
    svm.coefficients.clear();
    svm.vectors.clear();
    svm.offset = -decision;
    const double score = unit_score(svm, std::vector<float>{0, 0});
    EXPECT_TRUE(score >= 0 && score <= 1) << decision;
    EXPECT_GE(score, before) << decision;
    if (decision == 0) {
      EXPECT_EQ(score, 0.5);
    }
    before = score;
  }
}

}  // namespace
}  // namespace davy::model
