#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/hash.h"
#include "model/model.h"

namespace {

/// Reading what the fuzzer made would end at the checksum, so half of the inputs get theirs put right.
void score_and_explain(std::string_view bytes) {
  const auto model = davy::model::from_bytes(bytes);
  if (!model) return;
  if (davy::model::to_bytes(*model) != bytes) std::abort();  // one model, one file
  const std::vector<float> row(model->forest.features, 0.5F);
  const double score = davy::model::score(model->forest, row);
  if (!(score >= 0 && score <= 1)) std::abort();
  const auto shapley = davy::model::explain(model->forest, row);
  double sum = shapley.base;
  for (const double value : shapley.values) sum += value;
  // Weights of children may differ from their parent's by 1e-6 at each of kMaxDepth splits; the sum telescopes anyway.
  if (!(std::abs(sum - score) < 1e-6)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  score_and_explain(bytes);
  if (size > 64) {
    const std::string body = bytes.substr(0, size - 64);
    score_and_explain(body + davy::sha256_hex(body));
  }
  return 0;
}
