#include "collect/host.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace davy::collect {

std::shared_ptr<const event::Host> this_host() {
  utsname names{};
  uname(&names);
  std::string boot_id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id") >> std::ws, boot_id);
  auto host = std::make_shared<event::Host>();
  host->name = names.nodename;
  host->kernel = names.release;
  host->machine = names.machine;
  host->boot = hash64(boot_id);
  host->cpus = static_cast<std::uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  return host;
}

bool in_host_pid_namespace() {
  constexpr std::string_view kHosts = "pid:[4026531836]";  // PROC_PID_INIT_INO, the same on every Linux
  static const bool kIsHosts = [&] {
    std::array<char, 64> name{};
    const ssize_t length = readlink("/proc/self/ns/pid", name.data(), name.size());
    return length > 0 && std::string_view(name.data(), static_cast<std::size_t>(length)) == kHosts;
  }();
  return kIsHosts;
}

}  // namespace davy::collect
