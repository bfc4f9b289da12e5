#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davy::collect {

/// What a container runtime calls a container. Empty: unknown.
struct ContainerNames {
  std::string image;
  std::string pod;  // namespace/name
  bool operator==(const ContainerNames&) const = default;
};

/// Reads the bytes of a small file, or nothing when it may not or cannot.
using FileReader = std::function<std::optional<std::string>(const std::filesystem::path&)>;

/// Finds the names of a container by its id of 64 hex digits.
using ContainerLookup = std::function<std::optional<ContainerNames>(const std::string& container)>;

/// Looks container ids up in the state files that docker, containerd, cri-o and podman keep, in a thread of its own, so
/// that no slice waits for a disk. Evidence for people only. These files are readable by root alone: after privileges
/// are dropped every name is unknown unless `look_up` can still get at them, and unknown() says so.
class ImageNames {
 public:
  struct Options {
    std::filesystem::path root = "/";  // where var/lib/docker and kin are looked for
    std::size_t limit = 4096;          // names kept; the oldest goes first
    FileReader read;                   // null: from the file itself
    ContainerLookup look_up;           // null: by state_files() and `read`; else by this, as lookup_by(warden)
  };
  /// The thread starts with the first find(), so that privileges, which belong to threads, can be dropped before.
  static std::unique_ptr<ImageNames> create(Options options);
  virtual ~ImageNames() = default;

  /// The names if they are known by now; else asks for them and returns nothing. Never blocks. Any thread.
  virtual std::optional<ContainerNames> find(std::string_view container) = 0;
  /// Waits until nothing asked for is under way (tests, `davy scan` of a short run).
  virtual void settle() = 0;
  /// Containers looked up without an answer, and those not looked up since too many were asked for at once.
  [[nodiscard]] virtual std::uint64_t unknown() const = 0;
};

/// Where runtimes keep what they know of a container, below the root directory, most common first.
std::vector<std::filesystem::path> state_files(std::string_view container);

/// The names in one state file's text: docker's config.v2.json, an OCI config.json with annotations of containerd or
/// cri-o, or podman's containers.json (of which the entry of `container` counts). Any bytes.
std::optional<ContainerNames> names_from_state(std::string_view text, std::string_view container);

}  // namespace davy::collect
