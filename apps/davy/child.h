#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace davy::app {

/// A command to record: started as the user who called us (SUDO_UID when root by sudo), held back before its exec until
/// the collector is ready, so that not one of its calls is missed.
///
/// Between us and it stands a small process with the command's own user: once we gave up our privileges we could
/// neither signal the command nor learn how it ended. When we die, however that comes, it ends the command.
class Child {
 public:
  /// Forks. Call while privileged and with one thread. REQUIRES: !words.empty().
  static Result<std::unique_ptr<Child>> prepare(const std::vector<std::string>& words);
  virtual ~Child() = default;

  /// The command's process, known before it runs. It leads a session of its own.
  [[nodiscard]] virtual pid_t pid() const = 0;
  /// Lets it exec. An error when the program cannot be run; the command has then ended.
  virtual Status start() = 0;
  /// How it ended, in words, or nothing while it runs: "exit code 0", "signal 9 (Killed)". Never blocks.
  virtual std::optional<std::string> ended() = 0;
  /// SIGTERM to its whole session's process group; SIGKILL when it has not ended 5 s later.
  virtual void stop() = 0;
};

}  // namespace davy::app
