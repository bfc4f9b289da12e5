#include "collect/image_names.h"

#include <fmt/core.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <list>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

namespace davy::collect {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLargestState = 4 << 20;
constexpr std::size_t kLongestQueue = 1024;

std::optional<std::string> read_state(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > kLargestState) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string text(size, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(size))) return std::nullopt;
  return text;
}

/// The text at a path of keys, or empty.
std::string text_at(const json& root, std::initializer_list<const char*> keys) {
  const json* at = &root;
  for (const char* key : keys) {
    if (!at->is_object()) return {};
    const auto found = at->find(key);
    if (found == at->end()) return {};
    at = &*found;
  }
  return at->is_string() ? at->get<std::string>() : std::string{};
}

std::string joined(const std::string& space, const std::string& name) {
  return space.empty() || name.empty() ? name : space + "/" + name;
}

std::string first_of(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

ContainerNames from_docker(const json& state) {
  return {.image = text_at(state, {"Config", "Image"}),
          .pod = joined(text_at(state, {"Config", "Labels", "io.kubernetes.pod.namespace"}),
                        text_at(state, {"Config", "Labels", "io.kubernetes.pod.name"}))};
}

ContainerNames from_annotations(const json& state) {
  const auto note = [&](const char* key) { return text_at(state, {"annotations", key}); };
  const std::string space =
      first_of({note("io.kubernetes.cri.sandbox-namespace"), note("io.kubernetes.pod.namespace")});
  const std::string name = first_of({note("io.kubernetes.cri.sandbox-name"), note("io.kubernetes.pod.name")});
  return {.image = first_of({note("io.kubernetes.cri.image-name"), note("io.kubernetes.cri-o.ImageName"),
                             note("nerdctl/image-name"), note("org.opencontainers.image.ref.name")}),
          .pod = joined(space, name)};
}

/// podman keeps one file for all; an entry's metadata is JSON in a string.
ContainerNames from_podman(const json& state, std::string_view container) {
  for (const json& entry : state) {
    if (text_at(entry, {"id"}) != container) continue;
    const json metadata = json::parse(text_at(entry, {"metadata"}), nullptr, false);
    return {.image = text_at(metadata, {"image-name"}), .pod = {}};
  }
  return {};
}

class Lookup : public ImageNames {
 public:
  explicit Lookup(Options options) : options_(std::move(options)) {
    if (!options_.read) options_.read = read_state;
  }
  ~Lookup() override {
    {
      const std::lock_guard lock(mutex_);  // not between the worker's look and its sleep
      worker_.request_stop();
    }
    wake_.notify_all();
  }

  std::optional<ContainerNames> find(std::string_view container) override {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(std::string(container));
    if (found != known_.end()) return found->second;
    if (queue_.size() >= kLongestQueue || !works()) {
      ++unknown_;
      return std::nullopt;
    }
    make_room();
    order_.emplace_back(container);
    known_.emplace(order_.back(), std::nullopt);
    queue_.push_back(order_.back());
    wake_.notify_all();
    return std::nullopt;
  }

  void settle() override {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return queue_.empty() && !busy_; });
  }

  [[nodiscard]] std::uint64_t unknown() const override {
    const std::lock_guard lock(mutex_);
    return unknown_;
  }

 private:
  /// Whether the thread runs; a host without room for one more gives names later or never, and goes on.
  bool works() {
    if (worker_.joinable()) return true;
    try {
      worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  void make_room() {
    while (known_.size() >= options_.limit && !order_.empty()) {
      known_.erase(order_.front());
      order_.pop_front();
    }
  }

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stop.stop_requested() || !queue_.empty(); });
      if (stop.stop_requested()) return;
      const std::string container = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
      lock.unlock();
      std::optional<ContainerNames> names = look_up(container);
      lock.lock();
      busy_ = false;
      if (!names) ++unknown_;
      if (const auto at = known_.find(container); at != known_.end()) at->second = std::move(names);
      if (queue_.empty()) idle_.notify_all();
    }
  }

  [[nodiscard]] std::optional<ContainerNames> look_up(const std::string& container) const {
    if (options_.look_up) return options_.look_up(container);
    for (const fs::path& place : state_files(container)) {
      const auto text = options_.read(options_.root / place);
      if (!text) continue;
      if (auto names = names_from_state(*text, container)) return names;
    }
    return std::nullopt;
  }

  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::unordered_map<std::string, std::optional<ContainerNames>> known_;
  std::list<std::string> order_;  // of known_, oldest first
  std::deque<std::string> queue_;
  bool busy_ = false;
  std::uint64_t unknown_ = 0;
  std::jthread worker_;  // last: it uses all of the above
};

}  // namespace

std::vector<std::filesystem::path> state_files(std::string_view container) {
  const std::string task = "run/containerd/io.containerd.runtime.v2.task";
  const std::string storage = "containers/storage/overlay-containers";
  return {
      fmt::format("var/lib/docker/containers/{}/config.v2.json", container),
      fmt::format("{}/k8s.io/{}/config.json", task, container),
      fmt::format("{}/default/{}/config.json", task, container),
      fmt::format("run/{}/{}/userdata/config.json", storage, container),
      fmt::format("var/lib/{}/{}/userdata/config.json", storage, container),
      fmt::format("var/lib/{}/containers.json", storage),
  };
}

std::optional<ContainerNames> names_from_state(std::string_view text, std::string_view container) {
  const json state = json::parse(text, nullptr, false);
  ContainerNames names;
  if (state.is_array()) {
    names = from_podman(state, container);
  } else if (state.is_object()) {
    names = state.contains("Config") ? from_docker(state) : from_annotations(state);
  }
  if (names == ContainerNames{}) return std::nullopt;
  return names;
}

std::unique_ptr<ImageNames> ImageNames::create(Options options) { return std::make_unique<Lookup>(std::move(options)); }

}  // namespace davy::collect
