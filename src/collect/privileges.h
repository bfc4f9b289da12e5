#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace davy::collect {

/// What this process may do now, as /proc/self/status tells it. Capability sets are bit masks.
struct Privileges {
  std::uint32_t uid = 0;  // effective
  std::uint32_t gid = 0;
  std::uint32_t saved_uid = 0;
  std::size_t groups = 0;
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t bounding = 0;
  std::uint64_t ambient = 0;
  bool no_new_privileges = false;

  [[nodiscard]] bool can(unsigned capability) const { return ((effective >> capability) & 1) != 0; }
  /// No capability in any set, no root id.
  [[nodiscard]] bool nothing_left() const;
};
Privileges privileges();

/// Kernel version of uname, e.g. {6, 1}.
struct KernelVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};
KernelVersion kernel_version();
KernelVersion kernel_version_from(const std::string& release);

/// Before 5.19 reading a BPF iterator asks for CAP_BPF each time: the one capability to keep there.
/// A mask for drop_to_nobody(): 0 from 5.19 on.
std::uint64_t capabilities_to_iterate(KernelVersion kernel);

/// Gives up everything: supplementary groups, user and group (to 65534), all five capability sets but `keep`, and the
/// right to ever gain any (no_new_privs); not dumpable, so that no other process of that user may look inside. Checks
/// afterwards that it is so, and fails if not. Called without root it gives up what capabilities it has and cannot
/// change user. REQUIRES: one thread only (capabilities belong to threads): kFailed otherwise.
Status drop_to_nobody(std::uint64_t keep = 0);

}  // namespace davy::collect
