#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace davy {

/// A number that means one thing only: two ids of different Tag neither compare nor convert.
template <typename Tag, typename Rep = std::uint64_t>
class Id {
 public:
  using rep = Rep;
  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const Id&) const = default;

 private:
  Rep value_{};
};

}  // namespace davy

template <typename Tag, typename Rep>
struct std::hash<davy::Id<Tag, Rep>> {
  std::size_t operator()(const davy::Id<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.value()); }
};
