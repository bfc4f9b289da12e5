#pragma once

#include <string_view>

#include "event/counters.h"

namespace davy::collect {

/// Version of the table behind classify_library().
inline constexpr int kLibraryTableVersion = 1;

/// Kind of a file mapped executable, other than the program itself, by its file name and a fixed table of library names
/// as Debian and other distributions give them ("libcrypto.so.3", "libopenblas-r0-f650aae0.3.3.so"); a suffix
/// " (deleted)" is ignored. A name not in the table is kSystemOther below /usr/lib*, /lib*; kPrivate elsewhere.
///
/// The table holds libraries that honest programs of many kinds share. It never holds a miner's own library: that would
/// be detection by name, which renaming defeats. Allocates nothing. Any thread.
event::LibraryClass classify_library(std::string_view path);

}  // namespace davy::collect
