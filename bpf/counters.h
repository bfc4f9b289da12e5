/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Every system call, counted when it returns. */
#ifndef DAVY_COUNTERS_H
#define DAVY_COUNTERS_H

#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define MAP_HUGETLB 0x40000
#define SHM_HUGETLB 04000
#define MFD_HUGETLB 4
#define MADV_HUGEPAGE 14
#define MADV_COLLAPSE 25
#define LARGE_MAP (64ULL << 20)

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EBADF 9
#define EAGAIN 11
#define EACCES 13
#define EFAULT 14
#define ENOTDIR 20
#define EINVAL 22
#define EPIPE 32
#define ENOSYS 38
#define ENETUNREACH 101
#define ECONNRESET 104
#define ETIMEDOUT 110
#define ECONNREFUSED 111
#define EHOSTUNREACH 113
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

static __always_inline bool failed(long ret) { return (unsigned long)ret >= (unsigned long)-4095L; }

static __always_inline __u32 error_row(long error) {
  switch (error) {
    case EAGAIN:
      return DAVY_COUNT_ERROR_AGAIN;
    case EINTR:
    case ERESTARTSYS ... ERESTART_RESTARTBLOCK:
      return DAVY_COUNT_ERROR_INTERRUPTED;
    case ENOENT:
    case ENOTDIR:
      return DAVY_COUNT_ERROR_MISSING;
    case EPERM:
    case EACCES:
      return DAVY_COUNT_ERROR_DENIED;
    case ETIMEDOUT:
      return DAVY_COUNT_ERROR_TIMED_OUT;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ENETUNREACH:
    case EHOSTUNREACH:
      return DAVY_COUNT_ERROR_NETWORK;
    case EINVAL:
    case ENOSYS:
    case EBADF:
    case EFAULT:
      return DAVY_COUNT_ERROR_INVALID;
    default:
      return DAVY_COUNT_ERROR_OTHER;
  }
}

/* A futex call that waits is told from one that wakes. */
static __always_inline __u32 futex_class(unsigned long op) {
  switch (op & 0x7f) {
    case 0:  /* WAIT */
    case 6:  /* LOCK_PI */
    case 9:  /* WAIT_BITSET */
    case 11: /* WAIT_REQUEUE_PI */
    case 13: /* LOCK_PI2 */
      return DAVY_CALL_FUTEX_WAIT;
    default:
      return DAVY_CALL_FUTEX_OTHER;
  }
}

static __always_inline void look_at_mmap(struct davy_tally *tally, struct pt_regs *regs, long ret) {
  unsigned long length = regs->si, protection = regs->dx, flags = regs->r10;
  if (flags & MAP_HUGETLB) {
    tally->count[DAVY_COUNT_HUGE_ASKED]++;
    if (failed(ret)) tally->count[DAVY_COUNT_HUGE_REFUSED]++;
  }
  if ((protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) tally->count[DAVY_COUNT_MAPS_WX]++;
  if (!(flags & MAP_ANONYMOUS)) return;
  if (protection & PROT_EXEC) tally->count[DAVY_COUNT_MAPS_X_ANON]++;
  if (length >= LARGE_MAP) tally->count[DAVY_COUNT_MAPS_LARGE]++;
  if (!failed(ret)) tally->bytes[DAVY_BYTES_MAPPED] += length;
}

/* Signals that end a process unless it cares, sent to another one. */
static __always_inline bool is_kill_of_other(struct task_struct *task, struct pt_regs *regs, bool one_thread) {
  int target = regs->di;
  int number = one_thread ? regs->dx : regs->si;
  if (target == task->tgid || target == 0) return false;
  return number == 9 || number == 15 || number == 2 || number == 1 || number == 3;
}

static __always_inline void tried(struct davy_tally *tally, long ret, __u32 asked, __u32 refused) {
  tally->count[asked]++;
  if (failed(ret)) tally->count[refused]++;
}

/* The classes whose arguments matter. */
static __noinline void look_at(struct task_struct *task, struct davy_tally *tally, struct pt_regs *regs, long ret,
                               __u32 look) {
  switch (look) {
    case LOOK_OPEN:
      look_at_open(task, tally, regs, ret);
      break;
    case LOOK_MMAP:
      look_at_mmap(tally, regs, ret);
      break;
    case LOOK_MPROTECT:
      if (!(regs->dx & PROT_EXEC)) break;
      tally->count[DAVY_COUNT_PROTECTS_X]++;
      if (regs->dx & PROT_WRITE) tally->count[DAVY_COUNT_MAPS_WX]++;
      break;
    case LOOK_MADVISE:
      if (regs->dx == MADV_HUGEPAGE || regs->dx == MADV_COLLAPSE) tally->count[DAVY_COUNT_HUGE_ADVISED]++;
      break;
    case LOOK_SHMGET:
      if (regs->dx & SHM_HUGETLB) tried(tally, ret, DAVY_COUNT_HUGE_ASKED, DAVY_COUNT_HUGE_REFUSED);
      break;
    case LOOK_MEMFD:
      if (regs->si & MFD_HUGETLB) tried(tally, ret, DAVY_COUNT_HUGE_ASKED, DAVY_COUNT_HUGE_REFUSED);
      if (!failed(ret)) tally->count[DAVY_COUNT_MEMFDS]++;
      break;
    case LOOK_AFFINITY:
      tried(tally, ret, DAVY_COUNT_AFFINITY_SET, DAVY_COUNT_AFFINITY_REFUSED);
      break;
    case LOOK_PRIORITY:
      tried(tally, ret, DAVY_COUNT_PRIORITY_SET, DAVY_COUNT_PRIORITY_REFUSED);
      break;
    case LOOK_MODULE:
      tally->count[DAVY_COUNT_MODULES_ASKED]++;
      break;
    case LOOK_KILL:
      if (is_kill_of_other(task, regs, regs->orig_ax == 234)) tally->count[DAVY_COUNT_KILLS]++;
      break;
    case LOOK_PTRACE:
      tally->count[DAVY_COUNT_PTRACED]++;
      break;
  }
}

static __always_inline void count_bytes(struct davy_tally *tally, __u32 look, __u32 class, long ret) {
  if (look & LOOK_IN) tally->bytes[DAVY_BYTES_READ] += ret;
  if (look & LOOK_OUT) tally->bytes[DAVY_BYTES_WRITTEN] += ret;
  if (!sizes_from_calls) return;
  if (class == DAVY_CALL_SEND) {
    tally->bytes[DAVY_BYTES_SENT] += ret;
    tally->count[DAVY_COUNT_MESSAGES_SENT]++;
  } else if (class == DAVY_CALL_RECEIVE) {
    tally->bytes[DAVY_BYTES_RECEIVED] += ret;
    tally->count[DAVY_COUNT_MESSAGES_RECEIVED]++;
  }
}

SEC("tp_btf/sys_exit")
int BPF_PROG(count_call, struct pt_regs *regs, long ret) {
  struct task_struct *task = bpf_get_current_task_btf();
  unsigned long number = regs->orig_ax;
  __u32 class = DAVY_CALL_OTHER, look = 0;
  struct davy_tally *tally;

  if (task->thread_info.status & TS_COMPAT) {
    class = DAVY_COUNT_COMPAT;
  } else if (number < CALL_NUMBERS) {
    __u32 entry = call_table[number];
    class = entry & 0xff;
    look = entry & 0xff00;
    if (look == LOOK_NEWBORN && ret == 0) return 0; /* the child's side of a clone */
    if (look == LOOK_FUTEX) class = futex_class(regs->si);
  } else if (number == -1UL) {
    class = DAVY_CALL_SIGNAL; /* rt_sigreturn forgets its number */
  }
  if (class >= DAVY_COUNT_N) return 0;
  tally = tally_of(task);
  if (!tally) {
    count_without_tally(task, class, 1);
    return 0;
  }
  tally->count[class]++;
  if (failed(ret)) tally->count[error_row(-ret)]++;
  if (!look) return 0;
  if (look <= LOOK_BOTH) {
    if (ret > 0) count_bytes(tally, look, class, ret);
  } else if (look > LOOK_FUTEX) {
    look_at(task, tally, regs, ret, look);
  }
  return 0;
}

#endif
