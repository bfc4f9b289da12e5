#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "collect/image_names.h"
#include "event/slice.h"

namespace davy::collect {

/// Asks a small forked process that kept two capabilities (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH) for the little that
/// needs them: the digest of an executable, and a command line for people to see.
///
/// The other side reads requests and gives answers of one fixed size, writes nothing, and dies with its parent. Each
/// request is served in a child with an alarm. It is no way to read files: it opens /proc/N/exe and /proc/N/cmdline of
/// a process whose start time matches, and the runtimes' state files of a container id. The one thing it parses with
/// its capabilities is /proc/N/stat; state files are parsed after the child has dropped them, and two names of them
/// answered.
class Warden {
 public:
  struct Options {
    bool argv = false;                            // answer command lines
    std::uint64_t exe_bytes = 256 * 1024 * 1024;  // larger executables are refused
    std::uint32_t seconds = 5;                    // longest time for one answer
    std::filesystem::path root = "/";             // where state files are looked for
  };

  /// Forks. Call while privileged, with one thread. kUnavailable without the capabilities.
  static Result<std::unique_ptr<Warden>> start(Options options);
  virtual ~Warden() = default;

  /// SHA-256 of the executable, hex; an error when the process is gone, is another by now, or the file is too large.
  /// Blocks up to `seconds`. Any thread, one at a time.
  virtual Result<std::string> exe_sha256(const event::ProcessId& process) = 0;

  /// argv with its NULs, at most 4,096 bytes: for live display only, never recorded.
  virtual Result<std::string> argv(const event::ProcessId& process) = 0;

  /// Image and pod of a container, by its id of 64 hex digits. Empty: unknown.
  virtual Result<ContainerNames> container_names(std::string_view container) = 0;

  [[nodiscard]] virtual pid_t pid() const = 0;
};

/// For ImageNames::Options::look_up. `warden` must outlive it.
ContainerLookup lookup_by(Warden& warden);

}  // namespace davy::collect
