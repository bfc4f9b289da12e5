/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The floor: what any program costs that runs when a system call returns. */
#include "core.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("tp_btf/sys_exit")
int BPF_PROG(empty, struct pt_regs *regs, long ret) { return 0; }

char LICENSE[] SEC("license") = "GPL";
