#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace davy::app {

/// A load that looks like a miner and is none: it finds nothing, leaves the host to talk to nobody, and dies with us.
///
/// Two child processes of user nobody, each the root of a session of its own:
/// - the worker: one thread a CPU that mixes integers and floating-point numbers over a scratchpad of its own and a
/// large
///   block all share, changing the rounding mode, yielding between rounds; it asks for huge pages, binds its threads
///   and looks at the CPU's topology;
/// - its peer on loopback: a conversation in lines of JSON, with work handed out unasked.
class SelfTestLoad {
 public:
  struct Options {
    std::uint32_t threads = 0;        // 0: one for each CPU we may use
    std::uint64_t memory_mib = 256;   // of the shared block; halved until a tenth of the free memory holds it
    std::uint32_t seconds = 90;       // it ends by itself after this long
    double seconds_between_jobs = 6;  // on average, as seconds_between_shares
    double seconds_between_shares = 4;
  };

  /// Forks. Call with one thread only.
  static Result<std::unique_ptr<SelfTestLoad>> start(const Options& options);
  /// Ends both.
  virtual ~SelfTestLoad() = default;

  /// The process that a detector should point at.
  [[nodiscard]] virtual pid_t worker() const = 0;
  /// How the worker ended, in words, when it did before its time.
  [[nodiscard]] virtual std::optional<std::string> ended() = 0;
};

}  // namespace davy::app
