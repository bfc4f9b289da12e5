#include "store/match.h"

#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace davy::store {
namespace {

constexpr std::size_t kLongestGlob = 1000;  // bytes
constexpr std::size_t kLongestComm = 15;    // the kernel's
constexpr std::size_t kDigest = 64;

struct Condition {
  const char* name;
  const std::string& value;
};

/// exe_sha256 and comm aside: those are no globs.
std::array<Condition, 5> globs_of(const Match& match) {
  return {{{"exe", match.exe},
           {"image", match.image},
           {"namespace", match.pod_namespace},
           {"workload", match.workload},
           {"host", match.host}}};
}

bool fits(const std::string& glob, const std::string& name, int flags) {
  if (name.empty() || name.find('\0') != std::string::npos) return false;
  return fnmatch(glob.c_str(), name.c_str(), flags) == 0;
}

/// No condition, or one that holds.
bool holds(const std::string& glob, const std::string& name, int flags = 0) {
  return glob.empty() || fits(glob, name, flags);
}

bool is_same(const std::string& wanted, const std::string& name) { return wanted.empty() || wanted == name; }

bool is_hex(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

/// Position after the bracket expression that begins at `at`, or `at` when none does.
std::size_t after_bracket(const std::string& glob, std::size_t at) {
  if (glob[at] != '[') return at;
  std::size_t first = at + 1;
  if (first < glob.size() && (glob[first] == '!' || glob[first] == '^')) ++first;
  const std::size_t end = glob.find(']', first + 1);  // a ']' that comes first stands for itself
  return end == std::string::npos ? at : end + 1;
}

/// Has a letter, a digit or a byte beyond ASCII that must be there.
bool names_something(const std::string& glob) {
  for (std::size_t at = 0; at < glob.size(); ++at) {
    if (const std::size_t after = after_bracket(glob, at); after > at) {
      at = after - 1;
      continue;
    }
    const auto byte = static_cast<unsigned char>(glob[at]);
    if (std::isalnum(byte) != 0 || byte >= 0x80) return true;
  }
  return false;
}

bool ends_in_the_air(const std::string& glob) {
  const auto last = glob.find_last_not_of('\\');
  return (glob.size() - (last == std::string::npos ? 0 : last + 1)) % 2 == 1;
}

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

Status check_glob(const Condition& one) {
  if (one.value.size() > kLongestGlob)
    return bad(fmt::format("{}: it is longer than {} bytes", one.name, kLongestGlob));
  if (one.value.find('\0') != std::string::npos) return bad(fmt::format("{}: it holds a zero byte", one.name));
  if (ends_in_the_air(one.value)) return bad(fmt::format("{}: it ends in a backslash and matches nothing", one.name));
  return {};
}

Status check_exact(const Match& match) {
  if (!match.exe_sha256.empty() && (match.exe_sha256.size() != kDigest || !is_hex(match.exe_sha256)))
    return bad("exe_sha256: it is not 64 hex digits");
  if (match.comm.size() > kLongestComm || match.comm.find('\0') != std::string::npos)
    return bad(fmt::format("comm: the kernel keeps names of {} bytes, without zeros", kLongestComm));
  return {};
}

bool is_same_digest(const std::string& wanted, const std::string& digest) {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return wanted.empty() || std::equal(wanted.begin(), wanted.end(), digest.begin(), digest.end(), same);
}

bool is_named(const Match& match, const event::Process& process) {
  return holds(match.exe, process.exe, FNM_PATHNAME) && is_same(match.comm, process.comm);
}

/// A process beside the one that carries most: its own digest was not read, so its path must be that one's.
bool is_like(const Match& match, const event::Process& other, const event::Process& carrier) {
  return is_named(match, other) && (match.exe_sha256.empty() || other.exe == carrier.exe);
}

/// The process that carries most of the evidence fits, and so does each whose own evidence would be an alert: who is
/// allowed hides nobody beside it.
bool process_fits(const Match& match, const event::Detection& detection) {
  if (match.exe.empty() && match.comm.empty() && match.exe_sha256.empty()) return true;
  if (detection.process == nullptr) return match.exe.empty() && match.comm.empty();
  const event::Process& carrier = *detection.process;
  return is_named(match, carrier) && std::all_of(detection.parts.begin(), detection.parts.end(), [&](const auto& part) {
           return part.ended || part.score < detection.threshold || is_like(match, *part.process, carrier);
         });
}

bool workload_fits(const Match& match, const event::Detection& detection) {
  const bool asked = !match.image.empty() || !match.pod_namespace.empty() || !match.workload.empty();
  if (!asked) return true;
  if (detection.workload == nullptr) return false;
  return holds(match.image, detection.workload->image) &&
         holds(match.pod_namespace, namespace_of(*detection.workload)) &&
         holds(match.workload, detection.workload->cgroup);
}

bool host_fits(const Match& match, const event::Detection& detection) {
  return match.host.empty() || (detection.host != nullptr && fits(match.host, detection.host->name, 0));
}

}  // namespace

bool matches(const Match& match, const event::Detection& detection) {
  if (match == Match{}) return false;
  return is_same_digest(match.exe_sha256, detection.exe_sha256) && process_fits(match, detection) &&
         workload_fits(match, detection) && host_fits(match, detection);
}

Status check(const Match& match) {
  if (match == Match{})
    return bad("it has no condition and would allow everything: give an image, a digest, a path...");
  if (Status exact = check_exact(match); !exact) return exact;
  const auto globs = globs_of(match);
  for (const Condition& one : globs) {
    if (Status fine = check_glob(one); !fine) return fine;
  }
  const bool named = std::any_of(globs.begin(), globs.end(), [](auto& one) { return names_something(one.value); });
  if (named || !match.exe_sha256.empty() || !match.comm.empty()) return {};
  return bad("it would allow everything: of its conditions none names anything");
}

std::string caution(const Match& match) {
  if (!match.exe_sha256.empty() || !match.image.empty() || !match.pod_namespace.empty() || !match.workload.empty())
    return {};
  if (match.exe.empty() && match.comm.empty()) return "every program of these hosts is allowed: add what it is to run";
  return "a program can call itself so and lie there: add an image, a namespace or a digest";
}

std::string words_of(const Match& match) {
  std::string words;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) words += fmt::format("{}{} {}", words.empty() ? "" : ", ", name, value);
  };
  for (const Condition& one : globs_of(match)) add(one.name, one.value);
  add("comm", match.comm);
  add("exe_sha256", match.exe_sha256);
  return words;
}

std::string literal(std::string_view name) {
  std::string glob;
  for (const char byte : name) {
    if (std::string_view("*?[]\\").find(byte) != std::string_view::npos) glob += '\\';
    glob += byte;
  }
  return glob;
}

bool glob_matches(const std::string& glob, const std::string& name) { return fits(glob, name, 0); }

std::string namespace_of(const event::Workload& workload) {
  const auto slash = workload.pod.find('/');
  return slash == std::string::npos ? std::string() : workload.pod.substr(0, slash);
}

std::string pod_in(const std::string& pod_namespace) { return pod_namespace.empty() ? "" : pod_namespace + "/"; }

}  // namespace davy::store
