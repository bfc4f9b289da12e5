#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/slice.h"

namespace davy::collect {

/// Asks a small forked process that kept two capabilities (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH) for the little that
/// needs them: the digest of an executable, and a command line for people to see.
///
/// The other side reads requests of one fixed size, answers with one fixed size (and for argv raw bytes), parses no
/// input but /proc/N/stat, writes nothing, and dies with its parent. It is no way to read files: it opens /proc/N/exe
/// and /proc/N/cmdline of a process whose start time matches, nothing else.
class Warden {
 public:
  struct Options {
    bool argv = false;                            // answer command lines
    std::uint64_t exe_bytes = 256 * 1024 * 1024;  // larger executables are refused
    std::uint32_t seconds = 5;                    // longest time for one answer
  };

  /// Forks. Call while privileged, with one thread. kUnavailable without the capabilities.
  static Result<std::unique_ptr<Warden>> start(Options options);
  virtual ~Warden() = default;

  /// SHA-256 of the executable, hex; an error when the process is gone, is another by now, or the file is too large.
  /// Blocks up to `seconds`. Any thread, one at a time.
  virtual Result<std::string> exe_sha256(const event::ProcessId& process) = 0;

  /// argv with its NULs, at most 4,096 bytes: for live display only, never recorded.
  virtual Result<std::string> argv(const event::ProcessId& process) = 0;

  [[nodiscard]] virtual pid_t pid() const = 0;
};

}  // namespace davy::collect
