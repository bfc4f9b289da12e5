#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>

#include "base/hash.h"
#include "collect/privileges.h"
#include "collect/warden.h"

namespace davy::collect {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A sleeping child of the test.
class Sleeper {
 public:
  Sleeper() : pid_(fork()) {
    if (pid_ == 0) {
      execl("/bin/sleep", "sleep", "1000", nullptr);
      _exit(127);
    }
    wait_for_exec();
  }
  ~Sleeper() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] event::ProcessId id() const {
    const std::string stat = slurp("/proc/" + std::to_string(pid_) + "/stat");
    std::istringstream rest(stat.substr(stat.rfind(')') + 2));
    std::string word;
    for (int i = 0; i < 19; ++i) rest >> word;
    std::uint64_t ticks = 0;
    rest >> ticks;
    return {.start_ns = ticks * 10'000'000 + 1'234'567, .tgid = static_cast<std::uint32_t>(pid_)};
  }

 private:
  void wait_for_exec() const {
    while (slurp("/proc/" + std::to_string(pid_) + "/cmdline").find("1000") == std::string::npos) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  pid_t pid_;
};

class WardenTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(geteuid(), 0U) << "needs root"; }
};

std::unique_ptr<Warden> warden(Warden::Options options = {}) {
  auto started = Warden::start(options);
  EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message);
  return started.ok() ? *std::move(started) : nullptr;
}

TEST_F(WardenTest, HashesTheRightExecutable) {
  const Sleeper sleeper;
  const auto asked = warden();
  const auto digest = asked->exe_sha256(sleeper.id());
  ASSERT_TRUE(digest.ok()) << digest.error().message;
  EXPECT_EQ(*digest, sha256_hex(slurp("/bin/sleep")));
}

TEST_F(WardenTest, RefusesAProcessThatIsNotTheOneMeant) {
  const Sleeper sleeper;
  const auto asked = warden();
  event::ProcessId other = sleeper.id();
  other.start_ns += 1'000'000'000;
  EXPECT_NE(asked->exe_sha256(other).error().message.find("another"), std::string::npos);
  other.tgid = 4'194'305;
  EXPECT_FALSE(asked->exe_sha256(other).ok());
  EXPECT_TRUE(asked->exe_sha256(sleeper.id()).ok()) << "it goes on";
}

TEST_F(WardenTest, BoundsTheSize) {
  const Sleeper sleeper;
  EXPECT_NE(warden({.exe_bytes = 100})->exe_sha256(sleeper.id()).error().message.find("too large"), std::string::npos);
}

TEST_F(WardenTest, TellsArgvOnlyWhenAllowed) {
  const Sleeper sleeper;
  EXPECT_FALSE(warden()->argv(sleeper.id()).ok());
  const auto argv = warden({.argv = true})->argv(sleeper.id());
  ASSERT_TRUE(argv.ok());
  EXPECT_EQ(*argv, std::string("sleep\0001000\0", 11));
}

TEST_F(WardenTest, TellsTheNamesOfAContainerAndNothingElse) {
  const std::string id(64, 'a');
  std::string root = "/tmp/davy-warden-XXXXXX";
  ASSERT_NE(mkdtemp(root.data()), nullptr);
  const auto state = std::filesystem::path(root) / "var/lib/docker/containers" / id;
  std::filesystem::create_directories(state);
  std::ofstream(state / "config.v2.json") << R"({"Config":{"Image":"redis:7","Env":["SECRET=x"],
      "Labels":{"io.kubernetes.pod.name":"cart-0","io.kubernetes.pod.namespace":"shop"}}})";
  std::filesystem::permissions(state, std::filesystem::perms::owner_all);  // as docker keeps it
  const auto asked = warden({.root = root});
  const auto names = asked->container_names(id);
  ASSERT_TRUE(names.ok()) << names.error().message;
  EXPECT_EQ(*names, (ContainerNames{"redis:7", "shop/cart-0"}));
  EXPECT_EQ(lookup_by(*asked)(id), *names);
  EXPECT_FALSE(asked->container_names(std::string(64, 'b')).ok());
  for (const std::string& wrong : {std::string("../../../etc/shadow"), std::string(), std::string(64, '/')}) {
    EXPECT_EQ(asked->container_names(wrong).error().kind, Error::Kind::kBadInput);
  }
  std::filesystem::remove_all(root);
}

TEST_F(WardenTest, HoldsTwoCapabilitiesAndNoFile) {
  const auto asked = warden();
  const std::string proc = "/proc/" + std::to_string(asked->pid());
  const std::string status = slurp(proc + "/status");
  for (const std::string line :
       {"Uid:\t65534\t65534\t65534\t65534", "CapEff:\t0000000000080004", "CapPrm:\t0000000000080004",
        "CapInh:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"}) {
    EXPECT_NE(status.find(line), std::string::npos) << line << "\n" << status;
  }
  std::size_t open = 0;
  for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd")) {
    (void)entry;
    ++open;
  }
  EXPECT_EQ(open, 1U) << "its socket";
}

TEST_F(WardenTest, ServesAnUnprivilegedParent) {
  const Sleeper sleeper;
  const pid_t child = fork();
  if (child == 0) {
    auto asked = Warden::start({});
    if (!asked || !drop_to_nobody()) _exit(1);
    const bool blind = open(("/proc/" + std::to_string(sleeper.id().tgid) + "/exe").c_str(), O_RDONLY) < 0;
    _exit(blind && (*asked)->exe_sha256(sleeper.id()).ok() ? 0 : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(WardenTest, DiesWithItsParent) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto asked = Warden::start({});
    const pid_t pid = asked.ok() ? (*asked)->pid() : -1;
    if (write(pipe[1], &pid, sizeof pid) != sizeof pid) _exit(1);
    pause();
  }
  pid_t pid = -1;
  ASSERT_EQ(read(pipe[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ASSERT_GT(pid, 0);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
    gone = stat.empty() || stat.find(") Z") != std::string::npos;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(gone);
  close(pipe[0]);
  close(pipe[1]);
}

/// Garbage straight into the socket: found among our descriptors as the one that is a seqpacket socket.
TEST_F(WardenTest, RefusesGarbage) {
  const Sleeper sleeper;
  const auto asked = warden({.argv = true});
  int socket = -1;
  for (int fd = 3; fd < 256; ++fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET) socket = fd;
  }
  ASSERT_GE(socket, 0);
  for (const std::size_t size : {1UL, 31UL, 32UL, 33UL, 4096UL, 60'000UL}) {
    const std::string garbage(size, '\x5a');
    ASSERT_EQ(send(socket, garbage.data(), garbage.size(), 0), static_cast<ssize_t>(size));
  }
  const auto digest = asked->exe_sha256(sleeper.id());
  EXPECT_TRUE(digest.ok()) << digest.error().message;
}

TEST_F(WardenTest, IsUnavailableWithoutPrivilege) {
  const pid_t child = fork();
  if (child == 0) {
    const bool refused = drop_to_nobody().ok() && !Warden::start({}).ok();
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace davy::collect
