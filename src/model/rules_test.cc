#include "model/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "feature/schema.h"

namespace davy::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A row of ordinary values but for those named, in natural units.
std::vector<float> row(std::initializer_list<std::pair<std::string_view, double>> values) {
  std::vector<float> made;
  for (const feature::Feature& one : feature::catalogue()) {
    const auto named = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == one.name; });
    const double natural = named == values.end() ? 0 : named->second;
    made.push_back(static_cast<float>(one.scale == feature::Scale::kLog ? std::log2(1 + natural) : natural));
  }
  return made;
}

TEST(Rules, NothingFiresOnAnIdleProgram) {
  EXPECT_THAT(fired({}, row({})), IsEmpty());
  EXPECT_EQ(score(Rules{}, row({})), 0);
}

TEST(Rules, EachNeedsAllOfItsConditions) {
  EXPECT_THAT(fired({}, row({{"exe_temporary", 1}})), IsEmpty());
  EXPECT_THAT(fired({}, row({{"exe_temporary", 1}, {"cpu_of_one", 0.75}})), ElementsAre("busy from a temporary place"));
  EXPECT_THAT(fired({}, row({{"msr_attempts", 2}})), ElementsAre("model-specific registers"));
}

TEST(Rules, TheMoreFireTheSurer) {
  const double one = score(Rules{}, row({{"rounding_unusual", 0.7}}));
  const double two = score(Rules{}, row({{"rounding_unusual", 0.7}, {"cpu_of_one", 0.95}}));
  EXPECT_NEAR(one, 0.9, 1e-12);
  EXPECT_NEAR(two, 1 - 0.1 * 0.8, 1e-12);
}

}  // namespace
}  // namespace davy::model
