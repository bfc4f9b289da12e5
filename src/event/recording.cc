#include "event/recording.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace davy::event {
namespace {

constexpr std::array<std::string_view, 4> kLabels{"unknown", "miner", "benign", "malicious-not-miner"};
constexpr std::array<std::string_view, 5> kSources{"unknown", "public-miner", "malware", "own-worker", "legitimate"};

template <typename Enum, typename Names>
Result<Enum> look_up(const Names& names, const std::string& name, const std::string& what) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at != names.end()) return static_cast<Enum>(at - names.begin());
  std::string known;
  for (const std::string_view each : names) known.append(known.empty() ? "" : ", ").append(each);
  return Error{"\"" + name + "\" is no " + what + ": use one of " + known, Error::Kind::kBadInput};
}

}  // namespace

std::string_view name_of(Label label) { return kLabels.at(static_cast<std::size_t>(label)); }
std::string_view name_of(Source source) { return kSources.at(static_cast<std::size_t>(source)); }
Result<Label> label_from(const std::string& name) { return look_up<Label>(kLabels, name, "label"); }
Result<Source> source_from(const std::string& name) { return look_up<Source>(kSources, name, "source"); }

}  // namespace davy::event
