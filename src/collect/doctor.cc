#include "collect/doctor.h"

#include <fmt/core.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "collect/bpf_probe.h"
#include "collect/cgroup_cpu.h"
#include "collect/host.h"
#include "collect/privileges.h"

namespace davy::collect {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kStandings{"OK", "limited", "missing"};
constexpr unsigned kCapPerfmon = 38;
constexpr unsigned kCapBpf = 39;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string whole(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// OK with `good`, else `bad` with the reason and what to do.
Finding tried(std::string name, const Status& status, std::string good, Standing bad, std::string advice) {
  if (status) return {.name = std::move(name), .value = std::move(good)};
  return {.name = std::move(name), .standing = bad, .value = status.error().message, .advice = std::move(advice)};
}

// ---- kernel ----

Finding release() {
  const std::string name = this_host()->kernel;
  const KernelVersion version = kernel_version();
  if (version < KernelVersion{5, 12}) {
    return {"kernel", Standing::kMissing, name,
            "Counting in the kernel needs 5.12 or later; Davy polls /proc instead."};
  }
  if (version < KernelVersion{5, 19}) {
    return {
        "kernel", Standing::kLimited, name,
        "Before 5.19 Davy must keep CAP_BPF while it runs; before 6.1 it walks the memory of four processes a slice."};
  }
  if (version < KernelVersion{6, 1}) {
    return {"kernel", Standing::kLimited, name, "Before 6.1 Davy walks the memory of four processes a slice, not all."};
  }
  return {.name = "kernel", .value = name};
}

Finding type_information(const BpfProbe& probe) {
  if (probe.has_btf()) return {.name = "BTF", .value = "/sys/kernel/btf/vmlinux"};
  return {"BTF", Standing::kMissing, "/sys/kernel/btf/vmlinux is missing or not readable",
          "Use a kernel built with CONFIG_DEBUG_INFO_BTF=y: those of the distributions since 2021 are."};
}

Finding lockdown() {
  const std::string mode = first_line("/sys/kernel/security/lockdown");
  if (mode.find("[confidentiality]") == std::string::npos) return {.name = "lockdown", .value = "does not stop BPF"};
  return {"lockdown", Standing::kMissing, "confidentiality: BPF may not read kernel memory",
          "Boot with lockdown=integrity or without it."};
}

FindingGroup kernel(const BpfProbe& probe) { return {"Kernel", {release(), type_information(probe), lockdown()}}; }

// ---- programs ----

const std::string kAsRoot = "Run as root, or with CAP_BPF and CAP_PERFMON.";

FindingGroup programs(BpfProbe& probe) {
  FindingGroup group{.title = "BPF programs and maps, each tried", .findings = {}};
  const auto add = [&](std::string name, const Status& status, Standing bad, const std::string& advice) {
    const bool refused = !status && status.error().message.ends_with(std::strerror(EPERM));
    group.findings.push_back(tried(std::move(name), status, "loads", bad, refused ? kAsRoot : advice));
  };
  add("tracing (tp_btf)", probe.tracing_program("sys_exit"), Standing::kMissing, kAsRoot);
  add("raw tracepoint", probe.raw_tracepoint_program(), Standing::kMissing, kAsRoot);
  add("task iterator", probe.iterator_program("task"), Standing::kMissing, kAsRoot);
  add("mapping iterator", probe.iterator_program("task_vma"), Standing::kLimited,
      "Without it memory layout and libraries are not seen; needs 5.12.");
  add("socket iterator", probe.iterator_program("bpf_sk_storage_map"), Standing::kLimited,
      "Without it conversations are told only when they end.");
  add("ring buffer", probe.ring_buffer(), Standing::kMissing, kAsRoot);
  add("task storage", probe.task_storage(), Standing::kMissing, "Needs 5.12.");
  add("socket storage", probe.socket_storage(), Standing::kMissing, kAsRoot);
  return group;
}

// ---- tracepoints ----

struct Hook {
  const char* name;
  Standing without;
  const char* gives;  // also what is blind without it
};
constexpr std::array kHooks{
    Hook{"sys_exit", Standing::kMissing, "system calls by class"},
    Hook{"sched_process_exit", Standing::kMissing, "last counts of what ends"},
    Hook{"sched_process_exec", Standing::kMissing, "new programs"},
    Hook{"sched_process_fork", Standing::kMissing, "new processes"},
    Hook{"inet_sock_set_state", Standing::kMissing, "TCP connections and their direction"},
    Hook{"sock_send_length", Standing::kLimited, "messages sent: sizes and gaps"},
    Hook{"sock_recv_length", Standing::kLimited, "messages received: sizes and gaps"},
    Hook{"x86_fpu_regs_deactivated", Standing::kLimited, "the floating-point rounding mode"},
    Hook{"io_uring_submit_req", Standing::kLimited, "work submitted through io_uring"},
};

FindingGroup tracepoints(const BpfProbe& probe, std::vector<std::string>& blind) {
  FindingGroup group{.title = "Tracepoints", .findings = {}};
  for (const Hook& hook : kHooks) {
    // Kernels before 6.4 have the older name.
    const bool there = probe.has_tracepoint(hook.name) || (std::string_view(hook.name) == "io_uring_submit_req" &&
                                                           probe.has_tracepoint("io_uring_submit_sqe"));
    if (there) {
      group.findings.push_back({.name = hook.name, .value = hook.gives});
      continue;
    }
    const char* advice = hook.without == Standing::kLimited ? "A later kernel has it (6.3 or later has all)." : "";
    group.findings.push_back({hook.name, hook.without, "not in this kernel", advice});
    if (probe.has_btf()) blind.push_back(fmt::format("{} (no tracepoint {})", hook.gives, hook.name));
  }
  return group;
}

// ---- privileges ----

Finding user(const Privileges& held) {
  if (held.uid == 0) return {.name = "user", .value = "root; given up as soon as all is loaded"};
  return {"user", Standing::kLimited, fmt::format("uid {}", held.uid),
          "Run as root: Davy gives all of it up once loaded."};
}

Finding capability(const Privileges& held, unsigned number, const char* name, Standing without, const char* advice) {
  if (held.can(number)) return {.name = name, .value = "held"};
  return {name, without, "not held", advice};
}

Finding unprivileged_bpf() {
  const std::string value = first_line("/proc/sys/kernel/unprivileged_bpf_disabled");
  const bool off = value == "1" || value == "2";
  return {.name = "unprivileged BPF", .value = value.empty() ? "unknown" : off ? "off, as it should be" : "on"};
}

Finding memory_lock() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool unlimited = limit.rlim_cur == RLIM_INFINITY;
  std::string value = unlimited ? "unlimited" : fmt::format("{} KiB", limit.rlim_cur / 1024);
  if (unlimited || limit.rlim_cur >= (64U << 20) || kernel_version() >= KernelVersion{5, 11}) {
    return {.name = "locked memory", .value = value + (unlimited ? "" : "; does not matter from 5.11 on")};
  }
  return {"locked memory", Standing::kLimited, value, "Raise it: ulimit -l unlimited."};
}

FindingGroup rights() {
  const Privileges held = privileges();
  return {"Privileges",
          {user(held), capability(held, kCapBpf, "CAP_BPF", Standing::kMissing, kAsRoot.c_str()),
           capability(held, kCapPerfmon, "CAP_PERFMON", Standing::kMissing, kAsRoot.c_str()),
           capability(held, CAP_SYS_PTRACE, "CAP_SYS_PTRACE", Standing::kLimited,
                      "Without it digests of executables and command lines stay unknown."),
           capability(held, CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", Standing::kLimited,
                      "Without it digests of executables stay unknown."),
           unprivileged_bpf(), memory_lock()}};
}

// ---- host ----

Finding pid_namespace(std::vector<std::string>& blind) {
  if (in_host_pid_namespace()) return {.name = "pid namespace", .value = "the host's"};
  blind.emplace_back("processes outside this pid namespace, whatever the rung: only their ends are told");
  return {"pid namespace", Standing::kLimited, "a container's", "Run with --pid=host (hostPID: true)."};
}

Finding hidden_pids(std::vector<std::string>& blind) {
  const std::string mounts = whole("/proc/self/mountinfo");
  for (std::size_t at = 0; at < mounts.size();) {
    const std::size_t end = std::min(mounts.find('\n', at), mounts.size());
    const std::string line = mounts.substr(at, end - at);
    at = end + 1;
    const std::size_t option = line.find("hidepid=");
    if (line.find(" /proc ") == std::string::npos || option == std::string::npos) continue;
    const std::string value = line.substr(option, line.find_first_of(", ", option) - option);
    if (value == "hidepid=0" || value == "hidepid=off") break;
    blind.emplace_back("other users' processes, when /proc is polled without root");
    return {"/proc", Standing::kLimited, value, "Only polling suffers: counting in the kernel does not look there."};
  }
  return {.name = "/proc", .value = "shows all processes"};
}

Finding cgroups(const CgroupMounts& mounts) {
  using Mode = CgroupMounts::Mode;
  std::string value(name_of(mounts.mode));
  if (mounts.mode == Mode::kNone) {
    return {"cgroups", Standing::kLimited, "none mounted",
            "Mount them: else workloads are told apart by session only."};
  }
  const bool cpu = !mounts.cpuacct.empty() || !mounts.unified.empty();
  return {.name = "cgroups", .value = value + (cpu ? "; CPU time per cgroup is there" : "; no CPU time per cgroup")};
}

Finding cpus(const CgroupMounts& mounts) {
  const auto online = this_host()->cpus;
  const auto milli = CgroupCpu::create(mounts, online)->available_milli("/", BootClock::now());
  return {.name = "CPUs", .value = fmt::format("{} online, {:g} available", online, milli / 1000.0)};
}

Finding huge_pages() {
  const std::string text = whole("/proc/meminfo");
  const std::size_t at = text.find("HugePages_Total:");
  const std::string total = at == std::string::npos ? "0" : text.substr(at + 16, text.find('\n', at) - at - 16);
  const std::size_t digits = std::min(total.find_first_not_of(' '), total.size());
  const std::string transparent = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  const std::size_t open = transparent.find('[');
  const std::string mode =
      open == std::string::npos ? "not there" : transparent.substr(open + 1, transparent.find(']') - open - 1);
  return {.name = "huge pages", .value = fmt::format("{} reserved; transparent: {}", total.substr(digits), mode)};
}

Finding runtimes(std::vector<std::string>& blind) {
  constexpr std::array<std::pair<const char*, const char*>, 4> kPlaces{
      {{"/var/lib/docker/containers", "docker"},
       {"/run/containerd", "containerd"},
       {"/var/lib/containers/storage", "podman, cri-o"},
       {"/run/crio", "cri-o"}}};
  std::string found;
  bool readable = true;
  for (const auto& [place, name] : kPlaces) {
    std::error_code error;
    if (!fs::exists(place, error)) continue;
    found.append(found.empty() ? "" : ", ").append(name);
    readable = readable && ::access(place, R_OK | X_OK) == 0;
  }
  if (found.empty()) return {.name = "image names", .value = "no container runtime keeps state here"};
  if (readable) return {.name = "image names", .value = found};
  blind.emplace_back("names of images (containers are told by id)");
  return {"image names", Standing::kLimited, found + ": state not readable", "Only root may read it."};
}

FindingGroup host(std::vector<std::string>& blind) {
  const CgroupMounts mounts = cgroup_mounts();
  return {"Host",
          {cpus(mounts), cgroups(mounts), pid_namespace(blind), hidden_pids(blind), huge_pages(), runtimes(blind)}};
}

// ---- ladder ----

std::string rung_words(Rung rung) {
  switch (rung) {
    case Rung::kTracing:
      return "tracing: counted in the kernel";
    case Rung::kRawTracepoint:
      return "raw: counted in the kernel, by raw tracepoints";
    case Rung::kProc:
      return "proc: polled from /proc";
    case Rung::kAuto:
      break;
  }
  return "none";
}

/// Opens what would be used and lets it go again: no version number knows as much.
FindingGroup ladder(const DoctorOptions& options, Diagnosis& diagnosis) {
  FindingGroup group{.title = "Ladder", .findings = {}};
  CollectorOptions wanted = options.collector;
  wanted.arming = Arming::kNever;  // nobody else's calls shall cost more for a diagnosis
  const auto collector = open_collector(wanted);
  if (!collector) {
    group.findings.push_back({"collector", Standing::kMissing, collector.error().message, "Davy cannot collect here."});
    return group;
  }
  diagnosis.rung = collector->rung;
  diagnosis.not_taken = collector->not_taken;
  const bool best = collector->rung == Rung::kTracing;
  const std::string advice = best ? "" : "See what is missing above; run as root.";
  group.findings.push_back(
      {"collector", best ? Standing::kOk : Standing::kLimited, rung_words(collector->rung), advice});
  for (const std::string& why : diagnosis.not_taken) {
    const std::size_t colon = std::min(why.find(": "), why.size());
    group.findings.push_back(
        {"not " + why.substr(0, colon), Standing::kMissing, why.substr(std::min(colon + 2, why.size())), ""});
  }
  return group;
}

void say_what_is_blind(Diagnosis& diagnosis) {
  if (diagnosis.rung == Rung::kProc) {
    diagnosis.blind.insert(diagnosis.blind.begin(),
                           {"system calls, files opened, conversations, the rounding mode: the model sees far less",
                            "processes that live for less than a second"});
    return;
  }
  diagnosis.blind.emplace_back("system calls that never return; numbers of 32-bit calls (their sum is told)");
}

}  // namespace

std::string_view name_of(Standing standing) { return kStandings[static_cast<std::size_t>(standing)]; }

Diagnosis diagnose(const DoctorOptions& options) {
  Diagnosis diagnosis;
  const auto probe = BpfProbe::create();
  diagnosis.groups = {kernel(*probe), programs(*probe), tracepoints(*probe, diagnosis.blind), rights(),
                      host(diagnosis.blind)};
  diagnosis.groups.push_back(ladder(options, diagnosis));
  say_what_is_blind(diagnosis);
  return diagnosis;
}

}  // namespace davy::collect
