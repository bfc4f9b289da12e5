#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/slice.h"

namespace davy::collect {

/// What a cgroup path says of who runs in it.
struct CgroupIdentity {
  event::Workload::Kind kind = event::Workload::Kind::kSession;
  std::string cgroup;     // the path up to the container's or service's own directory; "/" when none
  std::string container;  // 64 lower-case hex digits, or empty: not told by the path
  std::string runtime;    // docker, containerd, cri-o, podman, runc, crun, lxc, nspawn..., or empty: unknown
  std::string pod;        // uid of the Kubernetes pod as its API writes it; or empty
  bool operator==(const CgroupIdentity&) const = default;
};

/// Reads a path below a cgroup root ("/system.slice/docker-<64 hex>.scope", "/kubepods/burstable/pod<uid>/<64 hex>"...;
/// table of shapes in cgroup_test.cc). The innermost container counts; directories below it (an init system inside)
/// belong to it. Monitors (conmon, lxc.monitor) are no containers. Any bytes.
/// `own_pid_namespace`: the process is below the host's pid namespace, which makes a directory of no known shape a
/// container too, as runc names it by default.
CgroupIdentity identify(std::string_view path, bool own_pid_namespace);

/// Where the kernel says a process belongs.
struct Place {
  std::string_view unified;            // path on the unified hierarchy; empty or "/": unknown, root
  std::string_view v1;                 // path on the first v1 hierarchy that has it below the root; empty: none
  std::uint32_t session = 0;           // pid of its session's leader; 0: none (a kernel thread)
  std::uint64_t session_start_ns = 0;  // boot time of the leader's start; 0: gone or unknown
  bool own_pid_namespace = false;
};

/// Names from the leaf up, as the kernel side reads them, to a path: {"b", "a"} is "/a/b". No names: "/".
std::string path_from_leaf(const std::vector<std::string_view>& names);

class ImageNames;

/// Gives each process its workload: one shared object for all processes of a container, service or session.
/// Holds no more than what is in use: an entry goes when nobody else holds it. One thread.
class Workloads {
 public:
  /// `boot`: hash of the boot id (event::Host). `images` may be null: images stay unknown; else it must outlive this.
  Workloads(std::uint64_t boot, ImageNames* images);
  ~Workloads();

  /// The workload of a process at `place`; its id is hash(boot, cgroup path) for a container or a service, of
  /// (boot, session leader) else. When the image's name has become known since, a new object with the same id comes.
  std::shared_ptr<const event::Workload> find(const Place& place);

  /// The earliest start seen in a workload, `start_ns` included: when its container started, as far as is known
  /// (origin.h: container_started). REQUIRES: `workload` came from find() and is held.
  std::uint64_t first_start(const event::WorkloadId& workload, std::uint64_t start_ns);

  /// Forgets what nobody holds. Call once a slice.
  void sweep();
  [[nodiscard]] std::size_t held() const;

 private:
  struct Known {
    std::weak_ptr<const event::Workload> workload;
    std::uint64_t first_start_ns = 0;  // 0: none seen
  };
  struct Session {
    std::uint64_t start_ns = 0;
    std::weak_ptr<const event::Workload> workload;
  };
  std::shared_ptr<const event::Workload> keep(event::Workload workload);
  std::uint64_t session_start(const Place& place);

  std::uint64_t boot_;
  ImageNames* images_;
  std::unordered_map<event::WorkloadId, Known> known_;
  std::unordered_map<std::uint32_t, Session> sessions_;
};

}  // namespace davy::collect
