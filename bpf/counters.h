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
  unsigned long length = READ(regs, si), protection = READ(regs, dx), flags = READ(regs, r10);
  if (flags & MAP_HUGETLB) {
    ADD(tally->count[DAVY_COUNT_HUGE_ASKED], 1);
    if (failed(ret)) ADD(tally->count[DAVY_COUNT_HUGE_REFUSED], 1);
  }
  if ((protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) ADD(tally->count[DAVY_COUNT_MAPS_WX], 1);
  if (!(flags & MAP_ANONYMOUS)) return;
  if (protection & PROT_EXEC) ADD(tally->count[DAVY_COUNT_MAPS_X_ANON], 1);
  if (length >= LARGE_MAP) ADD(tally->count[DAVY_COUNT_MAPS_LARGE], 1);
  if (!failed(ret)) ADD(tally->bytes[DAVY_BYTES_MAPPED], length);
}

#define CALL_TGKILL 234
#define CALL_RT_TGSIGQUEUEINFO 297
#define CALL_PIDFD_SEND_SIGNAL 424

/* Signals that end a process unless it cares, sent to another one. Whom a descriptor means is not looked up: nobody
 * asks for one of himself. */
static __always_inline bool is_kill_of_other(struct task_struct *task, struct pt_regs *regs) {
  __u32 level = 0;
  int self = number_in_own_namespace(BPF_CORE_READ(task, group_leader, thread_pid), &level);
  int call = READ(regs, orig_ax), target = READ(regs, di);
  int number = call == CALL_TGKILL || call == CALL_RT_TGSIGQUEUEINFO ? READ(regs, dx) : READ(regs, si);
  if (call != CALL_PIDFD_SEND_SIGNAL && (target == self || target == 0)) return false;
  return number == 9 || number == 15 || number == 2 || number == 1 || number == 3;
}

static __always_inline void tried(struct davy_tally *tally, long ret, __u32 asked, __u32 refused) {
  ADD(tally->count[asked], 1);
  if (failed(ret)) ADD(tally->count[refused], 1);
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
      if (!(READ(regs, dx) & PROT_EXEC)) break;
      ADD(tally->count[DAVY_COUNT_PROTECTS_X], 1);
      if (READ(regs, dx) & PROT_WRITE) ADD(tally->count[DAVY_COUNT_MAPS_WX], 1);
      break;
    case LOOK_MADVISE:
      if (READ(regs, dx) == MADV_HUGEPAGE || READ(regs, dx) == MADV_COLLAPSE)
        ADD(tally->count[DAVY_COUNT_HUGE_ADVISED], 1);
      break;
    case LOOK_SHMGET:
      if (READ(regs, dx) & SHM_HUGETLB) tried(tally, ret, DAVY_COUNT_HUGE_ASKED, DAVY_COUNT_HUGE_REFUSED);
      break;
    case LOOK_MEMFD:
      if (READ(regs, si) & MFD_HUGETLB) tried(tally, ret, DAVY_COUNT_HUGE_ASKED, DAVY_COUNT_HUGE_REFUSED);
      if (!failed(ret)) ADD(tally->count[DAVY_COUNT_MEMFDS], 1);
      break;
    case LOOK_AFFINITY:
      tried(tally, ret, DAVY_COUNT_AFFINITY_SET, DAVY_COUNT_AFFINITY_REFUSED);
      break;
    case LOOK_PRIORITY:
      tried(tally, ret, DAVY_COUNT_PRIORITY_SET, DAVY_COUNT_PRIORITY_REFUSED);
      break;
    case LOOK_MODULE:
      ADD(tally->count[DAVY_COUNT_MODULES_ASKED], 1);
      break;
    case LOOK_KILL:
      if (is_kill_of_other(task, regs)) ADD(tally->count[DAVY_COUNT_KILLS], 1);
      break;
    case LOOK_PTRACE:
      ADD(tally->count[DAVY_COUNT_PTRACED], 1);
      break;
  }
}

static __always_inline void count_bytes(struct davy_tally *tally, __u32 look, __u32 class, long ret) {
  if (look & LOOK_IN) ADD(tally->bytes[DAVY_BYTES_READ], ret);
  if (look & LOOK_OUT) ADD(tally->bytes[DAVY_BYTES_WRITTEN], ret);
  if (!sizes_from_calls) return;
  if (class == DAVY_CALL_SEND) {
    ADD(tally->bytes[DAVY_BYTES_SENT], ret);
    ADD(tally->count[DAVY_COUNT_MESSAGES_SENT], 1);
  } else if (class == DAVY_CALL_RECEIVE) {
    ADD(tally->bytes[DAVY_BYTES_RECEIVED], ret);
    ADD(tally->count[DAVY_COUNT_MESSAGES_RECEIVED], 1);
  }
}

HOOK("sys_exit")
int BPF_PROG(count_call, struct pt_regs *regs, long ret) {
  struct task_struct *task = current_task();
  unsigned long number = READ(regs, orig_ax);
  __u32 class = DAVY_CALL_OTHER, look = 0;
  struct davy_tally *tally;

  if (READ(task, thread_info.status) & TS_COMPAT) {
    class = DAVY_COUNT_COMPAT;
  } else if (number < CALL_NUMBERS) {
    __u32 entry = call_table[number];
    class = entry & 0xff;
    look = entry & 0xff00;
    if (look == LOOK_NEWBORN && ret == 0) return 0; /* the child's side of a clone */
    if (look == LOOK_FUTEX) class = futex_class(READ(regs, si));
  } else if (number == -1UL) {
    class = DAVY_CALL_SIGNAL; /* rt_sigreturn forgets its number */
  }
  if (class >= DAVY_COUNT_N) return 0;
  tally = tally_of(task);
  if (!tally) {
    count_without_tally(task, class, 1);
    return 0;
  }
  ADD(tally->count[class], 1);
  if (failed(ret)) ADD(tally->count[error_row(-ret)], 1);
  if (!look) return 0;
  if (look <= LOOK_BOTH) {
    if (ret > 0) count_bytes(tally, look, class, ret);
  } else if (look > LOOK_FUTEX) {
    look_at(task, tally, regs, ret, look);
  }
  return 0;
}

#endif
