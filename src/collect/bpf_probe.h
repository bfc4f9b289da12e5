#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace davy::collect {

/// Tries what this kernel lets us do with BPF by doing it: tiny programs are loaded and let go, never attached.
class BpfProbe {
 public:
  static std::unique_ptr<BpfProbe> create();
  virtual ~BpfProbe() = default;

  /// The kernel's own type information is readable.
  [[nodiscard]] virtual bool has_btf() const = 0;
  /// The kernel has this tracepoint. Needs BTF.
  [[nodiscard]] virtual bool has_tracepoint(const std::string& name) const = 0;

  /// Each loads one program or makes one map; the error says why not.
  virtual Status tracing_program(const std::string& tracepoint) = 0;  // tp_btf
  virtual Status raw_tracepoint_program() = 0;
  virtual Status iterator_program(const std::string& target) = 0;  // "task", "task_vma", "bpf_sk_storage_map"
  virtual Status ring_buffer() = 0;
  virtual Status lru_hash() = 0;
  virtual Status task_storage() = 0;
  virtual Status socket_storage() = 0;
};

}  // namespace davy::collect
