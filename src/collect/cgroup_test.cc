#include "collect/cgroup.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "base/random.h"
#include "collect/image_names.h"

namespace davy::collect {

static void PrintTo(const CgroupIdentity& i, std::ostream* out) {
  *out << int(i.kind) << " " << i.cgroup << " container=" << i.container << " runtime=" << i.runtime
       << " pod=" << i.pod;
}

namespace {

using Kind = event::Workload::Kind;

const std::string kA = "3b1f0c9d8e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c";
const std::string kB = "9f8e7d6c5b4a39281706f5e4d3c2b1a0918273645566778899aabbccddeeff00";
const std::string kUid = "8c1a5f0e-3d2b-4c6a-9e8f-0a1b2c3d4e5f";
const std::string kUidUnderscored = "8c1a5f0e_3d2b_4c6a_9e8f_0a1b2c3d4e5f";
const std::string kUidStatic = "0123456789abcdef0123456789abcdef";

struct Shape {
  std::string path;
  std::string kept;  // "=": the whole path
  std::string container;
  std::string runtime;
  std::string pod = {};
};

std::vector<Shape> container_shapes() {
  const std::string slice =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + kUidUnderscored + ".slice";
  return {
      // docker, systemd and cgroupfs drivers; v1 and v2 alike
      {"/system.slice/docker-" + kA + ".scope", "=", kA, "docker"},
      {"/docker/" + kA, "=", kA, "docker"},
      {"/docker/" + kA + "/init.scope", "/docker/" + kA, kA, "docker"},
      {"/docker/" + kA + "/system.slice/cron.service", "/docker/" + kA, kA, "docker"},
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + kA + ".scope", "=", kA, "docker"},
      {"/custom.slice/docker-" + kA + ".scope", "=", kA, "docker"},
      {"/system.slice/system.slice:docker:" + kA, "=", kA, "docker"},
      {"/docker/buildkit/" + kA, "=", kA, "buildkit"},
      {"/actions_job/" + kA, "=", kA, "docker"},
      // docker in docker, kind
      {"/docker/" + kA + "/docker/" + kB, "=", kB, "docker"},
      {"/system.slice/docker-" + kA + ".scope/docker/" + kB, "=", kB, "docker"},
      {"/docker/" + kA + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" + kUidUnderscored +
           ".slice/cri-containerd-" + kB + ".scope",
       "=", kB, "containerd", kUid},
      {"/docker/" + kA + "/kubelet/kubepods/besteffort/pod" + kUid + "/" + kB, "=", kB, "docker", kUid},
      // Kubernetes
      {slice + "/cri-containerd-" + kA + ".scope", "=", kA, "containerd", kUid},
      {slice + "/crio-" + kA + ".scope", "=", kA, "cri-o", kUid},
      {slice + "/crio-" + kA + ".scope/container", slice + "/crio-" + kA + ".scope", kA, "cri-o", kUid},
      {slice + "/docker-" + kA + ".scope", "=", kA, "docker", kUid},
      {"/kubepods/burstable/pod" + kUid + "/" + kA, "=", kA, "", kUid},
      {"/kubepods/pod" + kUid + "/" + kA, "=", kA, "", kUid},
      {"/kubepods/besteffort/pod" + kUidStatic + "/" + kA, "=", kA, "", kUidStatic},
      {"/kubepods/besteffort/pod" + kUid + "/crio-" + kA, "=", kA, "cri-o", kUid},
      {"/kubepods.slice/kubepods-pod" + kUidStatic + ".slice/cri-containerd-" + kA + ".scope", "=", kA, "containerd",
       kUidStatic},
      {"/system.slice/containerd.service/kubepods-burstable-pod" + kUidUnderscored + ".slice:cri-containerd:" + kA, "=",
       kA, "containerd", kUid},
      {"/k8s.io/" + kA, "=", kA, "containerd"},
      {"/default/" + kA, "=", kA, "containerd"},
      {"/system.slice/nerdctl-" + kA + ".scope", "=", kA, "containerd"},
      // podman
      {"/machine.slice/libpod-" + kA + ".scope", "=", kA, "podman"},
      {"/machine.slice/libpod-" + kA + ".scope/container", "/machine.slice/libpod-" + kA + ".scope", kA, "podman"},
      {"/machine.slice/machine-libpod_pod_" + kB + ".slice/libpod-" + kA + ".scope", "=", kA, "podman"},
      {"/libpod_parent/libpod-" + kA, "=", kA, "podman"},
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kA + ".scope", "=", kA, "podman"},
      {"/system.slice/web.service/libpod-payload-" + kA, "=", kA, "podman"},
      // clouds and others
      {"/ecs/" + kUidStatic + "/" + kA, "=", kA, "docker"},
      {"/ecs/" + kUidStatic + "/" + kUidStatic + "-1234567890", "=", "", ""},
      {"/lxc/web", "=", "", "lxc"},
      {"/lxc.payload.web", "=", "", "lxc"},
      {"/lxc.payload.web/system.slice/cron.service", "/lxc.payload.web", "", "lxc"},
      {"/machine.slice/machine-web.scope", "=", "", "nspawn"},
      {"/machine.slice/systemd-nspawn@web.service/payload", "/machine.slice/systemd-nspawn@web.service", "", "nspawn"},
      {"/garden/8a1b", "=", "", "garden"},
      {"/mesos/" + kUid, "=", "", "mesos"},
      // runc, crun
      {"/system.slice/runc-web.scope", "=", "", "runc"},
      {"/user.slice/user-0.slice/session-1.scope/crun-web.scope", "=", "", "crun"},
      {"/" + kA, "=", kA, ""},
  };
}

TEST(Identify, KnowsTheShapesOfContainers) {
  for (const Shape& shape : container_shapes()) {
    for (const bool own : {false, true}) {
      const CgroupIdentity expected{.kind = Kind::kContainer,
                                    .cgroup = shape.kept == "=" ? shape.path : shape.kept,
                                    .container = shape.container,
                                    .runtime = shape.runtime,
                                    .pod = shape.pod};
      EXPECT_EQ(identify(shape.path, own), expected) << shape.path;
    }
  }
}

TEST(Identify, TellsServicesAndSessions) {
  struct {
    std::string path;
    Kind kind;
    std::string kept;
  } const cases[] = {
      {"/", Kind::kSession, "/"},
      {"", Kind::kSession, "/"},
      {"/init.scope", Kind::kSystem, "/init.scope"},
      {"/system.slice/docker.service", Kind::kSystem, "/system.slice/docker.service"},
      {"/system.slice/system-getty.slice/getty@tty1.service", Kind::kSystem,
       "/system.slice/system-getty.slice/getty@tty1.service"},
      {"/system.slice/web.service/worker", Kind::kSystem, "/system.slice/web.service"},
      {"/user.slice/user-1000.slice/session-3.scope", Kind::kSession, "/user.slice/user-1000.slice/session-3.scope"},
      {"/machine.slice/libpod-conmon-" + kA + ".scope", Kind::kSystem, "/machine.slice/libpod-conmon-" + kA + ".scope"},
      {"/system.slice/crio-conmon-" + kA + ".scope", Kind::kSystem, "/system.slice/crio-conmon-" + kA + ".scope"},
      {"/lxc.monitor.web", Kind::kSystem, "/lxc.monitor.web"},
      {"/process_api/" + kUidStatic, Kind::kSession, "/process_api/" + kUidStatic},
      {"/docker", Kind::kSession, "/docker"},
      {"/docker/" + kA.substr(1), Kind::kSession, "/docker/" + kA.substr(1)},
      {"/docker/" + kA + "0", Kind::kSession, "/docker/" + kA + "0"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(identify(c.path, false), (CgroupIdentity{.kind = c.kind, .cgroup = c.kept})) << c.path;
  }
}

TEST(Identify, APidNamespaceMakesAContainerOfAnUnknownDirectory) {
  EXPECT_EQ(identify("/web", true), (CgroupIdentity{.kind = Kind::kContainer, .cgroup = "/web"}));
  EXPECT_EQ(identify("/web", false).kind, Kind::kSession);
  EXPECT_EQ(identify("/web/system.slice/cron.service", true).cgroup, "/web");
  EXPECT_EQ(identify("/", true).kind, Kind::kSession);
  // A browser's sandbox is no container.
  EXPECT_EQ(identify("/user.slice/user-1000.slice/session-3.scope", true).kind, Kind::kSession);
  EXPECT_EQ(identify("/system.slice/web.service", true).kind, Kind::kSystem);
}

TEST(Identify, SurvivesAnyBytes) {
  CounterRandom random(1);
  const std::string words[] = {"/",    ":", "-",  ".scope", ".slice", "docker", "kubepods",
                               "-pod", kA,  kUid, "\xff",   "lxc",    ".."};
  for (int round = 0; round < 20'000; ++round) {
    std::string path;
    for (auto n = random.below(8); n > 0; --n) path += words[random.below(std::size(words))];
    identify(path, random.below(2) == 0);
  }
}

TEST(PathFromLeaf, TurnsNamesAround) {
  EXPECT_EQ(path_from_leaf({}), "/");
  EXPECT_EQ(path_from_leaf({"b", "a"}), "/a/b");
}

TEST(Workloads, ShareOneObjectPerContainer) {
  Workloads workloads(7, nullptr);
  const std::string path = "/docker/" + kA;
  const auto one = workloads.find({.unified = path, .session = 5});
  const auto two = workloads.find({.unified = path, .session = 9, .own_pid_namespace = true});
  EXPECT_EQ(one, two);
  EXPECT_EQ(one->container, kA);
  EXPECT_EQ(one->kind, Kind::kContainer);
  EXPECT_NE(Workloads(8, nullptr).find({.unified = path})->id, one->id) << "another boot is another workload";
}

TEST(Workloads, OnHybridHostsTheHierarchyThatKnowsTheContainerCounts) {
  Workloads workloads(7, nullptr);
  const std::string path = "/docker/" + kA;
  const auto by_v1 = workloads.find({.unified = "/", .v1 = path});
  const auto by_unified = workloads.find({.unified = path, .v1 = "/other"});
  EXPECT_EQ(by_v1, by_unified);
  EXPECT_EQ(workloads.find({.unified = "/system.slice/cron.service", .v1 = "/x"})->cgroup,
            "/system.slice/cron.service");
}

TEST(Workloads, SessionsOfABareHostAreApartByTheirLeader) {
  Workloads workloads(7, nullptr);
  const auto shell = workloads.find({.unified = "/", .session = 5, .session_start_ns = 100});
  EXPECT_EQ(shell->kind, Kind::kSession);
  EXPECT_EQ(workloads.find({.unified = "/", .session = 5, .session_start_ns = 100}), shell);
  EXPECT_EQ(workloads.find({.unified = "/", .session = 5}), shell) << "its leader ended, the session goes on";
  EXPECT_NE(workloads.find({.unified = "/", .session = 6, .session_start_ns = 100})->id, shell->id);
  EXPECT_NE(workloads.find({.unified = "/", .session = 5, .session_start_ns = 200})->id, shell->id) << "pid reuse";
}

TEST(Workloads, HoldNothingThatNobodyUses) {
  Workloads workloads(7, nullptr);
  for (int i = 0; i < 5000; ++i) {
    const auto gone = workloads.find({.unified = "/docker/" + kA.substr(4) + std::to_string(1000 + i)});
    EXPECT_EQ(gone->kind, Kind::kContainer);
  }
  const auto held = workloads.find({.unified = "/docker/" + kA});
  workloads.sweep();
  EXPECT_EQ(workloads.held(), 1U);
}

TEST(Workloads, RememberTheFirstStart) {
  Workloads workloads(7, nullptr);
  const auto one = workloads.find({.unified = "/docker/" + kA});
  EXPECT_EQ(workloads.first_start(one->id, 50), 50U);
  EXPECT_EQ(workloads.first_start(one->id, 70), 50U);
  EXPECT_EQ(workloads.first_start(one->id, 20), 20U);
}

TEST(Workloads, CgroupIsTextWhateverTheKernelHolds) {
  Workloads workloads(7, nullptr);
  EXPECT_EQ(workloads.find({.unified = "/a\xff\n", .own_pid_namespace = true})->cgroup, "/a\\xff\\x0a");
}

class OneImage : public ImageNames {
 public:
  std::optional<ContainerNames> find(std::string_view container) override {
    if (container != kA || !known) return std::nullopt;
    return ContainerNames{.image = "redis:7", .pod = "shop/cart-0"};
  }
  void settle() override {}
  [[nodiscard]] std::uint64_t unknown() const override { return 0; }
  bool known = false;
};

TEST(Workloads, ImageComesWhenItIsKnown) {
  OneImage images;
  Workloads workloads(7, &images);
  const auto before = workloads.find({.unified = "/docker/" + kA});
  EXPECT_EQ(before->image, "");
  images.known = true;
  const auto after = workloads.find({.unified = "/docker/" + kA});
  EXPECT_EQ(after->image, "redis:7");
  EXPECT_EQ(after->pod, "shop/cart-0");
  EXPECT_EQ(after->id, before->id);
}

}  // namespace
}  // namespace davy::collect
