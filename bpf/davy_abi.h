/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What the kernel side and the collector share: counters, records and the meaning of their fields.
 *
 * Included by both. collect/ebpf/abi_test.cc compares every struct with the BTF of the compiled object, and static_asserts in
 * collect/ebpf/totals.cc tie each counter to its row in event/counters.h.
 */
#ifndef DAVY_ABI_H
#define DAVY_ABI_H

#ifdef __cplusplus
#include <cstdint>
using davy_u64 = std::uint64_t;
using davy_u32 = std::uint32_t;
using davy_u16 = std::uint16_t;
using davy_u8 = std::uint8_t;
using davy_s32 = std::int32_t;
#else
typedef __u64 davy_u64;
typedef __u32 davy_u32;
typedef __u16 davy_u16;
typedef __u8 davy_u8;
typedef __s32 davy_s32;
#endif

/* Classes of system call, in the order of event/counters.h. X(name here, name there) */
#define DAVY_CALL_CLASSES(X)                                                                                      \
  X(READ, Read) X(WRITE, Write) X(PREAD, Pread) X(PWRITE, Pwrite) X(OPEN, Open) X(CLOSE, Close) X(STAT, Stat)     \
  X(SEEK, Seek) X(FCNTL, Fcntl) X(POLL, Poll) X(EPOLL_WAIT, EpollWait) X(EPOLL_CTL, EpollCtl) X(SOCKET, Socket)   \
  X(CONNECT, Connect) X(ACCEPT, Accept) X(LISTEN, Listen) X(SEND, Send) X(RECEIVE, Receive) X(SOCKOPT, Sockopt)   \
  X(PIPE, Pipe) X(FUTEX_WAIT, FutexWait) X(FUTEX_OTHER, FutexOther) X(YIELD, Yield) X(SLEEP, Sleep)               \
  X(CLOCK, Clock) X(TIMER, Timer) X(MMAP, Mmap) X(MUNMAP, Munmap) X(MPROTECT, Mprotect) X(MADVISE, Madvise)       \
  X(BRK, Brk) X(MLOCK, Mlock) X(NUMA, Numa) X(CLONE, Clone) X(EXEC, Exec) X(WAIT, Wait) X(KILL, Kill)             \
  X(SIGNAL, Signal) X(AFFINITY, Affinity) X(PRIORITY, Priority) X(IDENTITY, Identity) X(PRCTL, Prctl)             \
  X(PTRACE, Ptrace) X(LIMITS, Limits) X(RANDOM, Random) X(IOCTL, Ioctl) X(SYNC, Sync) X(TRUNCATE, Truncate)       \
  X(UNLINK, Unlink) X(MKDIR, Mkdir) X(GETDENTS, Getdents) X(CHDIR, Chdir) X(CHMOD, Chmod) X(MOUNT, Mount)         \
  X(NOTIFY, Notify) X(XATTR, Xattr) X(TRANSFER, Transfer) X(IO_URING, IoUring) X(AIO, Aio) X(KERNEL, Kernel)      \
  X(MEMFD, Memfd) X(SYSTEM, System) X(IPC, Ipc) X(OTHER, Other)

/* The other 32-bit counters, likewise. */
#define DAVY_COUNTS(X)                                                                                            \
  X(COMPAT, SyscallsCompat) X(ERROR_AGAIN, ErrorAgain) X(ERROR_INTERRUPTED, ErrorInterrupted)                     \
  X(ERROR_MISSING, ErrorMissing) X(ERROR_DENIED, ErrorDenied) X(ERROR_TIMED_OUT, ErrorTimedOut)                   \
  X(ERROR_NETWORK, ErrorNetwork) X(ERROR_INVALID, ErrorInvalid) X(ERROR_OTHER, ErrorOther)                        \
  X(THREADS_CREATED, ThreadsCreated) X(PROCESSES_CREATED, ProcessesCreated) X(EXECS, Execs)                       \
  X(MESSAGES_SENT, MessagesSent) X(MESSAGES_RECEIVED, MessagesReceived) X(CONNECTS_OUT, ConnectsOut)              \
  X(ACCEPTS_IN, AcceptsIn) X(MAPS_LARGE, MapsLarge) X(MAPS_WX, MapsWritableExecutable)                            \
  X(MAPS_X_ANON, MapsExecutableAnonymous) X(PROTECTS_X, ProtectsExecutable) X(HUGE_ASKED, HugePagesAsked)         \
  X(HUGE_REFUSED, HugePagesRefused) X(HUGE_ADVISED, HugePagesAdvised) X(AFFINITY_SET, AffinitySet)                \
  X(AFFINITY_REFUSED, AffinityRefused) X(PRIORITY_SET, PrioritySet) X(PRIORITY_REFUSED, PriorityRefused)          \
  X(MODULES_ASKED, ModulesAsked) X(KILLS, KillsOfOthers) X(PTRACED, PtraceSelfOrOther) X(MEMFDS, MemfdsCreated)   \
  X(IO_URING_SUBMITS, IoUringSubmits) X(ROUND_NEAREST, RoundingNearest) X(ROUND_DOWN, RoundingDown)               \
  X(ROUND_UP, RoundingUp) X(ROUND_ZERO, RoundingZero) X(OPENS_SEEN, OpensSeen) X(OPENS_UNSEEN, OpensUnseen)

/* 64-bit counters. */
#define DAVY_BYTES(X)                                                                                             \
  X(READ, BytesRead) X(WRITTEN, BytesWritten) X(SENT, BytesSent) X(RECEIVED, BytesReceived) X(MAPPED, BytesMapped)

/* What the scheduler and the memory manager count per thread. Times in ns; utime and stime as the kernel samples them. */
#define DAVY_USES(X)                                                                                              \
  X(CPU) X(USER) X(SYSTEM) X(RUN_DELAY) X(VOLUNTARY) X(INVOLUNTARY) X(MIGRATIONS) X(MINOR) X(MAJOR)

#define DAVY_ROW(name, row) DAVY_CALL_##name,
enum davy_call { DAVY_CALL_CLASSES(DAVY_ROW) DAVY_CALL_N };
#undef DAVY_ROW
#define DAVY_ROW(name, row) DAVY_COUNT_##name,
enum davy_count { DAVY_COUNT_FIRST = DAVY_CALL_N - 1, DAVY_COUNTS(DAVY_ROW) DAVY_COUNT_N };
#undef DAVY_ROW
#define DAVY_ROW(name, row) DAVY_BYTES_##name,
enum davy_bytes { DAVY_BYTES(DAVY_ROW) DAVY_BYTES_N };
#undef DAVY_ROW
#define DAVY_ROW(name) DAVY_USE_##name,
enum davy_use { DAVY_USES(DAVY_ROW) DAVY_USE_N };
#undef DAVY_ROW

/* One process for ever: start_ns is the boot time at which its first thread started. */
struct davy_who {
  davy_u64 start_ns;
  davy_u32 tgid;
  davy_u32 pad;
};

/* Counters of one thread since it was first seen. They wrap: readers take differences. Only the thread itself writes
 * `count` and `bytes`; only iterators write the marks. */
struct davy_tally {
  davy_u32 count[DAVY_COUNT_N];
  davy_u64 bytes[DAVY_BYTES_N];
  davy_u64 pulse_ns;        /* CPU time told by the last pulse */
  davy_u64 slice_ns;        /* CPU time at the last slice */
  davy_u32 budget_slice;    /* slice the two budgets below belong to */
  davy_u8 opens_told;       /* paths told in that slice */
  davy_u8 failures_told;
  davy_u8 busy;             /* used >= 2 % of a core at the last pulse */
  davy_u8 exe_told;         /* of a leader: the path of the executable has been told since exec */
};

/* The sum over the threads of a process that ended, and of calls that found no storage. */
struct davy_retired {
  davy_u32 count[DAVY_COUNT_N];
  davy_u32 ended;           /* the whole process is over */
  davy_u32 told_slice;      /* when the first thread is over: the slice in which another last told of the process */
  davy_u64 bytes[DAVY_BYTES_N];
  davy_u64 use[DAVY_USE_N];
};

/* Ids of the cgroup a process is in: on the unified hierarchy, and on the first v1 hierarchy that places it below the
 * root (0: none). */
struct davy_cgroup_key {
  davy_u64 unified;
  davy_u64 v1;
};

/* What is known of a process as a whole. */
struct davy_facts {
  struct davy_cgroup_key cgroup;
  davy_u32 parent_tgid;
  davy_u32 uid;
  davy_u32 session;         /* pid of the session leader, 0: none */
  davy_u32 nspid;           /* pid in its own pid namespace */
  davy_u32 pidns_level;
  davy_u32 threads;
  char comm[16];
};

enum davy_record_kind {
  DAVY_EXIT = 1,         /* davy_exit */
  DAVY_PART,             /* davy_exit: adds to the process, which goes on */
  DAVY_EXEC,             /* davy_exec */
  DAVY_OPEN,             /* davy_open */
  DAVY_CONVERSATION,     /* davy_conversation_record */
  DAVY_CGROUP,           /* davy_cgroup_record */
  DAVY_RECORD_KINDS,
};

/* Starts every record on the ring. */
struct davy_head {
  davy_u32 kind;
  davy_u32 size;
  struct davy_who who;
};

/* The last word of a process: everything since it was first seen. Several threads that end at once may each send one;
 * counters only grow, so the largest of each is the truth. */
struct davy_exit {
  struct davy_head head;
  davy_u64 at_ns;
  davy_u32 exit_code;       /* as wait(2) has it */
  davy_u32 alone;           /* no other thread was left, none ended before: nothing more can come */
  davy_u64 rss_pages;    /* where memory is still there when this is told (kernel 6.16 and later); else 0 */
  struct davy_facts facts;
  struct davy_retired total;
};

#define DAVY_PATH_MAX 256
struct davy_exec {
  struct davy_head head;
  davy_u64 at_ns;
  davy_u32 old_tid;         /* of the thread that called exec; it has taken the first thread's number since */
  davy_u32 pad;
  char comm[16];
  char path[DAVY_PATH_MAX]; /* as the caller of exec named it */
};

enum { DAVY_OPEN_WRITES = 1 };
struct davy_open {
  struct davy_head head;
  davy_s32 error;           /* 0 or errno */
  davy_u32 flags;           /* DAVY_OPEN_* */
  davy_u32 relative_to_fd;  /* 1: relative to a descriptor that is not the working directory */
  davy_u32 length;          /* bytes of path, without NUL */
  char path[DAVY_PATH_MAX];
};

/* Values of event::FirstBytes, Direction, Transport, Speaker. */
enum davy_first { DAVY_FIRST_UNSEEN, DAVY_FIRST_OTHER, DAVY_FIRST_JSON, DAVY_FIRST_JSON_RPC, DAVY_FIRST_HTTP,
                  DAVY_FIRST_WEBSOCKET, DAVY_FIRST_TLS, DAVY_FIRST_LINE_TEXT };
enum davy_direction { DAVY_DIRECTION_UNKNOWN, DAVY_OUTBOUND, DAVY_INBOUND };
enum davy_transport { DAVY_TRANSPORT_UNKNOWN, DAVY_TCP, DAVY_UDP, DAVY_UNIX };
enum davy_way { DAVY_WAY_NONE, DAVY_SENT, DAVY_RECEIVED };

#define DAVY_GAP_BUCKETS 10
#define DAVY_SIZE_BUCKETS 8

/* One way of a conversation; counters grow from the socket's first use. */
struct davy_flow {
  davy_u64 bytes;
  davy_u64 gap_ms;
  davy_u64 gap_ms2;
  davy_u64 first_ns;        /* since the collector last looked; 0: none */
  davy_u64 last_ns;
  davy_u32 messages;
  davy_u32 largest;         /* since the collector last looked */
  davy_u32 gaps[DAVY_GAP_BUCKETS];
  davy_u32 sizes[DAVY_SIZE_BUCKETS];
};

struct davy_conversation {
  davy_u32 lock;            /* a bpf_spin_lock */
  davy_u16 port;            /* of the peer, host order */
  davy_u8 direction;
  davy_u8 transport;
  struct davy_who owner; /* who last used it */
  davy_u64 opened_ns;
  davy_u64 id;
  davy_u64 last_ns;
  davy_u8 address[16];      /* of the peer; IPv4 mapped */
  davy_u8 first_speaker;    /* davy_way */
  davy_u8 last_way;
  davy_u8 first_sent;       /* davy_first */
  davy_u8 first_received;
  davy_u8 established;
  davy_u8 closed;
  davy_u8 failed;           /* never got established */
  davy_u8 looked;           /* bit 0, 1: first bytes sent, received have been looked at */
  davy_u32 pushes;
  davy_u32 turns;
  davy_u32 told_messages;   /* sent + received when the collector last looked */
  davy_u32 pad;
  struct davy_flow sent;
  struct davy_flow received;
};

struct davy_conversation_record {
  struct davy_head head;
  struct davy_conversation conversation;
};

#define DAVY_CGROUP_DEPTH 12
#define DAVY_CGROUP_NAME 256 /* as long as a name may be: one of systemd's in a cgroupfs driver's hands takes 145 */
/* Names from the leaf up, the outermost where there are more; an empty name ends the list. */
struct davy_cgroup_record {
  struct davy_head head;
  struct davy_cgroup_key key;
  char unified[DAVY_CGROUP_DEPTH][DAVY_CGROUP_NAME];
  char v1[DAVY_CGROUP_DEPTH][DAVY_CGROUP_NAME];
};

/* What the iterators write, one after another. */
enum davy_row_kind { DAVY_ROW_THREAD = 1, DAVY_ROW_PROCESS, DAVY_ROW_PULSE, DAVY_ROW_MAPPING,
                     DAVY_ROW_EXE, DAVY_ROW_CONVERSATION /* davy_head, davy_conversation */ };

/* Alive thread; followed by its davy_tally when `has_tally`. */
struct davy_thread_row {
  davy_u32 kind;
  davy_u32 tid;
  struct davy_who who;
  davy_u64 start_ns;        /* of the thread */
  davy_u64 use[DAVY_USE_N];
  davy_u8 has_tally;
  davy_u8 policy;
  davy_u8 nice_plus_20;
  davy_u8 unchanged;
  davy_u32 pad;
};

enum { DAVY_EXE_DELETED = 1 };
struct davy_process_row {
  davy_u32 kind;
  davy_u32 mappings;
  struct davy_who who;
  struct davy_facts facts;
  davy_u64 rss_file_pages;
  davy_u64 rss_anon_pages;
  davy_u64 rss_shared_pages;
  davy_u64 swapped_pages;
  davy_u64 virtual_pages;
  davy_u64 locked_pages;
  davy_u64 hugetlb_pages;
  davy_u32 descriptors;
  davy_u32 cpus_allowed;
  davy_u64 exe_inode;
  davy_u64 exe_changed_s;   /* inode change time of the executable, seconds since the epoch */
  davy_u32 exe_magic;       /* of its file system */
  davy_u32 exe_flags;
};

struct davy_exe_row {
  davy_u32 kind;
  davy_u32 length;          /* of path */
  struct davy_who who;
  char path[DAVY_PATH_MAX]; /* as its mount namespace sees it */
};

struct davy_pulse_row {
  davy_u32 kind;
  davy_u32 tid;
  struct davy_who who;
  davy_u64 cpu_ns;          /* since the last row of this thread */
};

enum { DAVY_MAP_READ = 1, DAVY_MAP_WRITE = 2, DAVY_MAP_EXEC = 4 };
struct davy_mapping_row {
  davy_u32 kind;
  davy_u32 flags;
  struct davy_who who;
  davy_u64 bytes;
  davy_u64 inode;           /* 0: anonymous, or a file without a name that only stands for memory */
  davy_u32 device;
  davy_u32 is_exe;
  davy_u32 length;          /* of path */
  davy_u32 pad;
  char path[DAVY_PATH_MAX];
};

/* Counters of what the kernel side could not do. */
enum davy_loss {
  DAVY_LOSS_RING_EXIT, DAVY_LOSS_RING_EXEC, DAVY_LOSS_RING_OPEN, DAVY_LOSS_RING_CONVERSATION,
  DAVY_LOSS_RING_CGROUP, DAVY_LOSS_STORAGE, DAVY_LOSS_RETIRED_FULL,
  DAVY_LOSS_CALLS, DAVY_LOSS_CONVERSATION, DAVY_LOSS_CGROUP_DEPTH, DAVY_LOSS_N
};

#endif
