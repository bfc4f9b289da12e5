#include "dataset/examples.h"

#include <cassert>

namespace davy::dataset {

std::string_view name_of(Scope scope) { return scope == Scope::kProcess ? "process" : "workload"; }

void Examples::add(const Example& example, std::span<const float> row) {
  assert(row.size() == features);
  rows.push_back(example);
  values.insert(values.end(), row.begin(), row.end());
}

}  // namespace davy::dataset
