#include "collect/privileges.h"

#include <fmt/core.h>
#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace davy::collect {
namespace {

constexpr uid_t kNobody = 65534;
constexpr int kLastCapability = 63;
constexpr unsigned kCapBpf = 39;

Error failed(const std::string& what) {
  return Error{fmt::format("cannot drop privileges: {}: {}", what, std::strerror(errno))};
}

void take_line(Privileges& held, const std::string& key, std::istringstream& rest) {
  const auto mask = [&](std::uint64_t& into) { rest >> std::hex >> into; };
  if (key == "Uid:") {
    std::uint32_t real = 0;
    rest >> real >> held.uid >> held.saved_uid;
  } else if (key == "Gid:") {
    std::uint32_t real = 0;
    rest >> real >> held.gid;
  } else if (key == "Groups:") {
    for (std::uint32_t group = 0; rest >> group;) ++held.groups;
  } else if (key == "NoNewPrivs:") {
    rest >> held.no_new_privileges;
  } else if (key == "CapInh:") {
    mask(held.inheritable);
  } else if (key == "CapPrm:") {
    mask(held.permitted);
  } else if (key == "CapEff:") {
    mask(held.effective);
  } else if (key == "CapBnd:") {
    mask(held.bounding);
  } else if (key == "CapAmb:") {
    mask(held.ambient);
  }
}

std::size_t threads() {
  std::error_code error;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error)) {
    (void)entry;
    ++count;
  }
  return count;
}

/// Sets the two sets, and the inheritable one to nothing; fails with errno.
bool set_capabilities(std::uint64_t effective, std::uint64_t permitted) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (std::size_t word = 0; word < data.size(); ++word) {
    data[word].effective = static_cast<std::uint32_t>(effective >> (32 * word));
    data[word].permitted = static_cast<std::uint32_t>(permitted >> (32 * word));
  }
  return ::capset(&header, data.data()) == 0;
}

/// Needs CAP_SETPCAP; numbers the kernel does not know end the loop.
void empty_bounding_set() {
  for (int capability = 0; capability <= kLastCapability; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
  }
}

Status leave_root() {
  empty_bounding_set();
  if (setgroups(0, nullptr) != 0) return failed("setgroups");
  if (setresgid(kNobody, kNobody, kNobody) != 0) return failed("setresgid");
  // Keep the permitted set over the change of user, then cut it down.
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed("keeping capabilities");
  if (setresuid(kNobody, kNobody, kNobody) != 0) return failed("setresuid");
  return {};
}

Status verify(std::uint64_t keep) {
  if (!std::ifstream("/proc/self/status")) {
    return Error{
        "cannot drop privileges: as nobody /proc/self/status cannot be read to see that they are gone; may "
        "everybody enter / and /proc (chmod 755 /)?"};
  }
  const Privileges left = privileges();
  Privileges without = left;
  without.effective &= ~keep;
  without.permitted &= ~keep;
  if (!without.nothing_left() || !left.no_new_privileges || (left.effective & keep) != keep) {
    return Error{"cannot drop privileges: some are left; refusing to go on"};
  }
  return {};
}

}  // namespace

bool Privileges::nothing_left() const {
  return (effective | permitted | inheritable | bounding | ambient) == 0 && uid != 0 && gid != 0 && saved_uid != 0 &&
         groups == 0;
}

Privileges privileges() {
  Privileges held;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream rest(line);
    std::string key;
    rest >> key;
    take_line(held, key, rest);
  }
  return held;
}

KernelVersion kernel_version_from(const std::string& release) {
  KernelVersion version;
  std::sscanf(release.c_str(), "%d.%d", &version.major, &version.minor);
  return version;
}

KernelVersion kernel_version() {
  utsname name{};
  uname(&name);
  return kernel_version_from(name.release);
}

std::uint64_t capabilities_to_iterate(KernelVersion kernel) {
  return kernel < KernelVersion{5, 19} ? std::uint64_t{1} << kCapBpf : 0;
}

Status drop_to_nobody(std::uint64_t keep) {
  if (threads() != 1) return Error{"cannot drop privileges: more than one thread runs already"};
  const bool root = privileges().uid == 0;
  if (root) {
    if (Status left = leave_root(); !left) return left;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) return failed("ambient set");
  const std::uint64_t kept = keep & privileges().permitted;
  if (!set_capabilities(kept, kept)) return failed("capset");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("dumpable");
  return root ? verify(keep) : Status{};
}

}  // namespace davy::collect
