#include "collect/host.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

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

}  // namespace davy::collect
