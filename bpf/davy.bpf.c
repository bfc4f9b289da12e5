/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The kernel side of Davy: counts what every process does and tells the collector on request.
 *
 * One idea a file, in the order of reading: state (maps, identity), first_bytes and conversations, cgroups, events
 * (birth and end), opens, counters (system calls), rounding, iterators.
 */
#include "core.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "davy_abi.h"
#include "calls_x86_64.h"
#include "state.h"
#ifndef DAVY_RAW
#include "first_bytes.h"
#endif
#include "conversations.h"
#include "cgroups.h"
#include "events.h"
#include "opens.h"
#include "counters.h"
#include "rounding.h"
#include "iterators.h"

/* Makes the compiler describe, for the test of the ABI, what else only ever lies on a stack. */
struct davy_abi_types {
  struct davy_thread_row thread;
  struct davy_process_row process;
  struct davy_pulse_row pulse;
  struct davy_conversation_record conversation;
  struct davy_cgroup_record cgroup;
  struct davy_exec exec;
  struct davy_exit exit;
} *davy_abi_types;

/* Helpers such as bpf_probe_read_user are open to GPL-compatible programs only. */
char LICENSE[] SEC("license") = "GPL";
