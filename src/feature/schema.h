#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "window/window.h"

namespace davy::feature {

using FeatureIndex = Id<struct FeatureIndexTag, std::uint16_t>;

/// One bullet of what betrays a miner; explanations are given by group.
enum class Group : std::uint8_t {
  kRounding,      // floating-point rounding mode
  kComputing,     // shape of computing: CPU share, threads, steadiness
  kRatios,        // what is done per CPU second
  kMemory,        // sizes, huge pages, writable code
  kConversation,  // with whom it talks and how
  kPreparation,   // topology, MSRs, affinity, priority
  kOrigin,        // where the executable came from, what it does to others
  kAccounting,    // CPU time that no visible process explains
  kLibraries,     // files, directories and libraries by class
  kCount
};
std::string_view name_of(Group group);  // "rounding mode", "shape of computing", ...

/// How a number stands in the vector. Heavy tails are compressed, so that distances and bins mean something.
enum class Scale : std::uint8_t {
  kLinear,  // as it is
  kLog      // log2(1 + x)
};

/// What more of a feature says of mining, by what is known of it and not by data: see knowledge.h.
enum class Speaks : std::int8_t { kAgainst = -1, kNeither = 0, kFor = 1 };

struct Feature {
  std::string_view name;  // lower_snake_case, unique, stable
  std::string_view unit;  // of the natural value: "share", "1/cpu s", "KiB", "yes", ...
  Group group;
  std::string_view sentence;  // what an analyst needs to understand it
  Scale scale = Scale::kLinear;
  double neutral = 0;  // natural value where it cannot be known: what is ordinary, so that it speaks for nothing
  Speaks speaks = Speaks::kNeither;
};

/// The natural value of a number of the vector: 1,750 calls per CPU second, not its logarithm.
double natural(const Feature& feature, float stored);

/// The natural value with its unit, for people: "96 %", "1,750 per CPU second", "2.0 GiB", "yes".
std::string to_text(const Feature& feature, float stored);

/// The catalogue, in the order of the vector. Append-only within a schema version.
std::span<const Feature> catalogue();

/// Where in it a feature stands. REQUIRES: there is one of that name.
std::size_t index_of(std::string_view name);

/// Hash of names, units, scales and order: a model is only used with the schema it was trained under.
std::uint64_t schema_digest();

/// A vector of catalogue().size() numbers, all finite: what cannot be known is given its neutral value and, where it
/// matters, a feature of its own says so.
using Vector = std::vector<float>;
Vector extract(const window::Window& window);

}  // namespace davy::feature
