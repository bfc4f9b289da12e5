/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The floor: what any program costs that runs when a system call returns, and any that counts there for each thread. */
#include "core.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("?tp_btf/sys_exit")
int BPF_PROG(empty, struct pt_regs* regs, long ret) { return 0; }

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, __u64);
} calls SEC(".maps");

SEC("?tp_btf/sys_exit")
int BPF_PROG(counter, struct pt_regs* regs, long ret) {
  __u64* made = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (made) ++*made;
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
