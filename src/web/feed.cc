#include "web/feed.h"

#include <fmt/core.h>

#include "web/view.h"

namespace davy::web {
namespace {

constexpr std::chrono::milliseconds kLookEvery{1000};  // for a lamp that changes because nothing comes

}  // namespace

Feed::Feed(const detect::Board& board, bool live)
    : board_(board), live_(live), latest_(std::make_shared<const Event>()), moved_(Clock::now()) {}

Feed::~Feed() {
  close();
  if (watcher_.joinable()) watcher_.join();
}

void Feed::start() {
  {
    const std::lock_guard lock(mutex_);
    moved_ = Clock::now();
  }
  watcher_ = std::thread([this] { watch(); });
}

void Feed::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
}

std::shared_ptr<const Feed::Event> Feed::wait_newer(std::uint64_t seen, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return closed_ || latest_->number > seen; });
  return closed_ || latest_->number <= seen ? nullptr : latest_;
}

Pulse Feed::pulse() const {
  const std::lock_guard lock(mutex_);
  return {live_, ended_, std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - moved_)};
}

void Feed::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

bool Feed::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void Feed::watch() {
  auto snapshot = board_.latest();
  while (!closed()) {
    look(*snapshot);
    snapshot = board_.wait_newer(snapshot->version, kLookEvery);
  }
}

void Feed::look(const detect::Snapshot& snapshot) {
  {
    const std::lock_guard lock(mutex_);
    if (snapshot.version != version_) moved_ = Clock::now();
  }
  const Pulse now = pulse();
  const Words said = words(snapshot, now);
  std::string sentence = said.sentence + said.detail;
  const std::lock_guard lock(mutex_);
  if (latest_->number > 0 && snapshot.version == version_ && sentence == sentence_) return;
  version_ = snapshot.version;
  sentence_ = std::move(sentence);
  const std::uint64_t number = latest_->number + 1;
  const auto text =
      fmt::format("id: {}\nevent: slice\ndata: {}\n\n", number, detect::to_line(slice_event(snapshot, now)));
  latest_ = std::make_shared<const Event>(Event{number, text});
  changed_.notify_all();
}

}  // namespace davy::web
