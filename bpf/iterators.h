/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What the collector reads when it asks: CPU time, memory, mappings, conversations. */
#ifndef DAVY_ITERATORS_H
#define DAVY_ITERATORS_H

#define PULSE_LEAST_NS 500000ULL
#define DESCRIPTOR_WORDS 16

static __always_inline void read_memory(struct davy_process_row *row, struct mm_struct *mm) {
  row->rss_file_pages = RESIDENT(mm, 0);
  row->rss_anon_pages = RESIDENT(mm, 1);
  row->swapped_pages = RESIDENT(mm, 2);
  row->rss_shared_pages = RESIDENT(mm, 3);
  row->virtual_pages = BPF_CORE_READ(mm, total_vm);
  row->locked_pages = BPF_CORE_READ(mm, locked_vm);
  if (bpf_core_field_exists(struct mm_struct, hugetlb_usage))
    row->hugetlb_pages = BPF_CORE_READ(mm, hugetlb_usage.counter);
  row->mappings = BPF_CORE_READ(mm, map_count);
}

static __always_inline __u64 changed_at(struct inode *inode) {
  if (bpf_core_field_exists(struct inode, i_ctime_sec)) return BPF_CORE_READ(inode, i_ctime_sec);
  return BPF_CORE_READ((struct inode___old *)inode, i_ctime.tv_sec);
}

static __always_inline void read_executable(struct davy_process_row *row, struct mm_struct *mm) {
  struct inode *inode = BPF_CORE_READ(mm, exe_file, f_inode);
  if (!inode) return;
  row->exe_inode = BPF_CORE_READ(inode, i_ino);
  row->exe_changed_s = changed_at(inode);
  row->exe_magic = BPF_CORE_READ(inode, i_sb, s_magic);
  if (BPF_CORE_READ(inode, i_nlink) == 0) row->exe_flags |= DAVY_EXE_DELETED;
}

static __always_inline __u32 bits_in(__u64 word) {
  word -= (word >> 1) & 0x5555555555555555ULL;
  word = (word & 0x3333333333333333ULL) + ((word >> 2) & 0x3333333333333333ULL);
  return (((word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * 0x0101010101010101ULL) >> 56;
}

/* Open descriptors, up to 1,024. */
static __always_inline __u32 count_descriptors(struct task_struct *task) {
  struct fdtable *table = BPF_CORE_READ(task, files, fdt);
  unsigned long *map;
  __u32 most, found = 0;
  if (!table) return 0;
  most = BPF_CORE_READ(table, max_fds);
  map = BPF_CORE_READ(table, open_fds);
  for (__u32 i = 0; i < DESCRIPTOR_WORDS && i * 64 < most; i++) {
    __u64 word = 0;
    bpf_probe_read_kernel(&word, sizeof(word), map + i);
    found += bits_in(word);
  }
  return found;
}

static __always_inline long tell_process(struct seq_file *seq, struct task_struct *task) {
  struct davy_process_row row = {};
  struct davy_cgroup_key cgroup;
  struct mm_struct *mm = BPF_CORE_READ(task, mm);
  row.kind = DAVY_ROW_PROCESS;
  identify(&row.who, task);
  note_cgroup(task, &cgroup);
  read_facts(&row.facts, task, &cgroup);
  row.cpus_allowed = task->nr_cpus_allowed;
  row.descriptors = count_descriptors(task);
  if (mm) {
    read_memory(&row, mm);
    read_executable(&row, mm);
  }
  return bpf_seq_write(seq, &row, sizeof(row));
}

static __always_inline long tell_thread(struct seq_file *seq, struct task_struct *task, struct davy_tally *tally,
                                        bool unchanged) {
  struct davy_thread_row row = {};
  long error;
  row.kind = DAVY_ROW_THREAD;
  row.tid = task->pid;
  identify(&row.who, task);
  row.start_ns = task->start_boottime;
  if (!(task->flags & PF_EXITING)) read_use(row.use, task);
  row.has_tally = tally != NULL;
  row.policy = task->policy;
  row.nice_plus_20 = task->static_prio - 100;
  row.unchanged = unchanged;
  error = bpf_seq_write(seq, &row, sizeof(row));
  if (!error && tally) error = bpf_seq_write(seq, tally, sizeof(*tally));
  return error;
}

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct davy_exe_row);
} exe_scratch SEC(".maps");

#define LONGEST_PATH 4096 /* a power of two */
struct long_path {
  char text[LONGEST_PATH];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct long_path);
} path_scratch SEC(".maps");

/* The path of a file; of a long one its start, or its end. Returns the length kept. */
static __always_inline __u32 read_path(char to[DAVY_PATH_MAX], struct file *file, bool end) {
  struct long_path *path;
  __u32 zero = 0;
  long length, skipped = 0;
  path = bpf_map_lookup_elem(&path_scratch, &zero);
  if (!path) return 0;
  length = bpf_d_path(&file->f_path, path->text, sizeof(path->text)); /* with the NUL */
  if (length <= 0 || length > LONGEST_PATH) return 0;
  if (length > DAVY_PATH_MAX && end) skipped = length - DAVY_PATH_MAX;
  bpf_probe_read_kernel(to, DAVY_PATH_MAX, path->text + (skipped & (LONGEST_PATH - 1)));
  return (length > DAVY_PATH_MAX ? DAVY_PATH_MAX : length) - 1;
}

/* The path of the executable, once after each exec. True when it has been written. */
static __always_inline bool tell_executable(struct seq_file *seq, struct task_struct *task, struct davy_tally *tally) {
  struct davy_exe_row *row;
  struct mm_struct *mm = task->mm;
  struct file *file;
  __u32 zero = 0;
  if (!tally || (tally->exe_told && !full_pass) || !mm) return false;
  file = mm->exe_file;
  row = bpf_map_lookup_elem(&exe_scratch, &zero);
  if (!file || !row) return false;
  row->kind = DAVY_ROW_EXE;
  identify(&row->who, task);
  row->length = read_path(row->path, file, false); /* where it lies tells most */
  return !bpf_seq_write(seq, row, sizeof(*row));
}

/* The memory and the files of a process are gone from its first thread when that has ended. Then the first other thread
 * that is met tells of the process, once a pass: `entry` is where that is noted. */
static __always_inline bool stands_in(struct task_struct *task, struct davy_retired **entry) {
  struct davy_who who;
  if (!(BPF_CORE_READ(task, group_leader, flags) & PF_EXITING)) return false;
  identify(&who, task);
  *entry = retired_of(&who);
  return !*entry || (*entry)->told_slice != slice_number;
}

/* Threads that ran in the slice, and every thread of a process with several (the collector sums them). A thread that
 * ends is left out: its counts are in `retired`, which the collector has read before. A row that does not fit makes the
 * kernel take back all rows of this thread and ask again, so what was told is noted last. */
SEC("iter/task")
int slice_tasks(struct bpf_iter__task *context) {
  struct seq_file *seq = context->meta->seq;
  struct task_struct *task = context->task;
  struct davy_tally *tally, *counted;
  struct davy_retired *entry = NULL;
  bool leader, unchanged, exe_told = false;
  __u64 cpu;
  if (!task || task->flags & PF_KTHREAD) return 0;
  if (task->flags & PF_EXITING && BPF_CORE_READ(task, signal, live.counter) == 0) return 0; /* tells its end itself */
  leader = task->pid == task->tgid;
  tally = tally_of(task);
  cpu = task->se.sum_exec_runtime;
#ifdef DAVY_RAW
  unchanged = false;
  counted = leader ? tally : NULL; /* it is the process's */
#else
  unchanged = tally && tally->slice_ns == cpu;
  counted = tally;
#endif
  if (unchanged && !full_pass && threads_of(task) == 1) return 0;
  if (!(task->flags & PF_EXITING) && (leader || stands_in(task, &entry))) {
    if (tell_process(seq, task)) return 0;
    exe_told = tell_executable(seq, task, tally);
  }
#ifdef DAVY_RAW
  if (task->flags & PF_EXITING && !leader) return 0; /* what the leader counted is everybody's */
#else
  if (task->flags & PF_EXITING) return 0;
#endif
  if (tell_thread(seq, task, counted, unchanged)) return 0;
  if (entry) entry->told_slice = slice_number;
  if (!tally) return 0;
  tally->slice_ns = cpu;
  if (exe_told) tally->exe_told = 1;
  return 0;
}

#ifdef DAVY_RAW
/* Threads share a tally here, so what the last pulse told of each is kept apart. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 32768);
  __type(key, __u64); /* start of the thread, mixed with its number */
  __type(value, __u64);
} pulses_told SEC(".maps");

static __always_inline __u64 *pulse_mark(struct task_struct *task, struct davy_tally *tally) {
  __u64 key = task->start_boottime ^ ((__u64)task->pid << 40), none = 0;
  __u64 *mark = bpf_map_lookup_elem(&pulses_told, &key);
  if (mark) return mark;
  bpf_map_update_elem(&pulses_told, &key, &none, BPF_NOEXIST);
  return bpf_map_lookup_elem(&pulses_told, &key);
}
#else
static __always_inline __u64 *pulse_mark(struct task_struct *task, struct davy_tally *tally) {
  return &tally->pulse_ns;
}
#endif

#define CLOCK_SKEW_NS 10000000ULL /* of the scheduler's clocks between CPUs, at most */

static __always_inline void start_pulse(struct bpf_iter_meta *meta) {
  if (meta->seq_num) return;
  pulse_clock[0] = pulse_clock[1];
  pulse_clock[1] = BPF_CORE_READ(current_task(), sched_info.last_arrival);
}

/* True for a task that got no CPU since the last pulse, found without touching its counters, which are cold memory. One
 * that ran on from before and then stopped is missed until it runs again; its time is told then. */
static __always_inline bool sleeps(struct task_struct *task) {
  if (!bpf_core_field_exists(task->on_cpu)) return false;
  return !task->on_cpu && task->sched_info.last_arrival + CLOCK_SKEW_NS < pulse_clock[0];
}

/* Once a pulse: who used the CPU. Too small a use waits until it has grown. */
SEC("iter/task")
int pulse_tasks(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;
  struct davy_pulse_row row = {};
  struct davy_tally *tally;
  __u64 cpu, *mark;
  start_pulse(context->meta);
  if (!task || task->flags & (PF_KTHREAD | PF_EXITING)) return 0;
  if (!full_pass && sleeps(task)) return 0;
  cpu = task->se.sum_exec_runtime;
  tally = tally_of(task);
  if (!tally) return 0;
  mark = pulse_mark(task, tally);
  if (!mark) return 0;
  row.cpu_ns = cpu - *mark;
  tally->busy = row.cpu_ns >= busy_ns;
  if (row.cpu_ns < PULSE_LEAST_NS) return 0;
  row.kind = DAVY_ROW_PULSE;
  row.tid = task->pid;
  identify(&row.who, task);
  if (!bpf_seq_write(context->meta->seq, &row, sizeof(row))) *mark = cpu;
  return 0;
}

#ifndef DAVY_RAW
SEC("iter/bpf_sk_storage_map")
int slice_conversations(struct bpf_iter__bpf_sk_storage_map *context) {
  struct davy_conversation *talk = context->value;
  struct davy_head head = {.kind = DAVY_ROW_CONVERSATION};
  __u32 messages;
  if (!talk || !talk->owner.tgid || talk->closed)
    return 0; /* told whole when it closed, though the socket is still held */
  messages = talk->sent.messages + talk->received.messages;
  if (messages == talk->told_messages && !full_pass) return 0;
  head.size = sizeof(*talk);
  head.who = talk->owner;
  if (bpf_seq_write(context->meta->seq, &head, sizeof(head))) return 0;
  if (bpf_seq_write(context->meta->seq, talk, sizeof(*talk))) return 0;
  talk->told_messages = messages;
  talk->sent.first_ns = talk->received.first_ns = 0;
  talk->sent.largest = talk->received.largest = 0;
  return 0;
}
#endif

#define VM_READ 1
#define VM_WRITE 2
#define VM_EXEC 4
#define TELL_ANONYMOUS (1ULL << 20)
#define HUGETLBFS_MAGIC 0x958458f6
#define TMPFS_MAGIC 0x01021994

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct davy_mapping_row);
} mapping_scratch SEC(".maps");

static __always_inline void read_file(struct davy_mapping_row *row, struct vm_area_struct *area, struct file *file) {
  unsigned long start = BPF_CORE_READ(area, vm_mm, start_code);
  struct inode *inode = file->f_inode;
  row->inode = inode->i_ino;
  row->device = inode->i_sb->s_dev;
  row->is_exe = area->vm_start <= start && start < area->vm_end;
  row->length = read_path(row->path, file, true); /* its name tells most */
}

/* Memory that goes by a file nobody else can open: huge pages, shared anonymous memory, memfd. */
static __always_inline bool stands_for_memory(struct file *file) {
  unsigned long magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic);
  return magic == HUGETLBFS_MAGIC || (magic == TMPFS_MAGIC && BPF_CORE_READ(file, f_inode, i_nlink) == 0);
}

/* The code the kernel lends to every process. */
static __always_inline bool is_vdso(struct vm_area_struct *area) {
  return (void *)area->vm_start == BPF_CORE_READ(area, vm_mm, context.vdso);
}

/* True for the one thread whose mappings are asked for: its siblings have the same, and kernels before 6.1 iterate over
 * all tasks there are. */
static __always_inline bool is_walked(struct task_struct *task) {
  if ((__u32)task->tgid != walked_tgid) return false;
  if (!walked_thread) walked_thread = task->pid;
  return walked_thread == (__u32)task->pid;
}

/* Mappings of one process: executable ones with their file, and anonymous ones of 1 MiB or more. */
SEC("iter/task_vma")
int process_mappings(struct bpf_iter__task_vma *context) {
  struct task_struct *task = context->task;
  struct vm_area_struct *area = context->vma;
  struct davy_mapping_row *row;
  struct file *file;
  bool anonymous;
  __u32 zero = 0;
  if (!task || !area || !is_walked(task) || is_vdso(area)) return 0;
  file = area->vm_file;
  row = bpf_map_lookup_elem(&mapping_scratch, &zero);
  if (!row) return 0;
  row->bytes = area->vm_end - area->vm_start;
  row->flags = area->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
  anonymous = !file || stands_for_memory(file);
  if (!(row->flags & DAVY_MAP_EXEC) && (!anonymous || row->bytes < TELL_ANONYMOUS)) return 0;
  row->kind = DAVY_ROW_MAPPING;
  row->inode = row->length = row->device = row->is_exe = row->pad = 0;
  identify(&row->who, task);
  if (file && !anonymous) read_file(row, area, file);
  bpf_seq_write(context->meta->seq, row, sizeof(*row));
  return 0;
}

#endif
