#pragma once

#include <memory>

#include "event/slice.h"

namespace davy::collect {

/// The host we run on: name, boot id, online CPUs, kernel.
std::shared_ptr<const event::Host> this_host();

/// False in a container without the host's pids: neither /proc nor the kernel's iterators then show what runs outside.
bool in_host_pid_namespace();

}  // namespace davy::collect
