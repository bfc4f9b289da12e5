#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace davy::collect {

/// What is known of a process's executable. Unknown facts are left empty and raise no flag.
struct ExeFacts {
  /// As /proc/N/exe tells it ("/usr/bin/top", "/tmp/x (deleted)", "/memfd:x (deleted)"), or its kernel path.
  std::string_view path;
  /// The file has no name left. Empty: judged by the suffix " (deleted)" of `path`.
  std::optional<bool> deleted;
  /// Inode change time of the file (not its modification time, which anyone may set).
  std::optional<WallTime> changed;
  /// When the process last called exec; its start where that is unknown.
  std::optional<WallTime> executed;
  /// When the first process of its container started; empty outside containers.
  std::optional<WallTime> container_started;
  /// A dynamic loader is mapped. Empty: mappings not walked.
  std::optional<bool> loader_mapped;
};

/// The kExe* flags of event::Flag as a bit set (bit n is Flag n).
///
/// kExeAdded: an executable whose inode changed after its container's first process started is not as the image has it:
/// image layers are read-only beneath overlayfs, and copying a file up, writing, chmod or rename all renew the change
/// time, which no system call can set. This needs no privilege and holds for overlayfs, btrfs, zfs and plain
/// directories alike. Not seen this way: a file put into the writable layer between creating and starting the container
/// (`docker cp`), or one run from a writable layer kept over a restart of the container.
std::uint64_t origin_flags(const ExeFacts& facts);

/// The path for people: without the suffix " (deleted)".
std::string_view shown_path(std::string_view path);

}  // namespace davy::collect
