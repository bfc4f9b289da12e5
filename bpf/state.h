/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Maps, settings, losses, and who a task is. */
#ifndef DAVY_STATE_H
#define DAVY_STATE_H

/* Two objects are made of these files. The better one hooks with types (tp_btf) and keeps counters in task storage. The
 * other (DAVY_RAW), for kernels without those, hooks raw tracepoints, where memory is read by helper only, and keeps
 * counters by process in a hash that threads share. */
#ifdef DAVY_RAW
#define HOOK(name) SEC("raw_tp/" name)
#define OPTIONAL_HOOK(name) SEC("?raw_tp/" name)
#define READ(from, field) BPF_CORE_READ(from, field)
#define ADD(counter, n) __sync_fetch_and_add(&(counter), n)
#else
#define HOOK(name) SEC("tp_btf/" name)
#define OPTIONAL_HOOK(name) SEC("?tp_btf/" name)
#define READ(from, field) ((from)->field)
#define ADD(counter, n) ((counter) += (n))
#endif

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000
#define TS_COMPAT 0x0002

/* Set by the loader before loading. */
const volatile __u32 collector_tgid = 0;      /* our own process: not told of */
const volatile bool sizes_from_calls = false; /* no sock_send_length: message sizes from what calls return */
const volatile __u32 wake_bytes = 64 * 1024;  /* wake the reader when so much waits in the ring */
const volatile __u32 opens_per_slice = 32;
const volatile __u64 busy_ns = 20000000; /* CPU time in a pulse that makes a task busy: 2 % of a core */

/* Set by the collector while running. */
__u32 full_pass = 0;    /* the next task iteration tells of idle processes too */
__u32 slice_number = 0; /* grows with each slice and so renews the budget of opens told; cheaper than a clock */

__u32 walked_tgid = 0;   /* whose mappings are read next */
__u32 walked_thread = 0; /* the one thread whose memory stands for all; 0: the first that is met */

/* When the collector itself got its CPU for the last two pulses, by the scheduler's clock. */
__u64 pulse_clock[2];

__u64 losses[DAVY_LOSS_N];
__u64 conversation_serial;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 2 * 1024 * 1024);
} ring SEC(".maps");

/* Processes that lost a thread, or whose calls found no storage. The collector takes an entry out some time after
 * the process ended: nothing in the kernel does, so a late thread never adds to an entry that is gone. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 65536);
  __type(key, struct davy_who);
  __type(value, struct davy_retired);
} retired SEC(".maps");

/* Cgroups whose path the collector has been told. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct davy_cgroup_key);
  __type(value, __u8);
} cgroups_told SEC(".maps");

#ifdef DAVY_RAW
/* One for each process, until its end. With no room for one more its calls are counted in `retired`: a map that threw
 * out the oldest would forget counts without a word. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, struct davy_who);
  __type(value, struct davy_tally);
} tallies SEC(".maps");

static const struct davy_tally empty_tally;
#else
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct davy_tally);
} tallies SEC(".maps");
#endif

static const struct davy_retired nothing_retired;

static __always_inline void lose(enum davy_loss what) { __sync_fetch_and_add(&losses[what], 1); }

static __always_inline __u64 ring_flags(void) {
  return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wake_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* Pointers from struct to struct are followed by BPF_CORE_READ off the hot path: each one followed directly costs the
 * verifier of recent kernels a search through all kernel types, about a millisecond of start-up. */
static __always_inline void identify(struct davy_who *who, struct task_struct *task) {
  who->tgid = READ(task, tgid);
  who->pad = 0;
  who->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
}

static __always_inline int threads_of(struct task_struct *task) { return BPF_CORE_READ(task, signal, nr_threads); }

/* Fills the head of a record. */
static __always_inline void head_of(struct davy_head *head, struct task_struct *task, __u32 kind, __u32 size) {
  head->kind = kind;
  head->size = size;
  identify(&head->who, task);
}

/* The entry of a process in `retired`, made when missing. NULL when the map is full. */
static __always_inline struct davy_retired *retired_of(struct davy_who *who) {
  struct davy_retired *entry = bpf_map_lookup_elem(&retired, who);
  if (entry) return entry;
  bpf_map_update_elem(&retired, who, &nothing_retired, BPF_NOEXIST);
  return bpf_map_lookup_elem(&retired, who);
}

#ifdef DAVY_RAW
static __always_inline struct task_struct *current_task(void) { return (struct task_struct *)bpf_get_current_task(); }

static __always_inline struct davy_tally *known_tally_of(struct task_struct *task) {
  struct davy_who who;
  identify(&who, task);
  return bpf_map_lookup_elem(&tallies, &who);
}

static __always_inline struct davy_tally *tally_of(struct task_struct *task) {
  struct davy_who who;
  struct davy_tally *tally;
  identify(&who, task);
  tally = bpf_map_lookup_elem(&tallies, &who);
  if (tally) return tally;
  bpf_map_update_elem(&tallies, &who, &empty_tally, BPF_NOEXIST);
  return bpf_map_lookup_elem(&tallies, &who);
}
#else
static __always_inline struct task_struct *current_task(void) { return bpf_get_current_task_btf(); }

static __always_inline struct davy_tally *known_tally_of(struct task_struct *task) {
  return bpf_task_storage_get(&tallies, task, 0, 0);
}

static __always_inline struct davy_tally *tally_of(struct task_struct *task) {
  return bpf_task_storage_get(&tallies, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}
#endif

/* Counts `n` of one kind where the task has no tally: rare (storage is taken or memory is short), and exact all the
 * same, since `retired` adds to the process too. */
static __noinline void count_without_tally(struct task_struct *task, __u32 row, __u32 n) {
  struct davy_who who;
  struct davy_retired *entry;
  lose(DAVY_LOSS_STORAGE);
  identify(&who, task);
  entry = retired_of(&who);
  if (!entry || row >= DAVY_COUNT_N) {
    lose(DAVY_LOSS_CALLS);
    return;
  }
  __sync_fetch_and_add(&entry->count[row], n);
}

/* Adds `n` to a counter of the current task. */
static __always_inline void count(struct task_struct *task, struct davy_tally *tally, __u32 row, __u32 n) {
  if (tally)
    ADD(tally->count[row], n);
  else
    count_without_tally(task, row, n);
}

#endif
