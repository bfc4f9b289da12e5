#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace davy::event {

// The counters of a slice. Each list is append-only: the position of a row is its number on disk and on the wire, and
// slice.proto repeats the lists for other languages (codec_test.cc compares them by machine).

/// 64 classes of system call. A call counts once, when it returns; calls that never return are not seen.
#define DAVY_SYSCALL_CLASSES(X)                                                                                   \
  X(kSyscallRead, syscall_read)                                                                                   \
  X(kSyscallWrite, syscall_write)                                                                                 \
  X(kSyscallPread, syscall_pread)                                                                                 \
  X(kSyscallPwrite, syscall_pwrite)                                                                               \
  X(kSyscallOpen, syscall_open)   /* open, openat, openat2, creat */                                              \
  X(kSyscallClose, syscall_close) /* close, close_range */                                                        \
  X(kSyscallStat, syscall_stat)   /* stat family, access, readlink, statfs */                                     \
  X(kSyscallSeek, syscall_seek)                                                                                   \
  X(kSyscallFcntl, syscall_fcntl) /* fcntl, dup, flock */                                                         \
  X(kSyscallPoll, syscall_poll)   /* poll, ppoll, select, pselect6 */                                             \
  X(kSyscallEpollWait, syscall_epoll_wait)                                                                        \
  X(kSyscallEpollCtl, syscall_epoll_ctl) /* epoll_create, epoll_ctl */                                            \
  X(kSyscallSocket, syscall_socket)      /* socket, socketpair */                                                 \
  X(kSyscallConnect, syscall_connect)                                                                             \
  X(kSyscallAccept, syscall_accept)                                                                               \
  X(kSyscallListen, syscall_listen) /* bind, listen */                                                            \
  X(kSyscallSend, syscall_send)                                                                                   \
  X(kSyscallReceive, syscall_receive)                                                                             \
  X(kSyscallSockopt, syscall_sockopt) /* get/setsockopt, getsockname, getpeername, shutdown */                    \
  X(kSyscallPipe, syscall_pipe)       /* pipe, eventfd, signalfd, timerfd_create */                               \
  X(kSyscallFutexWait, syscall_futex_wait)                                                                        \
  X(kSyscallFutexOther, syscall_futex_other)                                                                      \
  X(kSyscallYield, syscall_yield) /* sched_yield */                                                               \
  X(kSyscallSleep, syscall_sleep) /* nanosleep, clock_nanosleep, pause */                                         \
  X(kSyscallClock, syscall_clock) /* clock_gettime, gettimeofday, times: depends on the vDSO, no feature */       \
  X(kSyscallTimer, syscall_timer) /* timer_*, setitimer, timerfd_settime, alarm */                                \
  X(kSyscallMmap, syscall_mmap)   /* mmap, mremap */                                                              \
  X(kSyscallMunmap, syscall_munmap)                                                                               \
  X(kSyscallMprotect, syscall_mprotect)                                                                           \
  X(kSyscallMadvise, syscall_madvise)                                                                             \
  X(kSyscallBrk, syscall_brk)                                                                                     \
  X(kSyscallMlock, syscall_mlock)                                                                                 \
  X(kSyscallNuma, syscall_numa)   /* mbind, set_mempolicy, get_mempolicy, move_pages */                           \
  X(kSyscallClone, syscall_clone) /* clone, clone3, fork, vfork, in the parent */                                 \
  X(kSyscallExec, syscall_exec)                                                                                   \
  X(kSyscallWait, syscall_wait)                                                                                   \
  X(kSyscallKill, syscall_kill)         /* kill, tkill, tgkill, pidfd_send_signal */                              \
  X(kSyscallSignal, syscall_signal)     /* rt_sig*, sigaltstack */                                                \
  X(kSyscallAffinity, syscall_affinity) /* sched_setaffinity, sched_getaffinity */                                \
  X(kSyscallPriority, syscall_priority) /* setpriority, sched_setscheduler, sched_setattr, ioprio_set, getters */ \
  X(kSyscallIdentity, syscall_identity) /* getpid, getuid, setuid and kin */                                      \
  X(kSyscallPrctl, syscall_prctl)       /* prctl, arch_prctl, seccomp, rseq, set_robust_list */                   \
  X(kSyscallPtrace, syscall_ptrace)     /* ptrace, process_vm_*, kcmp */                                          \
  X(kSyscallLimits, syscall_limits)     /* rlimits */                                                             \
  X(kSyscallRandom, syscall_random)                                                                               \
  X(kSyscallIoctl, syscall_ioctl)                                                                                 \
  X(kSyscallSync, syscall_sync)         /* fsync, fdatasync, sync, msync */                                       \
  X(kSyscallTruncate, syscall_truncate) /* truncate, fallocate */                                                 \
  X(kSyscallUnlink, syscall_unlink)     /* unlink, rename, link, symlink */                                       \
  X(kSyscallMkdir, syscall_mkdir)       /* mkdir, rmdir, mknod */                                                 \
  X(kSyscallGetdents, syscall_getdents)                                                                           \
  X(kSyscallChdir, syscall_chdir)   /* chdir, getcwd, chroot, umask */                                            \
  X(kSyscallChmod, syscall_chmod)   /* chmod, chown, utime families */                                            \
  X(kSyscallMount, syscall_mount)   /* mount, umount, pivot_root, setns, unshare */                               \
  X(kSyscallNotify, syscall_notify) /* inotify, fanotify */                                                       \
  X(kSyscallXattr, syscall_xattr)                                                                                 \
  X(kSyscallTransfer, syscall_transfer) /* sendfile, splice, tee, copy_file_range */                              \
  X(kSyscallIoUring, syscall_io_uring)                                                                            \
  X(kSyscallAio, syscall_aio)                                                                                     \
  X(kSyscallKernel, syscall_kernel) /* bpf, perf_event_open, modules, iopl, syslog */                             \
  X(kSyscallMemfd, syscall_memfd)                                                                                 \
  X(kSyscallSystem, syscall_system) /* uname, sysinfo, getcpu */                                                  \
  X(kSyscallIpc, syscall_ipc)       /* System V and POSIX queues, semaphores, shared memory */                    \
  X(kSyscallOther, syscall_other)

/// Everything that adds: over time, over threads, over the processes of a workload. Times are microseconds.
/// The system calls come first, so that Sum(n) is class n for n < kSyscallClasses.
#define DAVY_SUMS(X)                                                                                            \
  DAVY_SYSCALL_CLASSES(X)                                                                                       \
  X(kSyscallsCompat, syscalls_compat)     /* 32-bit calls, outside the classes */                               \
  X(kErrorAgain, error_again)             /* EAGAIN */                                                          \
  X(kErrorInterrupted, error_interrupted) /* EINTR and restarts */                                              \
  X(kErrorMissing, error_missing)         /* ENOENT, ENOTDIR */                                                 \
  X(kErrorDenied, error_denied)           /* EPERM, EACCES */                                                   \
  X(kErrorTimedOut, error_timed_out)      /* ETIMEDOUT */                                                       \
  X(kErrorNetwork, error_network)         /* ECONNREFUSED, ECONNRESET, EPIPE, ENETUNREACH, EHOSTUNREACH */      \
  X(kErrorInvalid, error_invalid)         /* EINVAL, ENOSYS, EBADF, EFAULT */                                   \
  X(kErrorOther, error_other)                                                                                   \
  X(kCpu, cpu_us) /* on-CPU time of all threads, dead ones included */                                          \
  X(kCpuUser, cpu_user_us)                                                                                      \
  X(kCpuSystem, cpu_system_us)                                                                                  \
  X(kCpuArmed, cpu_armed_us) /* the part of kCpu during which system calls were counted */                      \
  X(kRunDelay, run_delay_us) /* runnable, waiting for a CPU */                                                  \
  X(kSwitchesVoluntary, switches_voluntary)                                                                     \
  X(kSwitchesInvoluntary, switches_involuntary)                                                                 \
  X(kMigrations, migrations) /* moves between CPUs */                                                           \
  X(kFaultsMinor, faults_minor)                                                                                 \
  X(kFaultsMajor, faults_major)                                                                                 \
  X(kThreadTime, thread_time_us)                    /* threads alive x time */                                  \
  X(kThreadTimeBusy, thread_time_busy_us)           /* threads on CPU >= 10 % of the slice x time */            \
  X(kThreadTimeSaturated, thread_time_saturated_us) /* threads on CPU >= 90 % of the slice x time */            \
  X(kCpuComputeOnly, cpu_compute_only_us)           /* kCpu of threads that made no I/O call in the slice */    \
  X(kThreadCpuSquares, thread_cpu_squares_ms2)      /* sum over threads of (ms on CPU in the slice)^2 */        \
  X(kProcessCpuSquares, process_cpu_squares_ms2)    /* (ms on CPU in the slice)^2, per process */               \
  X(kThreadsCreated, threads_created)                                                                           \
  X(kProcessesCreated, processes_created)                                                                       \
  X(kExecs, execs)                                                                                              \
  X(kBytesRead, bytes_read) /* returned by read-like calls, any descriptor */                                   \
  X(kBytesWritten, bytes_written)                                                                               \
  X(kBytesSent, bytes_sent) /* on sockets */                                                                    \
  X(kBytesReceived, bytes_received)                                                                             \
  X(kMessagesSent, messages_sent)                                                                               \
  X(kMessagesReceived, messages_received)                                                                       \
  X(kConnectsOut, connects_out) /* outbound TCP connections that left CLOSE */                                  \
  X(kConnectsFailed, connects_failed)                                                                           \
  X(kAcceptsIn, accepts_in)                                                                                     \
  X(kConnectionsClosed, connections_closed)                                                                     \
  X(kBytesMapped, bytes_mapped)                          /* anonymous, asked of mmap */                         \
  X(kMapsLarge, maps_large)                              /* anonymous maps of >= 64 MiB asked for */            \
  X(kMapsWritableExecutable, maps_writable_executable)   /* mmap or mprotect asked for W+X */                   \
  X(kMapsExecutableAnonymous, maps_executable_anonymous) /* mmap asked for executable anonymous memory */       \
  X(kProtectsExecutable, protects_executable)            /* mprotect to executable */                           \
  X(kHugePagesAsked, huge_pages_asked)                   /* MAP_HUGETLB, SHM_HUGETLB, MFD_HUGETLB */            \
  X(kHugePagesRefused, huge_pages_refused)                                                                      \
  X(kHugePagesAdvised, huge_pages_advised) /* MADV_HUGEPAGE, MADV_COLLAPSE */                                   \
  X(kAffinitySet, affinity_set)                                                                                 \
  X(kAffinityRefused, affinity_refused)                                                                         \
  X(kPrioritySet, priority_set) /* setpriority, sched_setscheduler, sched_setattr */                            \
  X(kPriorityRefused, priority_refused)                                                                         \
  X(kModulesAsked, modules_asked)    /* init_module, finit_module: nearly always refused in a container */      \
  X(kKillsOfOthers, kills_of_others) /* deadly signals sent to other processes */                               \
  X(kPtraceSelfOrOther, ptrace_self_or_other)                                                                   \
  X(kMemfdsCreated, memfds_created)                                                                             \
  X(kIoUringSubmits, io_uring_submits)                                                                          \
  X(kRoundingNearest, rounding_nearest) /* samples of the SSE rounding mode at context switches */              \
  X(kRoundingDown, rounding_down)                                                                               \
  X(kRoundingUp, rounding_up)                                                                                   \
  X(kRoundingZero, rounding_zero)                                                                               \
  X(kOpensSeen, opens_seen)                     /* opens with a path read and classified */                     \
  X(kOpensUnseen, opens_unseen)                 /* further opens of the slice, class unknown */                 \
  X(kOpensWriting, opens_writing)               /* seen opens that asked to write */                            \
  X(kOpensHidden, opens_hidden)                 /* seen opens below a dot-directory or of a dot-file */         \
  X(kCgroupCpu, cgroup_cpu_us)                  /* of the workload's cgroup; only in a workload's own slice */  \
  X(kCgroupThrottled, cgroup_throttled_us)      /* kept from running by its quota; likewise */                  \
  X(kEventsLost, events_lost)                   /* ring records of this process or workload known to be lost */ \
  X(kConversationsUnseen, conversations_unseen) /* times a socket had no room in the collector or its set */    \
  X(kExits, exits)                              /* processes that ended */                                      \
  X(kSignalsDeadly, signals_deadly)             /* processes of this id ended by a signal */

/// What merges by maximum. Sizes are KiB.
#define DAVY_PEAKS(X)                                                                                    \
  X(kRss, rss_kib)                                                                                       \
  X(kRssAnonymous, rss_anonymous_kib)                                                                    \
  X(kRssShared, rss_shared_kib)                                                                          \
  X(kVirtual, virtual_kib)                                                                               \
  X(kSwapped, swapped_kib)                                                                               \
  X(kLocked, locked_kib)                                                                                 \
  X(kHugeTlb, hugetlb_kib)                                                                               \
  X(kLargestAnonymous, largest_anonymous_kib)        /* largest anonymous mapping */                     \
  X(kAnonymousLargeTotal, anonymous_large_total_kib) /* all anonymous mappings of >= 64 MiB */           \
  X(kAnonymousLargeCount, anonymous_large_count)                                                         \
  X(kWritableExecutable, writable_executable_kib)                                                        \
  X(kWritableExecutableCount, writable_executable_count)                                                 \
  X(kExecutableAnonymous, executable_anonymous_kib)                                                      \
  X(kExecutableAnonymousCount, executable_anonymous_count)                                               \
  X(kExecutableFiles, executable_files) /* distinct files mapped executable: the binary and libraries */ \
  X(kMappings, mappings)                                                                                 \
  X(kThreads, threads)                                                                                   \
  X(kDescriptors, descriptors)                                                                           \
  X(kSockets, sockets)                                                                                   \
  X(kNice, nice_plus_20)                /* 20 = normal */                                                \
  X(kAvailableCpu, available_cpu_milli) /* min(quota, cpuset, online) x 1000 */                          \
  X(kHostCpus, host_cpus)

/// What merges by "or".
#define DAVY_FLAGS(X)                                                                                               \
  X(kSourceTracing, source_tracing)              /* counted by BTF tracing programs: rung 1 */                      \
  X(kSourceRawTracepoint, source_raw_tracepoint) /* rung 2 */                                                       \
  X(kSourceProc, source_proc)                    /* polled from /proc: no system calls, no conversations: rung 3 */ \
  X(kMemoryMapped, memory_mapped)                /* mappings were walked in this slice */                           \
  X(kExited, exited)                             /* the process ended in this slice */                              \
  X(kExeTemporary, exe_temporary)                /* executable below /tmp, /var/tmp */                              \
  X(kExeSharedMemory, exe_shared_memory)         /* below /dev/shm, /run/shm */                                     \
  X(kExeDeleted, exe_deleted)                                                                                       \
  X(kExeMemfd, exe_memfd)                                                                                           \
  X(kExeHidden, exe_hidden)     /* a dot-directory or dot-file on its path */                                       \
  X(kExeHome, exe_home)         /* below /home, /root */                                                            \
  X(kExePackaged, exe_packaged) /* below /usr (not /usr/local), /bin, /sbin, /lib */                                \
  X(kExeAdded, exe_added)       /* in the container's writable layer, not in its image */                           \
  X(kExeYoung, exe_young)       /* file changed less than 10 minutes before exec */                                 \
  X(kExeStatic, exe_static)     /* no dynamic loader mapped */                                                      \
  X(kPolicyIdle, policy_idle)   /* SCHED_IDLE on a thread */                                                        \
  X(kPolicyBatch, policy_batch)                                                                                     \
  X(kPolicyRealtime, policy_realtime)                                                                               \
  X(kContainerRoot, container_root)                   /* first process of its pid namespace */                      \
  X(kParentGone, parent_gone)                         /* reparented: its parent ended */                            \
  X(kNamedLikeKernelThread, named_like_kernel_thread) /* [..] comm with user memory; evidence only, no feature */

/// Where an opened path lies: a fixed table of kernel and FHS places. Free text never leaves the collector.
#define DAVY_FILE_CLASSES(X)                                                                                \
  X(kCpuTopology, cpu_topology)            /* /sys/devices/system/cpu, /proc/cpuinfo */                     \
  X(kNumaTopology, numa_topology)          /* /sys/devices/system/node */                                   \
  X(kHugePageSettings, huge_page_settings) /* sysfs, procfs and device files that set huge pages up */      \
  X(kMsr, msr)                             /* /dev/cpu/N/msr, /sys/module/msr */                            \
  X(kDmi, dmi)                             /* /sys/class/dmi, /sys/firmware: what board is this */          \
  X(kCgroupFiles, cgroup_files)                                                                             \
  X(kSysOther, sys_other)                                                                                   \
  X(kProcSelf, proc_self)                                                                                   \
  X(kProcOthers, proc_others) /* /proc/N of another process */                                              \
  X(kProcSystem, proc_system) /* meminfo, stat, loadavg, sys */                                             \
  X(kDeviceGpu, device_gpu)   /* /dev/nvidia*, /dev/dri, /dev/kfd */                                        \
  X(kDeviceRandom, device_random)                                                                           \
  X(kDeviceOther, device_other)                                                                             \
  X(kTemporary, temporary)        /* /tmp, /var/tmp */                                                      \
  X(kSharedMemory, shared_memory) /* /dev/shm */                                                            \
  X(kHome, home)                                                                                            \
  X(kConfiguration, configuration)    /* /etc, except below */                                              \
  X(kCredentials, credentials)        /* shadow, ssh keys and authorized_keys, cloud credentials */         \
  X(kPersistence, persistence)        /* cron, systemd units, rc.local, init.d, ld.so.preload, profile.d */ \
  X(kPackageBinary, package_binary)   /* /usr/bin, /bin, /sbin, /usr/libexec */                             \
  X(kPackageLibrary, package_library) /* /usr/lib, /lib, ld.so.cache */                                     \
  X(kPackageData, package_data)       /* /usr/share, /usr/include */                                        \
  X(kAdded, added)                    /* /opt, /srv, /usr/local, /app */                                    \
  X(kState, state)                    /* /var/lib */                                                        \
  X(kLog, log)                                                                                              \
  X(kCache, cache)                                                                                          \
  X(kRun, run)           /* /run, /var/run */                                                               \
  X(kRelative, relative) /* a relative path that names no known place */                                    \
  X(kOther, other)

/// Kinds of mapped library, by a fixed table of Debian-like library names; never a miner's.
#define DAVY_LIBRARY_CLASSES(X)                                                     \
  X(kCLibrary, c_library)                                                           \
  X(kCxxRuntime, cxx_runtime)                                                       \
  X(kThreading, threading)                  /* OpenMP, TBB */                       \
  X(kLinearAlgebra, linear_algebra)         /* BLAS, LAPACK, MKL, GSL, GMP, MPFR */ \
  X(kCryptography, cryptography)            /* libcrypto, gcrypt, sodium, nettle */ \
  X(kTransportSecurity, transport_security) /* libssl, gnutls */                    \
  X(kHardwareTopology, hardware_topology)   /* hwloc, numa */                       \
  X(kGpu, gpu)                              /* CUDA, OpenCL, Vulkan, GL */          \
  X(kMedia, media)                          /* libav*, x264, vpx, sndfile */        \
  X(kImage, image)                                                                  \
  X(kDesktop, desktop) /* X11, GTK, Qt, Wayland */                                  \
  X(kJava, java)                                                                    \
  X(kJavaScript, javascript)                                                        \
  X(kPython, python)                                                                \
  X(kScripting, scripting) /* perl, ruby, lua, tcl, php */                          \
  X(kDatabase, database)   /* pq, mysqlclient, sqlite, hiredis, lmdb */             \
  X(kCompression, compression)                                                      \
  X(kEventLoop, event_loop)     /* uv, ev, event */                                 \
  X(kTransfer, transfer)        /* curl, nghttp2, ssh2 */                           \
  X(kCompiler, compiler)        /* LLVM, gccjit, bfd, isl */                        \
  X(kNameService, name_service) /* nss, resolv, idn */                              \
  X(kSystemOther, system_other) /* any other below /usr/lib, /lib */                \
  X(kPrivate, private_library)  /* outside the package places */

#define DAVY_ROW(name, text) name,
enum class Sum : std::uint16_t { DAVY_SUMS(DAVY_ROW) kCount };
enum class Peak : std::uint16_t { DAVY_PEAKS(DAVY_ROW) kCount };
enum class Flag : std::uint16_t { DAVY_FLAGS(DAVY_ROW) kCount };
enum class FileClass : std::uint8_t { DAVY_FILE_CLASSES(DAVY_ROW) kCount };
enum class LibraryClass : std::uint8_t { DAVY_LIBRARY_CLASSES(DAVY_ROW) kCount };
#undef DAVY_ROW

template <typename Enum>
inline constexpr std::size_t kCountOf = static_cast<std::size_t>(Enum::kCount);

inline constexpr std::size_t kSyscallClasses = static_cast<std::size_t>(Sum::kSyscallOther) + 1;
static_assert(kSyscallClasses == 64);

/// The row's name in lower_snake_case: "cpu_us". REQUIRES: not kCount.
std::string_view name_of(Sum sum);
std::string_view name_of(Peak peak);
std::string_view name_of(Flag flag);
std::string_view name_of(FileClass file);
std::string_view name_of(LibraryClass library);

}  // namespace davy::event
