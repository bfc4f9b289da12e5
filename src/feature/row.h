#pragma once

#include <span>
#include <string_view>

#include "feature/measures.h"
#include "feature/schema.h"

namespace davy::feature {

/// One feature: what it is called, what it means, and how it is made. Its group is that of the table it stands in.
struct Row {
  std::string_view name;
  std::string_view unit;
  Scale scale;
  double neutral;
  std::string_view sentence;
  double (*value)(const Measures&);  // natural value; kUnknown when the window cannot tell
};

// The tables, one a file, in the order of Group.
std::span<const Row> rounding_rows();
std::span<const Row> computing_rows();
std::span<const Row> ratio_rows();
std::span<const Row> memory_rows();
std::span<const Row> conversation_rows();
std::span<const Row> preparation_rows();
std::span<const Row> origin_rows();
std::span<const Row> accounting_rows();
std::span<const Row> library_rows();

}  // namespace davy::feature
