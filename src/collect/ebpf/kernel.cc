#include "collect/ebpf/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <type_traits>

#include "davy.skel.h"
#include "davy_raw.skel.h"

namespace davy::collect {
namespace {

/// The two objects bpf/ compiles to have the same maps and programs under the same names, bar what only one can do.
struct Tracing {
  using Object = davy_bpf;
  static Object* open() { return davy_bpf__open(); }
  static int load(Object* object) { return davy_bpf__load(object); }
  static void destroy(Object* object) { davy_bpf__destroy(object); }
};
struct RawTracepoint {
  using Object = davy_raw_bpf;
  static Object* open() { return davy_raw_bpf__open(); }
  static int load(Object* object) { return davy_raw_bpf__load(object); }
  static void destroy(Object* object) { davy_raw_bpf__destroy(object); }
};

struct Closer {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};
using Link = std::unique_ptr<bpf_link, Closer>;
using Ring = std::unique_ptr<ring_buffer, Closer>;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// libbpf reports through a process-wide callback; the first line it prints while loading is the reason of a failure.
std::string& first_complaint() {
  static std::string text;
  return text;
}

__attribute__((format(printf, 2, 0))) int note_complaint(libbpf_print_level level, const char* format, va_list args) {
  if (level != LIBBPF_WARN || !first_complaint().empty()) return 0;
  char line[512];
  std::vsnprintf(line, sizeof line, format, args);
  std::string text = line;
  first_complaint() = text.substr(0, text.find('\n'));
  return 0;
}

constexpr const char* kUnread = "cannot read a BPF iterator";

/// Of descriptors or memory: it passes.
bool is_short(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

Error cannot(const std::string& what, int error) {
  const std::string detail = first_complaint().empty() ? "" : " (" + first_complaint() + ")";
  const char* hint = error == EPERM || error == EACCES ? "; it needs root, or CAP_BPF and CAP_PERFMON" : "";
  return Error{fmt::format("{}: {}{}{}", what, std::strerror(error), hint, detail), Error::Kind::kUnavailable};
}

/// Older kernels charge maps to this limit. Newer ones do not care, so a refusal is no error.
void raise_locked_memory() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

std::string kernel_types() {
  std::ifstream file("/sys/kernel/btf/vmlinux", std::ios::binary | std::ios::ate);
  if (!file) return {};
  std::string bytes(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

/// Looks for the name among the strings of BTF, instead of parsing five megabytes a second time: libbpf does it too.
bool has_name(const std::string& types, const std::string& name) {
  const std::string entry = '\0' + name + '\0';
  return memmem(types.data(), types.size(), entry.data(), entry.size()) != nullptr;
}

struct Optional {
  const char* program;
  const char* tracepoint;
  const char* blind;  // counter of Health that says what is not seen without it; empty: another one serves
};

/// Programs for tracepoints that some kernels lack.
constexpr Optional kOptional[] = {{"message_sent", "sock_send_length", "blind_messages"},
                                  {"message_received", "sock_recv_length", "blind_messages"},
                                  {"registers_saved", "x86_fpu_regs_deactivated", "blind_rounding"},
                                  {"ring_submitted", "io_uring_submit_req", ""},
                                  {"ring_submitted_old", "io_uring_submit_sqe", ""}};

template <typename Rung>
class BpfKernel : public Kernel {
 public:
  static Result<std::unique_ptr<Kernel>> load(const KernelOptions& options);

  Result<bool> arm() override;
  void disarm() override { per_call_.clear(); }
  bool armed() const override { return !per_call_.empty(); }
  int ring_descriptor() const override { return ring_buffer__epoll_fd(ring_.get()); }
  void consume_ring(const RecordHandler& handle) override;
  Result<bool> read(Pass pass, bool full, const RecordHandler& handle) override;
  std::size_t walks_a_slice() const override { return all_mappings_ ? 4 : 256; }
  Status read_mappings(std::uint32_t tgid, const RecordHandler& handle) override;
  void read_retired(const RetiredHandler& handle) override;
  void forget_retired(const davy_who& who) override;
  void ask_for_cgroup(const davy_cgroup_key& key) override;
  std::vector<KernelLoss> losses() const override;
  const std::vector<std::string>& missing() const override { return missing_; }

 private:
  struct Destroyer {
    void operator()(typename Rung::Object* object) const { Rung::destroy(object); }
  };
  using Object = std::unique_ptr<typename Rung::Object, Destroyer>;
  explicit BpfKernel(Object object) : object_(std::move(object)), rows_(256 * 1024) {}
  /// Null when this rung has no such program, or this kernel no use for it.
  bpf_program* program(const char* name) const;
  Status configure(const KernelOptions& options);
  Status choose_optional(const KernelOptions& options);
  void lacks(const std::string& sight);
  Status attach_lasting(const KernelOptions& options);
  Status attach_iterators();
  Status open_ring();
  Status attach(const char* name, std::vector<Link>& to);
  /// errno of what failed, or 0.
  int read_link(int link, const RecordHandler& handle);
  static int on_record(void* self, void* data, std::size_t size);

  Object object_;
  std::vector<Link> lasting_;
  std::vector<Link> per_call_;
  int refused_by_ = 0;  // errno of the last attachment that failed
  Link pulse_, slice_, conversations_;
  bool one_process_at_a_time_ = true;
  Link all_mappings_;  // null: a link is made for each process
  Ring ring_;
  const RecordHandler* handler_ = nullptr;  // while consume_ring runs
  std::vector<std::byte> rows_;
  std::vector<std::string> missing_;
};

template <typename Rung>
Result<std::unique_ptr<Kernel>> BpfKernel<Rung>::load(const KernelOptions& options) {
  libbpf_set_print(note_complaint);
  first_complaint().clear();
  raise_locked_memory();
  Object object(Rung::open());
  if (!object) return cannot("cannot open the BPF programs", errno);
  std::unique_ptr<BpfKernel> kernel(new BpfKernel(std::move(object)));
  for (const Status& status : {kernel->configure(options), kernel->choose_optional(options)}) {
    if (!status) return status.error();
  }
  if (Rung::load(kernel->object_.get()) != 0) return cannot("cannot load the BPF programs", errno);
  for (const Status& status : {kernel->attach_iterators(), kernel->open_ring(), kernel->attach_lasting(options)}) {
    if (!status) return status.error();
  }
  return std::unique_ptr<Kernel>(std::move(kernel));
}

template <typename Rung>
Status BpfKernel<Rung>::configure(const KernelOptions& options) {
  object_->rodata->collector_tgid = static_cast<std::uint32_t>(getpid());
  object_->rodata->busy_ns =
      std::uint64_t{options.slice_seconds} * 1'000'000'000 / options.pulses / 50;  // 2 % of a core
  object_->rodata->wake_bytes = options.ring_bytes / 16;
  if (bpf_map__set_max_entries(object_->maps.ring, options.ring_bytes) != 0 ||
      bpf_map__set_max_entries(object_->maps.retired, options.retired_entries) != 0) {
    return cannot("cannot size the BPF maps", errno);
  }
  const bool sized = std::is_same_v<Rung, Tracing> ||  // kept with the task there
                     bpf_map__set_max_entries(object_->maps.tallies, options.tally_entries) == 0;
  if (!sized) return cannot("cannot size the BPF maps", errno);
  return {};
}

template <typename Rung>
Status BpfKernel<Rung>::choose_optional(const KernelOptions& options) {
  const std::string types = kernel_types();
  if (types.empty()) return cannot("this kernel has no BTF (/sys/kernel/btf/vmlinux)", errno == 0 ? ENOENT : errno);
  for (const Optional& optional : kOptional) {
    bpf_program* found = bpf_object__find_program_by_name(object_->obj, optional.program);
    const bool there = found && has_name(types, std::string("btf_trace_") + optional.tracepoint);
    if (found) bpf_program__set_autoload(found, there);
    if (!there && *optional.blind != '\0') lacks(optional.blind);
  }
  if (!program("ring_submitted") && !program("ring_submitted_old")) lacks("blind_io_uring");
  if (!options.per_call_hooks) lacks("blind_messages");
  // Older kernels take the number of a process and iterate over all the same.
  one_process_at_a_time_ = !options.walk_all_tasks && has_name(types, "BPF_TASK_ITER_TGID");
  object_->rodata->sizes_from_calls = program("message_sent") == nullptr;
  return {};
}

template <typename Rung>
void BpfKernel<Rung>::lacks(const std::string& sight) {
  if (std::find(missing_.begin(), missing_.end(), sight) == missing_.end()) missing_.push_back(sight);
}

template <typename Rung>
bpf_program* BpfKernel<Rung>::program(const char* name) const {
  bpf_program* found = bpf_object__find_program_by_name(object_->obj, name);
  return found && bpf_program__autoload(found) ? found : nullptr;
}

template <typename Rung>
Status BpfKernel<Rung>::attach(const char* name, std::vector<Link>& to) {
  bpf_program* found = program(name);
  if (!found) return {};
  Link link(bpf_program__attach(found));
  if (!link) {
    refused_by_ = errno;
    return cannot(fmt::format("cannot attach {}", name), refused_by_);
  }
  to.push_back(std::move(link));
  return {};
}

template <typename Rung>
Status BpfKernel<Rung>::attach_lasting(const KernelOptions& options) {
  // What folds a thread's counters at its end comes first: no count is made before it can be kept.
  std::vector<const char*> wanted{"thread_ended",       "task_born",      "program_started",
                                  "connection_changed", "ring_submitted", "ring_submitted_old"};
  if (options.per_call_hooks) wanted.insert(wanted.end(), {"message_sent", "message_received"});
  for (const char* name : wanted) {
    Status status = attach(name, lasting_);
    if (!status) return status;
  }
  return {};
}

template <typename Rung>
Status BpfKernel<Rung>::attach_iterators() {
  bpf_iter_link_info info{};
  info.map.map_fd = static_cast<std::uint32_t>(bpf_map__fd(object_->maps.conversations));
  bpf_iter_attach_opts over_map{};
  over_map.sz = sizeof over_map;
  over_map.link_info = &info;
  over_map.link_info_len = sizeof info;
  pulse_.reset(bpf_program__attach_iter(object_->progs.pulse_tasks, nullptr));
  slice_.reset(bpf_program__attach_iter(object_->progs.slice_tasks, nullptr));
  bpf_program* over_conversations = program("slice_conversations");
  if (over_conversations) conversations_.reset(bpf_program__attach_iter(over_conversations, &over_map));
  if (!one_process_at_a_time_) {
    all_mappings_.reset(bpf_program__attach_iter(object_->progs.process_mappings, nullptr));
    if (!all_mappings_) return cannot("cannot create the BPF iterator over mappings", errno);
  }
  if (!pulse_ || !slice_ || (over_conversations && !conversations_))
    return cannot("cannot create the BPF iterators", errno);
  return {};
}

template <typename Rung>
Status BpfKernel<Rung>::open_ring() {
  ring_.reset(ring_buffer__new(bpf_map__fd(object_->maps.ring), on_record, this, nullptr));
  if (!ring_) return cannot("cannot open the BPF ring", errno);
  return {};
}

template <typename Rung>
Result<bool> BpfKernel<Rung>::arm() {
  if (armed()) return true;
  std::vector<Link> links;
  for (const char* name : {"count_call", "registers_saved"}) {
    const Status status = attach(name, links);
    if (!status && is_short(refused_by_)) return false;
    if (!status) return status.error();
  }
  per_call_ = std::move(links);
  return true;
}

template <typename Rung>
int BpfKernel<Rung>::on_record(void* self, void* data, std::size_t size) {
  (*static_cast<BpfKernel*>(self)->handler_)(Bytes(static_cast<const std::byte*>(data), size));
  return 0;
}

template <typename Rung>
void BpfKernel<Rung>::consume_ring(const RecordHandler& handle) {
  handler_ = &handle;
  ring_buffer__consume(ring_.get());
  handler_ = nullptr;
}

template <typename Rung>
Result<bool> BpfKernel<Rung>::read(Pass pass, bool full, const RecordHandler& handle) {
  object_->bss->full_pass = full ? 1 : 0;
  if (pass == Pass::kSlice) ++object_->bss->slice_number;
  const Link& link = pass == Pass::kPulse ? pulse_ : pass == Pass::kSlice ? slice_ : conversations_;
  if (!link) return true;
  const int error = read_link(bpf_link__fd(link.get()), handle);
  if (is_short(error)) return false;
  if (error != 0) return cannot(kUnread, error);
  return true;
}

template <typename Rung>
Status BpfKernel<Rung>::read_mappings(std::uint32_t tgid, const RecordHandler& handle) {
  object_->bss->walked_tgid = tgid;
  object_->bss->walked_thread = 0;
  const auto outcome = [](int error) { return error == 0 ? Status{} : cannot(kUnread, error); };
  if (all_mappings_) return outcome(read_link(bpf_link__fd(all_mappings_.get()), handle));
  bpf_iter_link_info info{};
  info.task.pid = tgid;
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.iter_info = &info;
  options.iter_info_len = sizeof info;
  const Descriptor link(bpf_link_create(bpf_program__fd(object_->progs.process_mappings), 0, BPF_TRACE_ITER, &options));
  if (link.get() < 0) return cannot("cannot iterate over mappings", errno);
  return outcome(read_link(link.get(), handle));
}

template <typename Rung>
int BpfKernel<Rung>::read_link(int link, const RecordHandler& handle) {
  const Descriptor file(bpf_iter_create(link));
  if (file.get() < 0) return errno;
  for (;;) {
    const ssize_t got = ::read(file.get(), rows_.data(), rows_.size());
    if (got > 0) handle(Bytes(rows_.data(), static_cast<std::size_t>(got)));
    if (got == 0) return 0;
    if (got < 0 && errno != EAGAIN && errno != EINTR) return errno;
  }
}

template <typename Rung>
void BpfKernel<Rung>::read_retired(const RetiredHandler& handle) {
  constexpr std::uint32_t kBatch = 128;
  std::vector<davy_who> keys(kBatch);
  std::vector<davy_retired> values(kBatch);
  const int map = bpf_map__fd(object_->maps.retired);
  std::uint32_t cursor = 0, next = 0;
  bool first = true;
  for (;;) {
    std::uint32_t count = kBatch;
    const int error =
        bpf_map_lookup_batch(map, first ? nullptr : &cursor, &next, keys.data(), values.data(), &count, nullptr);
    if (error != 0 && errno != ENOENT) return;
    for (std::uint32_t i = 0; i < count; ++i) handle(keys[i], values[i]);
    if (error != 0) return;  // that was the last of them
    cursor = next;
    first = false;
  }
}

template <typename Rung>
void BpfKernel<Rung>::forget_retired(const davy_who& who) {
  bpf_map_delete_elem(bpf_map__fd(object_->maps.retired), &who);
}

template <typename Rung>
void BpfKernel<Rung>::ask_for_cgroup(const davy_cgroup_key& key) {
  bpf_map_delete_elem(bpf_map__fd(object_->maps.cgroups_told), &key);
}

template <typename Rung>
std::vector<KernelLoss> BpfKernel<Rung>::losses() const {
  static constexpr const char* kNames[DAVY_LOSS_N] = {
      "ring_exits",      "ring_execs",   "ring_opens", "ring_conversations",   "ring_cgroups",
      "storage_missing", "retired_full", "calls_lost", "conversations_unkept", "cgroups_too_deep"};
  std::vector<KernelLoss> losses;
  for (std::size_t i = 0; i < DAVY_LOSS_N; ++i) losses.push_back({kNames[i], object_->bss->losses[i]});
  return losses;
}

}  // namespace

Result<std::unique_ptr<Kernel>> Kernel::load(const KernelOptions& options) {
  return options.raw_tracepoints ? BpfKernel<RawTracepoint>::load(options) : BpfKernel<Tracing>::load(options);
}

}  // namespace davy::collect
