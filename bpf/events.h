/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Processes that begin, change and end. */
#ifndef DAVY_EVENTS_H
#define DAVY_EVENTS_H

#define PIDTYPE_SID 3

/* The index is part of what libbpf relocates, so it must be a constant. */
#define RESIDENT(mm, kind)                                                                 \
  ({                                                                                       \
    __s64 pages;                                                                           \
    if (bpf_core_field_exists(((struct mm_struct___old *)0)->rss_stat.count))              \
      pages = BPF_CORE_READ((struct mm_struct___old *)(mm), rss_stat.count[kind].counter); \
    else                                                                                   \
      pages = BPF_CORE_READ(mm, rss_stat[kind].count);                                     \
    pages > 0 ? pages : 0;                                                                 \
  })

static __always_inline __u64 resident_pages(struct task_struct *task) {
  struct mm_struct *mm = BPF_CORE_READ(task, mm);
  if (!mm) return 0;
  return RESIDENT(mm, 0) + RESIDENT(mm, 1) + RESIDENT(mm, 3);
}

static __always_inline int number_in_own_namespace(struct pid *pid, __u32 *level) {
  struct upid last = {};
  unsigned int depth;
  if (!pid) return 0;
  depth = BPF_CORE_READ(pid, level);
  *level = depth;
  if (depth > 32) return 0;
  bpf_core_read(&last, sizeof(last), &pid->numbers[depth]);
  return last.nr;
}

/* `cgroup` comes from note_cgroup(), called before the record is reserved: a cgroup's path must be on the ring before
 * whoever names it. */
static __always_inline void read_facts(struct davy_facts *facts, struct task_struct *task,
                                       const struct davy_cgroup_key *cgroup) {
  struct task_struct *leader = BPF_CORE_READ(task, group_leader);
  struct pid *session = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]);
  facts->pidns_level = 0;
  facts->parent_tgid = BPF_CORE_READ(leader, real_parent, tgid);
  facts->uid = BPF_CORE_READ(task, real_cred, uid.val);
  facts->session = session ? BPF_CORE_READ(session, numbers[0].nr) : 0;
  facts->nspid = number_in_own_namespace(BPF_CORE_READ(leader, thread_pid), &facts->pidns_level);
  facts->threads = threads_of(task);
  bpf_probe_read_kernel_str(facts->comm, sizeof(facts->comm), &leader->comm);
  facts->cgroup = *cgroup;
}

static __always_inline void read_use(__u64 use[DAVY_USE_N], struct task_struct *task) {
  use[DAVY_USE_CPU] = READ(task, se.sum_exec_runtime);
  use[DAVY_USE_USER] = READ(task, utime);
  use[DAVY_USE_SYSTEM] = READ(task, stime);
  use[DAVY_USE_RUN_DELAY] = READ(task, sched_info.run_delay);
  use[DAVY_USE_VOLUNTARY] = READ(task, nvcsw);
  use[DAVY_USE_INVOLUNTARY] = READ(task, nivcsw);
  use[DAVY_USE_MIGRATIONS] = READ(task, se.nr_migrations);
  use[DAVY_USE_MINOR] = READ(task, min_flt);
  use[DAVY_USE_MAJOR] = READ(task, maj_flt);
}

/* Several threads of a process may end at once, hence the atomic adds. Not static: the verifier then looks at it once,
 * not at every call. */
__noinline int fold_tally(struct davy_retired *into, struct davy_tally *tally) {
  if (!into || !tally) return 0;
  for (int i = 0; i < DAVY_COUNT_N; i++)
    if (tally->count[i]) __sync_fetch_and_add(&into->count[i], tally->count[i]);
  for (int i = 0; i < DAVY_BYTES_N; i++)
    if (tally->bytes[i]) __sync_fetch_and_add(&into->bytes[i], tally->bytes[i]);
  return 0;
}

static __always_inline void fold_use(struct davy_retired *into, struct task_struct *task) {
  __u64 use[DAVY_USE_N];
  read_use(use, task);
  for (int i = 0; i < DAVY_USE_N; i++) __sync_fetch_and_add(&into->use[i], use[i]);
}

/* A thread's counters and its use of the machine. Where threads share their counters these wait for the process's end.
 */
static __always_inline void fold(struct davy_retired *into, struct task_struct *task, struct davy_tally *tally) {
#ifndef DAVY_RAW
  fold_tally(into, tally);
#endif
  fold_use(into, task);
}

static __always_inline struct davy_exit *begin_exit(struct task_struct *task, __u32 kind, bool alone) {
  struct davy_cgroup_key cgroup;
  struct davy_exit *record;
  note_cgroup(task, &cgroup);
  record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
  if (!record) {
    lose(DAVY_LOSS_RING_EXIT);
    return NULL;
  }
  head_of(&record->head, task, kind, sizeof(*record));
  record->at_ns = bpf_ktime_get_boot_ns();
  record->exit_code = READ(task, exit_code);
  record->alone = alone;
  record->rss_pages = resident_pages(task);
  read_facts(&record->facts, task, &cgroup);
  return record;
}

static __always_inline void copy_total(struct davy_exit *record, const struct davy_retired *from) {
  if (from)
    __builtin_memcpy(&record->total, from, sizeof(record->total));
  else
    __builtin_memset(&record->total, 0, sizeof(record->total));
}

/* Tells what the process had retired, and on top of it this thread when `own`. */
static __always_inline bool tell_exit(struct task_struct *task, __u32 kind, struct davy_retired *entry,
                                      struct davy_tally *tally, bool own, bool last) {
  struct davy_exit *record = begin_exit(task, kind, own && kind == DAVY_EXIT && !entry);
  if (!record) return false;
  copy_total(record, entry);
#ifdef DAVY_RAW
  if (last) fold_tally(&record->total, tally);
#endif
  if (own) fold(&record->total, task, tally);
  record->total.ended = last;
  bpf_ringbuf_submit(record, ring_flags());
  return true;
}

/* No thread is left that could count. */
static __always_inline void drop_tally(struct davy_who *who) {
#ifdef DAVY_RAW
  bpf_map_delete_elem(&tallies, who);
#endif
}

/* How the end of a thread becomes known.
 *
 * A thread that ends among others adds itself to its process's entry in `retired`; who then finds no thread left alive
 * tells the whole entry. The last to add has, at that moment, no live sibling (siblings are counted out before this
 * hook runs), so the record it tells is complete; records told earlier are smaller in every counter. This holds when
 * the leader ends first and when another thread calls exec: the key is the process's, not the leader task's.
 * A thread that is the only one left needs no entry. When the ring is full, or `retired` is, the counts go to the
 * other of the two, so they are lost only when both are full. */
HOOK("sched_process_exit")
int BPF_PROG(thread_ended, struct task_struct *task) {
  struct davy_tally *tally;
  struct davy_retired *entry;
  struct davy_who who;
  bool alone, last, kept;
  if (READ(task, flags) & PF_KTHREAD) return 0;
  tally = known_tally_of(task);
  identify(&who, task);
  alone = threads_of(task) <= 1;
  entry = alone ? bpf_map_lookup_elem(&retired, &who) : retired_of(&who);
  kept = !alone && entry;
  if (kept) fold(entry, task, tally);
  last = alone || BPF_CORE_READ(task, signal, live.counter) == 0;
  if (kept && !last) return 0;
  if (tell_exit(task, kept || alone ? DAVY_EXIT : DAVY_PART, entry, tally, !kept, last)) {
    if (entry) entry->ended = last;
    if (last) drop_tally(&who);
    return 0;
  }
  if (!entry) entry = retired_of(&who);
  if (!entry) {
    lose(DAVY_LOSS_RETIRED_FULL);
    if (last) drop_tally(&who);
    return 0;
  }
  if (!kept) fold(entry, task, tally);
#ifdef DAVY_RAW
  if (last) fold_tally(entry, tally);
#endif
  if (last) drop_tally(&who);
  entry->ended = last;
  return 0;
}

HOOK("sched_process_fork")
int BPF_PROG(task_born, struct task_struct *parent, struct task_struct *child) {
  if (READ(parent, flags) & PF_KTHREAD) return 0;
  count(parent, tally_of(parent),
        READ(child, tgid) == READ(parent, tgid) ? DAVY_COUNT_THREADS_CREATED : DAVY_COUNT_PROCESSES_CREATED, 1);
  return 0;
}

HOOK("sched_process_exec")
int BPF_PROG(program_started, struct task_struct *task, int old_pid, struct linux_binprm *program) {
  struct davy_tally *tally = tally_of(task);
  struct davy_exec *record;
  count(task, tally, DAVY_COUNT_EXECS, 1);
  if (tally) tally->exe_told = 0;
  record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
  if (!record) {
    lose(DAVY_LOSS_RING_EXEC);
    return 0;
  }
  head_of(&record->head, task, DAVY_EXEC, sizeof(*record));
  record->at_ns = bpf_ktime_get_boot_ns();
  bpf_probe_read_kernel_str(record->comm, sizeof(record->comm), &task->comm);
  record->old_tid = old_pid;
  record->pad = 0;
  record->path[0] = 0;
  bpf_probe_read_kernel_str(record->path, sizeof(record->path), BPF_CORE_READ(program, filename));
  bpf_ringbuf_submit(record, ring_flags());
  return 0;
}

/* io_uring works outside system calls. Two names, by kernel; the loader keeps the one that exists. */
static __always_inline int count_submit(void) {
  struct task_struct *task = current_task();
  if (!(READ(task, flags) & PF_KTHREAD)) count(task, tally_of(task), DAVY_COUNT_IO_URING_SUBMITS, 1);
  return 0;
}

OPTIONAL_HOOK("io_uring_submit_req")
int BPF_PROG(ring_submitted, void *request) { return count_submit(); }

OPTIONAL_HOOK("io_uring_submit_sqe")
int BPF_PROG(ring_submitted_old, void *request) { return count_submit(); }

#endif
