#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/detection.h"

namespace davy::store {

/// What an allow entry speaks of: all conditions that are not empty must hold. A glob is a shell's: `*`, `?`, `[a-z]`,
/// `[!a-z]`, and a backslash before what is meant literally; it is about bytes, whatever the locale. `*` reaches over
/// slashes, but not in `exe`, where it stays within one folder as it does in a shell.
///
/// A condition never holds for what is not known: an image that nobody could read is not `*`. Of these only exe_sha256
/// is beyond the will of who runs the program; `exe`, `comm` and, for who may start containers, names of images and
/// pods can be chosen to fit (docs/store.md).
struct Match {
  std::string exe_sha256;     // 64 hex digits: that very program
  std::string exe;            // glob of its path
  std::string image;          // glob
  std::string pod_namespace;  // glob of the Kubernetes namespace
  std::string workload;       // glob of the cgroup's path below its root
  std::string comm;           // this name, not a glob: up to 15 bytes
  std::string host;           // glob of the host's name
  auto operator<=>(const Match&) const = default;
};

/// True when each condition holds for what the detection says; conditions on a program for each process whose own
/// evidence would be an alert, not for the one alone that carries most. False for a Match without a condition.
bool matches(const Match& match, const event::Detection& detection);

/// Refuses (kBadInput, one line) what has no condition, what would match anything (a glob without one letter or digit
/// outside of brackets names nothing, and some condition has to name something), a digest that is none, and what can
/// never match: a zero byte, a backslash at the end, a comm that is too long.
Status check(const Match& match);

/// Empty, or what who made the entry should know: that what it rests on can be chosen by the program itself.
std::string caution(const Match& match);

/// The conditions in a line, "image registry/x:*, namespace ci": raw bytes, to be made printable.
std::string words_of(const Match& match);

/// The glob that matches `name` alone.
std::string literal(std::string_view name);

/// True when `glob` matches the whole of `name`, with `*` over slashes. False for an empty name.
bool glob_matches(const std::string& glob, const std::string& name);

/// The namespace of a pod told as "namespace/name"; empty when it is not.
std::string namespace_of(const event::Workload& workload);
/// The inverse, of a pod whose name is not known.
std::string pod_in(const std::string& pod_namespace);

}  // namespace davy::store
