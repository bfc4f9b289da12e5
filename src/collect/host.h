#pragma once

#include <memory>

#include "event/slice.h"

namespace davy::collect {

/// The host we run on: name, boot id, online CPUs, kernel.
std::shared_ptr<const event::Host> this_host();

}  // namespace davy::collect
