#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "detect/snapshot.h"
#include "web/address.h"
#include "web/metrics.h"

namespace davy::web {

struct Options {
  bool live = true;                            // false: a recording is being played, so that its end is no blindness
  std::size_t followers = 32;                  // clients that may follow the events at a time; each holds a thread
  std::chrono::milliseconds patience{5000};    // for a request to arrive, for an event or an answer to be taken
  std::chrono::milliseconds heartbeat{15000};  // between events, a comment that finds dead clients
  std::function<std::vector<StageTime>()> stages;  // for /metrics, called from any thread; null: nobody measures
};

/// Serves the API, the metrics and the page until it is destroyed. It reads what the board holds and never blocks the
/// detector; connections, and what each may ask for, are bounded. Only GET and HEAD are answered, only to clients that
/// name this host by a loopback address, and never to scripts of other sites.
class Server {
 public:
  /// Holds the port when it returns, so that privileges may be dropped, but starts no thread yet. kFailed in one line
  /// when the port is in use or may not be opened. `board` must outlive the server.
  static Result<std::unique_ptr<Server>> open(const Address& address, const detect::Board& board, Options options = {});
  virtual ~Server() = default;
  /// Answers from now on. Once. kFailed when the system gives no threads.
  virtual Status start() = 0;
  /// The source has ended: the page says so, and that nothing new comes is no blindness. From any thread.
  virtual void ended() = 0;
  /// Ends all streams and waits for requests under way: at most about a second, or `patience` with a client that does
  /// neither read nor write. The destructor does the same.
  virtual void stop() = 0;
  /// Where it listens; the port is never 0.
  [[nodiscard]] virtual const Address& address() const = 0;
  [[nodiscard]] virtual Visitors visitors() const = 0;
};

}  // namespace davy::web
