#pragma once

#include <cstdint>
#include <string_view>

#include "event/counters.h"

namespace davy::collect {

/// Version of the table behind classify(): a change of any row is a new version, since counts of opened files by class
/// then mean something else.
inline constexpr int kPathTableVersion = 1;

/// Whose /proc/N is "self": the process's id on the host and in its own pid namespace, which is the number it uses in
/// paths when it runs in a container. 0: unknown.
struct OwnPids {
  std::uint32_t host = 0;
  std::uint32_t in_namespace = 0;
};

/// Where an opened path lies, by a fixed table of kernel and FHS places (event/counters.h says what each class holds).
/// The text of the path goes no further than this call.
///
/// The path is taken as bytes and resolved lexically: "//" and "/./" vanish, "x/.." cancels, symbolic links are not
/// followed. A relative path that spells a kernel place ("sys/devices/system/cpu/online", as hwloc opens it below a
/// descriptor of "/") has that place's class; any other is kRelative. Any length; components beyond the 24th are not
/// looked at. Allocates nothing. Any thread.
event::FileClass classify(std::string_view path, OwnPids own);

/// True if the path, resolved as above, has a component that starts with a dot: a dot-file or below a dot-directory.
bool is_hidden(std::string_view path);

/// Hash of the resolved directory a path lies in: "/a/b//../c" and "/a/d" are both in "/a". For counting distinct
/// directories; relative paths hash as written, whatever the working directory. Looks at the first 4,096 bytes.
/// `seed`: nobody who is watched may know it, or he would name directories whose hashes steer the estimate.
std::uint64_t directory_hash(std::string_view path, std::uint64_t seed);

}  // namespace davy::collect
