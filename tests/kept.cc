// Writes the store that the end-to-end tests of detections, verdict, allow and store look into.
// Usage: davy_kept STORE (not there yet)

#include <fmt/core.h>

#include <memory>
#include <string>

#include "detect/json.h"
#include "store/store.h"

namespace {

using namespace davy;
using event::Detection;

/// Mines in a container, with names as an attacker would choose them.
Detection in_container(const std::string& id, const std::string& image, WallTime alerted) {
  auto host = std::make_shared<event::Host>();
  host->name = "edge-7";
  host->boot = 7;
  auto workload = std::make_shared<event::Workload>();
  workload->id = event::WorkloadId(1);
  workload->kind = event::Workload::Kind::kContainer;
  workload->container = std::string(64, 'c');
  workload->runtime = "docker";
  workload->image = image;
  workload->pod = "ci/runner";
  auto process = std::make_shared<event::Process>();
  process->id.tgid = 4242;
  process->comm = "x\x1b[2J\xff";
  process->exe = "/tmp/\x1b]0;owned\x07x";
  Detection detection;
  detection.id = id;
  detection.host = host;
  detection.workload = workload;
  detection.process = process;
  detection.exe_sha256 = std::string(64, '5');
  detection.first_seen = alerted - std::chrono::minutes(1);
  detection.alerted = alerted;
  detection.process_started = detection.first_seen;
  detection.time = alerted;
  detection.score = 0.91;
  detection.threshold = 0.5;
  detection.release = std::string(64, 'e');
  detection.reasons = {{"computing", 0.4, "96 % of the CPU time it may use"}, {"libraries", -0.1, "uses a browser's"}};
  detection.not_evaluated = {"arguments of calls"};
  detection.score_low = 0.62;
  detection.score_high = 0.975;
  detection.parts = {{process, 1.5, true, false, 0.91}};
  detection.connections.resize(7);
  for (std::size_t i = 0; i < detection.connections.size(); ++i) {
    detection.connections[i].peer.port = static_cast<std::uint16_t>(3333 + i);
    detection.connections[i].sent.messages = 12;
  }
  detection.nearest_miner = event::Neighbour{"dig\x1b[1mger", "mines", 0.834};
  detection.nearest_honest = event::Neighbour{"simulator", "science", 0.21};
  detection.otherwise = event::Otherwise{{"memory", "rounding mode"}, 0.31};
  for (int i = 0; i < 40; ++i) {
    const double level = i / 40.0;
    detection.timeline.push_back({detection.first_seen + std::chrono::seconds(10 * i), level, level});
  }
  return detection;
}

/// A bare host's session that came to its end.
Detection in_session(const std::string& id, WallTime alerted) {
  auto detection = in_container(id, "", alerted);
  auto workload = std::make_shared<event::Workload>();
  workload->id = event::WorkloadId(2);
  workload->cgroup = "/user.slice/session-3.scope";
  auto process = std::make_shared<event::Process>();
  process->comm = "bench";
  detection.workload = workload;
  detection.process = process;
  detection.exe_sha256.clear();
  detection.state = Detection::State::kClosed;
  detection.closed_because = "every process seen in it has ended";
  return detection;
}

bool put(store::Store& store, const Detection& detection) {
  const auto line = detect::to_line(detect::to_json(detection));
  return store.put(store::stored(detection, line)).ok();
}

bool fill(store::Store& store, WallTime now) {
  const auto old = now - std::chrono::days(10);
  return put(store, in_container("ab12000000000001", "registry.example/team/x:1.2", now)) &&
         put(store, in_session("ab12000000000002", old)) &&
         put(store, in_container("cd34000000000003", "reg/[evil]*:\x1b[31m", old));
}

}  // namespace

int main(int argc, char** argv) {
  auto store = argc == 2 ? davy::store::Store::open(argv[1])
                         : davy::Result<std::unique_ptr<davy::store::Store>>(davy::Error{"usage: davy_kept STORE"});
  if (!store || !fill(**store, davy::wall_now())) {
    fmt::print(stderr, "{}\n", store ? "cannot fill it" : store.error().message);
    return 1;
  }
  return 0;
}
