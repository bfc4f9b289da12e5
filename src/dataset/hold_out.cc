#include "dataset/hold_out.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/hash.h"

namespace davy::dataset {
namespace {

using Json = nlohmann::json;
using Names = std::set<std::string>;

struct Kind {
  Names candidates, sealed;
};

/// The first `share` of `names`, rounded half to even, in the order of their digests.
Names draw(const std::string& seed, const std::string& kind, const Names& names, double share) {
  std::vector<std::pair<std::string, std::string>> ordered;
  for (const std::string& name : names) ordered.emplace_back(sha256_hex(seed + ": " + kind + " " + name), name);
  std::sort(ordered.begin(), ordered.end());
  const auto most = static_cast<double>(ordered.size());
  ordered.resize(static_cast<std::size_t>(std::nearbyint(std::clamp(share, 0.0, 1.0) * most)));
  Names drawn;
  for (auto& [digest, name] : ordered) drawn.insert(std::move(name));
  return drawn;
}

/// The library throws on what is no JSON or of another shape; that stays in here.
Result<HoldOut> parse(const std::string& bytes) {
  HoldOut held;
  try {
    const Json file = Json::parse(bytes);
    const std::string seed = file.at("seed");
    const double share = file.at("share");
    for (const char* kind : {"miner", "benign", "trick"}) {
      const Names sealed = file.at("sealed").at(kind);
      if (draw(seed, kind, file.at("candidates").at(kind), share) != sealed) {
        return Error{"does not hold what its rule draws: it was altered, restore it", Error::Kind::kBadInput};
      }
      (kind == std::string_view("trick") ? held.tricks : held.families).insert(sealed.begin(), sealed.end());
    }
  } catch (const Json::exception&) {
    return Error{"is no hold-out as `corpus/run --draw` writes it: restore it", Error::Kind::kBadInput};
  }
  return held;
}

}  // namespace

std::string HoldOut::why(const std::string& family, const std::string& trick) const {
  if (families.contains(family)) return "family";
  return tricks.contains(trick) ? "trick" : "";
}

Result<HoldOut> read_hold_out(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return HoldOut{};
  const Result<std::string> bytes = read_file(path);
  if (!bytes) return bytes.error();
  Result<HoldOut> held = parse(*bytes);
  if (!held) return Error{path.string() + ": " + held.error().message, Error::Kind::kBadInput};
  return held;
}

}  // namespace davy::dataset
