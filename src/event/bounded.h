#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace davy::event {

/// The `Limit` elements with the smallest keys, sorted by key, elements of one key merged.
///
/// Why merging stays associative though elements are dropped: an element kept in the end is among the `Limit` smallest
/// of the union, hence of every part it appears in, so no part of it was ever dropped.
/// `Order::key(T)` gives a totally ordered key that merging does not change; `T::merge(const T&)` is a commutative,
/// associative merge.
template <typename T, typename Order, std::size_t Limit>
class BoundedSet {
 public:
  static constexpr std::size_t kLimit = Limit;

  /// Merges `element` in; true when it is (still) held afterwards.
  bool insert(const T& element) {
    const auto key = Order::key(element);
    const auto at = std::lower_bound(items_.begin(), items_.end(), key,
                                     [](const T& item, const auto& k) { return Order::key(item) < k; });
    if (at != items_.end() && Order::key(*at) == key) {
      at->merge(element);
      return true;
    }
    if (items_.size() == Limit) {
      if (at == items_.end()) return false;
      std::move_backward(at, items_.end() - 1, items_.end());
      *at = element;
      return true;
    }
    items_.insert(at, element);
    return true;
  }

  /// True when inserting `element` would refuse it or push another one out.
  [[nodiscard]] bool overflows_with(const T& element) const {
    return full() && std::none_of(items_.begin(), items_.end(),
                                  [&](const T& item) { return Order::key(item) == Order::key(element); });
  }

  void merge(const BoundedSet& other) {
    for (const T& element : other.items_) {
      if (!insert(element)) break;  // the rest have larger keys still
    }
  }

  void clear() { items_.clear(); }
  /// Drops the element with the largest key. REQUIRES: !empty().
  void drop_last() { items_.pop_back(); }

  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] bool full() const { return items_.size() == Limit; }
  [[nodiscard]] auto begin() const { return items_.begin(); }
  [[nodiscard]] auto end() const { return items_.end(); }
  [[nodiscard]] const T& operator[](std::size_t i) const { return items_[i]; }
  bool operator==(const BoundedSet&) const = default;

 private:
  std::vector<T> items_;
};

}  // namespace davy::event
