#pragma once

#include <string>

namespace davy::feature {

/// The catalogue as a page for people: docs/features.md.
std::string to_markdown();

}  // namespace davy::feature
