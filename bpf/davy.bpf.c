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

/* Helpers such as bpf_probe_read_user are open to GPL-compatible programs only. */
char LICENSE[] SEC("license") = "GPL";
