#include "collect/cgroup.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "base/hash.h"
#include "collect/image_names.h"

namespace davy::collect {
namespace {

using Kind = event::Workload::Kind;

constexpr std::size_t kIdDigits = 64;
constexpr std::size_t kPodDigits = 32;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool is_id(std::string_view text) { return text.size() == kIdDigits && is_hex(text); }

/// Removes `prefix` from the front of `text`; false, and `text` as it was, when it is not there.
bool take_front(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}
bool take_back(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

struct Named {
  std::string_view word;
  std::string_view runtime;
};
// WORD-<64 hex>.scope of the systemd driver, WORD-<64 hex> of the cgroupfs driver, "slice:WORD:<64 hex>" of a systemd
// path handed to the cgroupfs driver.
constexpr std::array kScopeWords{
    Named{"docker", "docker"},
    Named{"cri-containerd", "containerd"},
    Named{"containerd", "containerd"},
    Named{"nerdctl", "containerd"},
    Named{"crio", "cri-o"},
    Named{"libpod", "podman"},
    Named{"libpod-payload", "podman"},
    Named{"runc", "runc"},
    Named{"crun", "crun"},
};
// Directories above a bare id that tell whose it is.
constexpr std::array kParents{
    Named{"docker", "docker"},      Named{"ecs", "docker"},         Named{"moby", "docker"},
    Named{"k8s.io", "containerd"},  Named{"default", "containerd"}, Named{"buildkit", "buildkit"},
    Named{"actions_job", "docker"},
};
// WORD-<name>.scope: runtimes that name their scope after the container's name, whatever it is.
constexpr std::array kNameScopes{Named{"runc-", "runc"}, Named{"crun-", "crun"}, Named{"machine-", "nspawn"}};
// WORD/<name>: directories whose children are containers by whatever name.
constexpr std::array kNameParents{Named{"lxc", "lxc"}, Named{"lxc.payload", "lxc"}, Named{"garden", "garden"},
                                  Named{"mesos", "mesos"}};

struct Found {
  std::string_view container;
  std::string_view runtime;
};

std::string_view runtime_of_word(std::string_view word) {
  const auto* at = std::find_if(kScopeWords.begin(), kScopeWords.end(), [&](const Named& n) { return n.word == word; });
  return at == kScopeWords.end() ? std::string_view{} : at->runtime;
}

std::string_view runtime_above(const std::vector<std::string_view>& parts, std::size_t at) {
  for (std::size_t i = at; i-- > 0;) {
    for (const Named& parent : kParents) {
      if (parts[i] == parent.word) return parent.runtime;
    }
  }
  return {};
}

/// A component that carries a 64-digit id.
std::optional<Found> container_by_id(const std::vector<std::string_view>& parts, std::size_t at) {
  std::string_view part = parts[at];
  if (const std::size_t colon = part.rfind(':'); colon != std::string_view::npos && is_id(part.substr(colon + 1))) {
    const std::size_t word = part.substr(0, colon).rfind(':') + 1;
    return Found{part.substr(colon + 1), runtime_of_word(part.substr(word, colon - word))};
  }
  take_back(part, ".scope");
  if (is_id(part)) return Found{part, runtime_above(parts, at)};
  if (part.size() <= kIdDigits + 1 || part[part.size() - kIdDigits - 1] != '-') return std::nullopt;
  const std::string_view id = part.substr(part.size() - kIdDigits);
  const std::string_view runtime = runtime_of_word(part.substr(0, part.size() - kIdDigits - 1));
  if (!is_id(id) || runtime.empty()) return std::nullopt;
  return Found{id, runtime};
}

/// AWS Fargate: /ecs/<task>/<32 hex>-<number>.
bool is_fargate(std::string_view part, std::string_view above) {
  return part.size() > kPodDigits + 1 && is_hex(part.substr(0, kPodDigits)) && part[kPodDigits] == '-' &&
         above.size() == kPodDigits && is_hex(above);
}

/// A component that names a container by a name of its own.
std::optional<Found> container_by_name(const std::vector<std::string_view>& parts, std::size_t at) {
  const std::string_view part = parts[at];
  if (part.starts_with("lxc.payload.")) return Found{{}, "lxc"};
  if (part.starts_with("systemd-nspawn@")) return Found{{}, "nspawn"};
  if (part.ends_with(".scope") && !part.starts_with("machine-qemu")) {
    for (const Named& scope : kNameScopes) {
      if (part.starts_with(scope.word)) return Found{{}, scope.runtime};
    }
  }
  if (at == 0) return std::nullopt;
  if (is_fargate(part, parts[at - 1])) return Found{{}, {}};
  for (const Named& parent : kNameParents) {
    if (parts[at - 1] == parent.word) return Found{{}, parent.runtime};
  }
  return std::nullopt;
}

/// "pod<uid>" or "kubepods-burstable-pod<uid with _>.slice"; empty when it is neither.
std::string pod_uid(std::string_view part) {
  if (take_back(part, ".slice")) {
    const std::size_t at = part.rfind("-pod");
    if (!part.starts_with("kube") || at == std::string_view::npos) return {};
    part.remove_prefix(at + 1);
  }
  if (!take_front(part, "pod")) return {};
  std::string uid(part);
  std::replace(uid.begin(), uid.end(), '_', '-');
  std::string digits = uid;
  std::erase(digits, '-');
  return digits.size() == kPodDigits && is_hex(digits) ? uid : std::string{};
}

/// The pod a component "kubepods-...-pod<uid>.slice:cri-containerd:<id>" or a directory above the container names.
std::string pod_above(const std::vector<std::string_view>& parts, std::size_t at) {
  for (std::size_t i = at + 1; i-- > 0;) {
    std::string uid = pod_uid(parts[i].substr(0, parts[i].find(':')));
    if (!uid.empty()) return uid;
  }
  return {};
}

std::string path_until(const std::vector<std::string_view>& parts, std::size_t last) {
  std::string path;
  for (std::size_t i = 0; i <= last && i < parts.size(); ++i) path.append("/").append(parts[i]);
  return path.empty() ? "/" : path;
}

bool is_monitor(std::string_view part) {
  return part.find("conmon-") != std::string_view::npos || part.starts_with("lxc.monitor");
}

std::optional<CgroupIdentity> container_in(const std::vector<std::string_view>& parts) {
  for (std::size_t i = parts.size(); i-- > 0;) {
    if (is_monitor(parts[i])) return CgroupIdentity{.kind = Kind::kSystem, .cgroup = path_until(parts, i)};
    auto found = container_by_id(parts, i);
    if (!found) found = container_by_name(parts, i);
    if (!found) continue;
    return CgroupIdentity{.kind = Kind::kContainer,
                          .cgroup = path_until(parts, i),
                          .container = std::string(found->container),
                          .runtime = std::string(found->runtime),
                          .pod = pod_above(parts, i)};
  }
  return std::nullopt;
}

bool is_systemd_slice(std::string_view part) { return part.ends_with(".slice"); }

/// The unit of the service manager: the first component below its slices.
CgroupIdentity service_in(const std::vector<std::string_view>& parts) {
  std::size_t unit = 0;
  while (unit + 1 < parts.size() && is_systemd_slice(parts[unit])) ++unit;
  return {.kind = Kind::kSystem, .cgroup = path_until(parts, unit)};
}

/// A container of a runtime we do not know: up to where an init system inside would begin.
CgroupIdentity unknown_container(const std::vector<std::string_view>& parts) {
  std::size_t last = 1;
  while (last < parts.size() && parts[last] != "init.scope" && parts[last] != "system.slice" &&
         parts[last] != "user.slice") {
    ++last;
  }
  return {.kind = Kind::kContainer, .cgroup = path_until(parts, last - 1)};
}

/// Raw bytes of the kernel as text that is UTF-8 for certain, and short enough to show.
std::string as_text(std::string_view bytes) {
  constexpr std::size_t kLongest = 1024;
  std::string text;
  for (const char c : bytes.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", byte);
    }
  }
  return text;
}

}  // namespace

CgroupIdentity identify(std::string_view path, bool own_pid_namespace) {
  const std::vector<std::string_view> parts = parts_of(path);
  if (auto container = container_in(parts)) return *std::move(container);
  if (parts.empty()) return {.cgroup = "/"};
  if (parts[0] == "system.slice" || parts[0] == "init.scope") return service_in(parts);
  if (own_pid_namespace && parts[0] != "user.slice") return unknown_container(parts);
  return {.cgroup = path_until(parts, parts.size() - 1)};
}

std::string path_from_leaf(const std::vector<std::string_view>& names) {
  std::string path;
  for (auto name = names.rbegin(); name != names.rend(); ++name) path.append("/").append(*name);
  return path.empty() ? "/" : path;
}

Workloads::Workloads(std::uint64_t boot, ImageNames* images) : boot_(boot), images_(images) {}
Workloads::~Workloads() = default;

std::shared_ptr<const event::Workload> Workloads::find(const Place& place) {
  CgroupIdentity identity = identify(place.unified, place.own_pid_namespace);
  if (!place.v1.empty() && identity.kind != Kind::kContainer) {
    CgroupIdentity other = identify(place.v1, place.own_pid_namespace);
    if (other.kind == Kind::kContainer || identity.cgroup == "/") identity = std::move(other);
  }
  event::Workload workload;
  workload.kind = identity.kind;
  workload.cgroup = as_text(identity.cgroup);
  workload.container = std::move(identity.container);
  workload.runtime = std::move(identity.runtime);
  workload.pod = std::move(identity.pod);
  if (identity.kind == Kind::kSession) {
    const std::string session = fmt::format("session {} {}", place.session, session_start(place));
    workload.id = event::WorkloadId(hash64(session, boot_));
  } else {
    workload.id = event::WorkloadId(hash64(identity.cgroup, boot_));
  }
  const bool session = workload.kind == Kind::kSession;
  auto kept = keep(std::move(workload));
  if (session) sessions_[place.session].workload = kept;
  return kept;
}

std::uint64_t Workloads::session_start(const Place& place) {
  Session& session = sessions_[place.session];
  // A leader that is gone keeps its number while its session lives, so what was known of it still holds.
  if (place.session_start_ns != 0) {
    session.start_ns = place.session_start_ns;
  } else if (session.workload.expired()) {
    session.start_ns = 0;
  }
  return session.start_ns;
}

std::shared_ptr<const event::Workload> Workloads::keep(event::Workload workload) {
  std::optional<ContainerNames> names;
  if (images_ != nullptr && !workload.container.empty()) names = images_->find(workload.container);
  if (names) {
    workload.image = as_text(names->image);
    if (!names->pod.empty()) workload.pod = as_text(names->pod);
  }
  Known& known = known_[workload.id];
  if (auto held = known.workload.lock(); held && *held == workload) return held;
  if (known.workload.expired()) known.first_start_ns = 0;
  auto fresh = std::make_shared<const event::Workload>(std::move(workload));
  known.workload = fresh;
  return fresh;
}

std::uint64_t Workloads::first_start(const event::WorkloadId& workload, std::uint64_t start_ns) {
  std::uint64_t& first = known_[workload].first_start_ns;
  if (first == 0 || start_ns < first) first = start_ns;
  return first;
}

void Workloads::sweep() {
  std::erase_if(known_, [](const auto& entry) { return entry.second.workload.expired(); });
  std::erase_if(sessions_, [](const auto& entry) { return entry.second.workload.expired(); });
}

std::size_t Workloads::held() const { return known_.size(); }

}  // namespace davy::collect
