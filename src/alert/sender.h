#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "alert/interrupt.h"
#include "alert/webhook.h"
#include "base/result.h"
#include "base/time.h"
#include "event/detection.h"
#include "store/store.h"

namespace davy::alert {

struct SenderOptions {
  std::chrono::milliseconds first_pause{1'000};      // after an alert's first failed try; it doubles up to
  std::chrono::milliseconds longest_pause{300'000};  // this
  std::chrono::milliseconds others_wait{60'000};     // the most that the others wait when tries fail one after another
  std::chrono::milliseconds refused_pause{900'000};  // of an alert answered 3xx or 4xx: somebody has to mend something
  std::chrono::hours give_up_after{24 * 7};
  // Hears, in one line each, what an operator should: that alerts do not get through, do again, are given up, that the
  // store fails. The first two, and want of room, at most every ten minutes. From the sender's thread and
  // from those that call put(), at the same time.
  std::function<void(const std::string&)> say;
};

/// For /metrics. The first four count from the start of this program.
struct SenderCounts {
  std::uint64_t sent = 0;      // taken by the receiver
  std::uint64_t failed = 0;    // tries
  std::uint64_t given_up = 0;  // tried for too long
  std::uint64_t no_room = 0;   // given up because too many waited
  std::uint64_t waiting = 0;
  double oldest_s = 0;  // how long the oldest that waits has; 0: none waits
};

/// How long to wait after `tries` (1 or more) that failed: `first`, doubled by each further one up to `longest`, of
/// which between a half and the whole, by `what` and `tries` alone: hosts that fail together do not come back together.
std::chrono::milliseconds backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                  std::uint64_t tries, std::string_view what);

/// Sends what waits in the store, at least once, over one connection at a time: the oldest first, and one that failed
/// again after its pause, behind those whose turn came meanwhile; so what a receiver chokes on holds nobody else up for
/// long. After any failed try all wait, longer with each further one, so that a dead receiver costs a try a minute
/// however much waits. What was sent is marked before anything else is sent: a kill in between is the only way to
/// tell something twice. Of one store only one sender should run.
class Sender {
 public:
  /// `store` must outlive it. Starts no thread: call start() once privileges are given up.
  Sender(store::Store& store, std::unique_ptr<Webhook> webhook, SenderOptions options = {});
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Once. kFailed when the system gives no thread.
  Status start();
  /// Within a second, even while a receiver hangs; as late as Store's `busy` when another program holds the store. What
  /// was under way is sent again by the next sender. The destructor does the same.
  void stop();

  /// Keeps the report together with its alert, and sends it soon. From any thread; waits for no receiver, only for the
  /// store. Errors as Store::put. REQUIRES: `kept` is of `detection`; `kind` is not kTest.
  Status put(const store::StoredDetection& kept, store::Alert::Kind kind, const event::Detection& detection,
             WallTime now);
  /// Looks at the store at once: somebody else has put an alert there. From any thread.
  void wake();

  [[nodiscard]] SenderCounts counts() const;

 private:
  /// What came of a try, until the store has it.
  struct Outcome {
    std::string alert;
    bool taken;
    std::string why;
    WallTime when;
    std::chrono::milliseconds pause;
  };

  void run();
  Clock::time_point turn();
  void wait_until(Clock::time_point until);
  void deliver(const store::WaitingAlert& due);
  [[nodiscard]] std::chrono::milliseconds pause_of(const store::WaitingAlert& due, const Result<Reply>& reply) const;
  void count(const Result<Reply>& reply);
  void hold_others(std::chrono::milliseconds least);
  void release_others();
  bool settle();
  bool look();
  void give_up_old(const std::string& why);
  void complain(const Error& error);
  void say(const std::string& words) const;
  void say_seldom(Clock::time_point& last, const std::string& words);

  store::Store& store_;
  const std::unique_ptr<Webhook> webhook_;
  const SenderOptions options_;
  Interrupt interrupt_;
  std::thread thread_;

  // Of the sender's thread.
  std::optional<Outcome> unwritten_;
  Clock::time_point others_until_{};
  std::uint64_t failures_ = 0;  // since the last success
  Clock::time_point said_failing_{};
  bool is_failing_told_ = false;
  std::string complaint_;  // of the store, the last said

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  SenderCounts counts_;
  std::optional<WallTime> oldest_;
  std::optional<WallTime> next_try_;
  Clock::time_point said_no_room_{};
};

}  // namespace davy::alert
