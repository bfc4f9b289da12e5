#include "window/sliding.h"

#include <algorithm>
#include <cassert>

namespace davy::window {
namespace {

using event::Activity;
using event::Moment;
using event::SliceNumber;
using event::Sum;

void clear(Activity& a) {  // keeps the capacity of its sets
  a.sums.fill(0);
  a.peaks.fill(0);
  a.flags = 0;
  a.opens.fill({});
  a.libraries.fill(0);
  a.moments.clear();
  a.threads.clear();
  a.conversations.clear();
  a.directories.clear();
}

const Moment* moment_of(const Activity& slice, SliceNumber number) {
  for (const Moment& moment : slice.moments) {
    if (moment.number == number) return &moment;
  }
  return nullptr;
}

}  // namespace

void Sliding::push(SliceNumber number, const Activity& slice) {
  assert(empty() || number > newest());
  slide_to(number);
  Element element{.number = number, .cpu_us = std::max(slice[Sum::kCpu], slice[Sum::kCgroupCpu])};
  const Moment* moment = moment_of(slice, number);
  if (moment != nullptr) element.moment = Packed(*moment);
  element.rest = Packed(slice);
  if (warm_ != nullptr) {
    element.rest.merge_into(warm_->back);
    if (moment != nullptr) warm_->moments.insert(*moment);
  }
  cpu_us_ += element.cpu_us;
  elements_.push_back(std::move(element));
}

void Sliding::slide_to(SliceNumber last) {
  const auto aged = [&](const Element& e) { return e.number.value() + length_ <= last.value(); };
  const auto kept = std::find_if_not(elements_.begin(), elements_.end(), aged);
  if (kept == elements_.begin()) return;
  const auto dropped = static_cast<std::size_t>(kept - elements_.begin());
  std::for_each(elements_.begin(), kept, [&](const Element& e) { cpu_us_ -= e.cpu_us; });
  elements_.erase(elements_.begin(), kept);
  if (elements_.empty()) elements_.shrink_to_fit();
  const bool from_the_newer = dropped > split_;
  split_ -= std::min(split_, dropped);
  if (warm_ == nullptr) return;
  while (!warm_->moments.empty() &&
         warm_->moments[warm_->moments.size() - 1].number.value() + length_ <= last.value()) {
    warm_->moments.drop_last();
  }
  if (from_the_newer) turn_over();
}

void Sliding::turn_over() {
  clear(warm_->back);
  Activity sum;
  for (auto element = elements_.rbegin(); element != elements_.rend(); ++element) {
    element->rest.merge_into(sum);
    element->rest = Packed(sum);
  }
  split_ = elements_.size();
}

void Sliding::warm_up() {
  warm_ = std::make_unique<Warm>();
  for (std::size_t i = split_; i < elements_.size(); ++i) elements_[i].rest.merge_into(warm_->back);
  for (const Element& element : elements_) {
    if (!element.moment.empty()) warm_->moments.insert(element.moment.moment());
  }
}

void Sliding::merge_to(Activity& out) {
  if (warm_ == nullptr) warm_up();
  clear(out);
  if (split_ > 0) elements_.front().rest.merge_into(out);
  out.merge(warm_->back);
  out.moments = warm_->moments;
}

}  // namespace davy::window
