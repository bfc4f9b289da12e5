#include "alert/sender.h"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>

#include "alert/message.h"
#include "base/hash.h"
#include "base/random.h"

namespace davy::alert {
namespace {

using std::chrono::milliseconds;

constexpr auto kSeldom = std::chrono::minutes(10);
constexpr auto kStorePause = std::chrono::seconds(1);
constexpr auto kLongestSleep = std::chrono::minutes(1);  // the wall clock may have been set meanwhile

/// 408 and 429 say "later", 5xx that the receiver is ill; what else is no success somebody has to mend.
bool is_passing(int status) { return status == 408 || status == 429 || status >= 500; }

/// What a receiver that is to be asked later asks for.
milliseconds asked_for(const Result<Reply>& reply) {
  if (!reply || !is_passing(reply->status)) return milliseconds(0);
  return reply->retry_after.value_or(std::chrono::seconds(0));
}

std::string words_of(const Url& url, const Result<Reply>& reply) {
  return reply ? fmt::format("{}: answers {}", origin(url), reply->status) : reply.error().message;
}

}  // namespace

milliseconds backoff(milliseconds first, milliseconds longest, std::uint64_t tries, std::string_view what) {
  auto whole = first;
  for (std::uint64_t i = 1; i < tries && whole < longest; ++i) whole *= 2;
  CounterRandom random(hash64(what), tries);
  const auto ticks = static_cast<double>(std::min(whole, longest).count());
  return milliseconds(static_cast<std::int64_t>(ticks * (0.5 + random.uniform() / 2)));
}

Sender::Sender(store::Store& store, std::unique_ptr<Webhook> webhook, SenderOptions options)
    : store_(store), webhook_(std::move(webhook)), options_(std::move(options)) {}

Sender::~Sender() { stop(); }

Status Sender::start() {
  try {
    thread_ = std::thread([this] { run(); });
    return {};
  } catch (const std::system_error& error) {
    return Error{fmt::format("no thread to send alerts: {}", error.what())};
  }
}

void Sender::stop() {
  interrupt_.set();
  wake();
  if (thread_.joinable()) thread_.join();
}

void Sender::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

Status Sender::put(const store::StoredDetection& kept, store::Alert::Kind kind, const event::Detection& detection,
                   WallTime now) {
  const auto dropped = store_.put(kept, compose(kind, detection, now));
  if (!dropped) return dropped.error();
  if (*dropped > 0) {
    std::unique_lock lock(mutex_);
    counts_.no_room += *dropped;
    const auto words =
        fmt::format("too many alerts wait: {} given up so far, the oldest `closed` first", counts_.no_room);
    const bool is_time = Clock::now() - said_no_room_ > kSeldom || said_no_room_ == Clock::time_point{};
    if (is_time) said_no_room_ = Clock::now();
    lock.unlock();
    if (is_time) say(words);
  }
  wake();
  return {};
}

SenderCounts Sender::counts() const {
  const std::lock_guard lock(mutex_);
  SenderCounts counts = counts_;
  if (oldest_) counts.oldest_s = std::max(0.0, std::chrono::duration<double>(wall_now() - *oldest_).count());
  return counts;
}

void Sender::run() {
  while (!interrupt_.is_set()) wait_until(turn());
}

void Sender::wait_until(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, std::min(until, Clock::now() + kLongestSleep),
                      [&] { return woken_ || interrupt_.is_set(); });
  woken_ = false;
}

/// Does the next thing that is due, one at most. When to look again.
Clock::time_point Sender::turn() {
  if (!settle() || !look()) return Clock::now() + kStorePause;
  if (Clock::now() < others_until_) return others_until_;
  const auto due = store_.due_alerts(wall_now(), 1);
  if (!due) {
    complain(due.error());
    return Clock::now() + kStorePause;
  }
  if (!due->empty()) {
    deliver(due->front());
    return Clock::now();
  }
  const std::lock_guard lock(mutex_);
  return next_try_ ? Clock::now() + (*next_try_ - wall_now()) : Clock::now() + kLongestSleep;
}

void Sender::deliver(const store::WaitingAlert& due) {
  const auto reply = webhook_->post(due.alert.id, due.alert.body, wall_now(), interrupt_);
  if (!reply && interrupt_.is_set()) return;
  const auto why = words_of(webhook_->url(), reply);
  const bool taken = reply && reply->is_taken();
  unwritten_ = Outcome{due.alert.id, taken, why, wall_now(), taken ? milliseconds(0) : pause_of(due, reply)};
  count(reply);
  if (taken) {
    release_others();
  } else {
    hold_others(asked_for(reply));
    if (!is_failing_told_) say_seldom(said_failing_, fmt::format("alerts do not get through: {}: trying on", why));
  }
  if (settle() && !taken) give_up_old(why);
}

milliseconds Sender::pause_of(const store::WaitingAlert& due, const Result<Reply>& reply) const {
  if (reply && !is_passing(reply->status))
    return backoff(options_.refused_pause, options_.refused_pause, due.tries + 1, due.alert.id);
  return std::max(backoff(options_.first_pause, options_.longest_pause, due.tries + 1, due.alert.id), asked_for(reply));
}

void Sender::count(const Result<Reply>& reply) {
  const std::lock_guard lock(mutex_);
  ++(reply && reply->is_taken() ? counts_.sent : counts_.failed);
}

void Sender::hold_others(milliseconds least) {
  ++failures_;
  const auto pause = backoff(options_.first_pause, options_.others_wait, failures_, origin(webhook_->url()));
  others_until_ = Clock::now() + std::max(pause, least);
}

void Sender::release_others() {
  failures_ = 0;
  others_until_ = {};
  if (std::exchange(is_failing_told_, false)) say(fmt::format("{}: takes alerts again", origin(webhook_->url())));
}

/// What a receiver has taken is on disk before the next is sent, however long the store takes for it.
bool Sender::settle() {
  if (!unwritten_) return true;
  const Outcome& outcome = *unwritten_;
  const Status done = outcome.taken
                          ? store_.delivered(outcome.alert, outcome.when)
                          : store_.failed(outcome.alert, outcome.when, outcome.why, outcome.when + outcome.pause);
  if (!done) {
    complain(done.error());
    return false;
  }
  unwritten_.reset();
  return true;
}

/// Brings the figures up to date.
bool Sender::look() {
  const auto counts = store_.alert_counts();
  if (!counts) {
    complain(counts.error());
    return false;
  }
  complaint_.clear();
  const std::lock_guard lock(mutex_);
  counts_.waiting = counts->waiting;
  oldest_ = counts->oldest;
  next_try_ = counts->next_try;
  return true;
}

void Sender::give_up_old(const std::string& why) {
  const auto now = wall_now();
  const auto old = store_.give_up_alerts(now - options_.give_up_after, now);
  if (!old) return complain(old.error());
  if (*old == 0) return;
  {
    const std::lock_guard lock(mutex_);
    counts_.given_up += *old;
  }
  say(fmt::format("{} alerts are given up after {} h of trying: {}", *old, options_.give_up_after.count(), why));
}

void Sender::complain(const Error& error) {
  if (error.message == complaint_) return;
  complaint_ = error.message;
  say("alerts: " + error.message);
}

void Sender::say(const std::string& words) const {
  if (options_.say) options_.say(words);
}

void Sender::say_seldom(Clock::time_point& last, const std::string& words) {
  if (last != Clock::time_point{} && Clock::now() - last < kSeldom) return;
  last = Clock::now();
  is_failing_told_ = true;
  say(words);
}

}  // namespace davy::alert
