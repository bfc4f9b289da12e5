#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "alert/receiver_test.h"
#include "alert/sender.h"
#include "base/random.h"
#include "base/scratch_folder_test.h"
#include "detect/json.h"

// What a kill leaves behind. This process starts its threads only once no child is to be forked any more.

namespace davy::alert {
namespace {

using std::chrono::milliseconds;

pid_t fork_to(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child != 0) return child;
  body();
  _exit(0);
}

void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

event::Detection seen(std::uint64_t number) {
  auto workload = std::make_shared<event::Workload>();
  workload->id = event::WorkloadId(number);
  event::Detection detection;
  detection.id = "ab12" + std::to_string(10'000'000 + number);
  detection.workload = workload;
  detection.time = wall_now();
  detection.release = "r";
  return detection;
}

std::unique_ptr<Sender> sender_of(store::Store& store, std::uint16_t port) {
  SenderOptions options;
  options.first_pause = milliseconds(10);
  options.others_wait = milliseconds(20);
  options.longest_pause = milliseconds(50);
  auto webhook = Webhook::open({false, "127.0.0.1", port, "/"}, Secret(made_up_secret()));
  return std::make_unique<Sender>(store, *std::move(webhook), options);
}

/// Tells of detections from `first` on until it is killed, and writes a byte for each.
void watch(const std::filesystem::path& path, std::uint16_t port, std::uint64_t first, int out) {
  auto store = store::Store::open(path);
  if (!store) return;
  const auto sender = sender_of(**store, port);
  if (!sender->start()) return;
  for (std::uint64_t number = first;; ++number) {
    const auto detection = seen(number);
    const auto kept = store::stored(detection, "{}");
    if (!sender->put(kept, store::Alert::Kind::kOpened, detection, wall_now())) return;
    if (write(out, "", 1) != 1) return;
    std::this_thread::sleep_for(milliseconds(2));
  }
}

/// Answers in the third of cases well, and writes the id of each alert that it took to `out`, before it says so.
void receive(int port_out, int out) {
  std::atomic<std::uint64_t> n = 0;
  const Receiver receiver([&](Peer& peer, const Received& request) {
    const auto turn = n++ % 6;
    if (turn == 4) peer.write(answer(500));
    if (turn >= 4) return;
    const auto line = request.id() + "\n";
    if (write(out, line.data(), line.size()) > 0) peer.write(answer(200));
  });
  const auto port = receiver.port();
  if (write(port_out, &port, sizeof port) != sizeof port) return;
  while (true) pause();
}

std::map<std::string, int> lines_of(const std::filesystem::path& path) {
  std::map<std::string, int> lines;
  std::FILE* file = std::fopen(path.c_str(), "r");
  std::array<char, 100> line{};
  while (std::fgets(line.data(), static_cast<int>(line.size()), file) != nullptr) ++lines[line.data()];
  std::fclose(file);
  return lines;
}

TEST(SenderProcess, AfterKillsAllArrivesWithTheSameIds) {
  constexpr std::uint64_t kKills = 12;
  const ScratchFolder dir;
  std::array<int, 2> port_pipe{};
  ASSERT_EQ(pipe(port_pipe.data()), 0);
  std::FILE* taken = std::fopen((dir / "taken").c_str(), "ab");
  const pid_t receiver = fork_to([&] { receive(port_pipe[1], fileno(taken)); });
  std::uint16_t port = 0;
  ASSERT_EQ(read(port_pipe[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
  CounterRandom random(13);
  for (std::uint64_t round = 0; round < kKills; ++round) {
    std::array<int, 2> put_pipe{};
    ASSERT_EQ(pipe(put_pipe.data()), 0);
    const pid_t child = fork_to([&] { watch(dir / "davy.db", port, 10'000 * round, put_pipe[1]); });
    close(put_pipe[1]);
    char byte = 0;
    for (auto left = 5 + random.below(20); left > 0; --left) ASSERT_EQ(read(put_pipe[0], &byte, 1), 1);
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(5'000)));
    end(child);
    close(put_pipe[0]);
  }
  const auto store = *store::Store::open(dir / "davy.db");
  const auto put = store->detections({.limit = 0})->size();
  EXPECT_GE(put, 5 * kKills);
  {
    const auto sender = sender_of(*store, port);
    ASSERT_TRUE(sender->start());
    EXPECT_TRUE(soon([&] { return store->alert_counts()->waiting == 0; }, milliseconds(60'000)));
  }
  end(receiver);
  const auto arrived = lines_of(dir / "taken");
  EXPECT_EQ(arrived.size(), put) << "each detection under one id, none missing";
  int doubles = 0;
  for (const auto& [id, times] : arrived) doubles += times - 1;
  EXPECT_LE(doubles, static_cast<int>(kKills)) << "a kill tells one twice at most";
  std::fclose(taken);
}

}  // namespace
}  // namespace davy::alert
