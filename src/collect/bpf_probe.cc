#include "collect/bpf_probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace davy::collect {
namespace {

struct BtfCloser {
  void operator()(btf* types) const { btf__free(types); }
};
using Types = std::unique_ptr<btf, BtfCloser>;

Status status_of(int fd, const std::string& what) {
  if (fd < 0) return Error{fmt::format("{}: {}", what, std::strerror(errno)), Error::Kind::kUnavailable};
  ::close(fd);
  return {};
}

/// "r0 = 0; exit".
constexpr std::array<bpf_insn, 2> kNothing{bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
                                           bpf_insn{.code = BPF_JMP | BPF_EXIT}};

class Probe : public BpfProbe {
 public:
  Probe() : types_(btf__load_vmlinux_btf()) {}

  [[nodiscard]] bool has_btf() const override { return types_ != nullptr; }

  [[nodiscard]] bool has_tracepoint(const std::string& name) const override {
    return types_ && btf__find_by_name_kind(types_.get(), ("btf_trace_" + name).c_str(), BTF_KIND_TYPEDEF) > 0;
  }

  Status tracing_program(const std::string& tracepoint) override {
    return btf_program("btf_trace_" + tracepoint, BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP);
  }

  Status iterator_program(const std::string& target) override {
    return btf_program("bpf_iter_" + target, BTF_KIND_FUNC, BPF_TRACE_ITER);
  }

  Status raw_tracepoint_program() override {
    const int fd =
        bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "davy_probe", "GPL", kNothing.data(), kNothing.size(), nullptr);
    return status_of(fd, "loading");
  }

  Status ring_buffer() override { return map(BPF_MAP_TYPE_RINGBUF, 0, 0, static_cast<std::uint32_t>(getpagesize())); }
  Status lru_hash() override { return map(BPF_MAP_TYPE_LRU_HASH, 4, 8, 16); }
  Status task_storage() override { return storage(BPF_MAP_TYPE_TASK_STORAGE); }
  Status socket_storage() override { return storage(BPF_MAP_TYPE_SK_STORAGE); }

 private:
  Status btf_program(const std::string& type, std::uint32_t kind, bpf_attach_type attach) {
    if (!types_) return Error{"no kernel BTF", Error::Kind::kUnavailable};
    const int id = btf__find_by_name_kind(types_.get(), type.c_str(), kind);
    if (id <= 0) return Error{"this kernel has no such hook", Error::Kind::kUnavailable};
    bpf_prog_load_opts options{};
    options.sz = sizeof options;
    options.expected_attach_type = attach;
    options.attach_btf_id = static_cast<std::uint32_t>(id);
    const int fd =
        bpf_prog_load(BPF_PROG_TYPE_TRACING, "davy_probe", "GPL", kNothing.data(), kNothing.size(), &options);
    return status_of(fd, "loading");
  }

  static Status map(bpf_map_type type, std::uint32_t key, std::uint32_t value, std::uint32_t entries) {
    return status_of(bpf_map_create(type, "davy_probe", key, value, entries, nullptr), "creating");
  }

  /// Local storage wants to know the types of key and value.
  static Status storage(bpf_map_type type) {
    const Types types(btf__new_empty());
    const int integer = types ? btf__add_int(types.get(), "int", 4, BTF_INT_SIGNED) : -1;
    if (integer < 0 || btf__load_into_kernel(types.get()) < 0) return status_of(-1, "loading types");
    bpf_map_create_opts options{};
    options.sz = sizeof options;
    options.map_flags = BPF_F_NO_PREALLOC;
    options.btf_fd = static_cast<std::uint32_t>(btf__fd(types.get()));
    options.btf_key_type_id = options.btf_value_type_id = static_cast<std::uint32_t>(integer);
    return status_of(bpf_map_create(type, "davy_probe", 4, 4, 0, &options), "creating");
  }

  Types types_;
};

}  // namespace

std::unique_ptr<BpfProbe> BpfProbe::create() {
  libbpf_set_print(nullptr);
  return std::make_unique<Probe>();
}

}  // namespace davy::collect
