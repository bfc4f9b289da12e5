/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The few kernel types the programs look into, cut down by hand to the fields they read.
 *
 * Every struct is marked preserve_access_index, so libbpf moves each access to where the running kernel keeps the
 * field: the layout written here means nothing, only the names do. A name with three underscores (kernfs_node___old)
 * is another vintage of the same kernel type.
 */
#ifndef DAVY_CORE_H
#define DAVY_CORE_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false, true };
#define NULL ((void *)0)

/* What bpf_helpers.h and bpf_tracing.h expect of the kernel's own enums. */
enum {
  BPF_ANY = 0,
  BPF_NOEXIST = 1,
  BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
  BPF_SK_STORAGE_GET_F_CREATE = 1,
  BPF_F_NO_PREALLOC = 1,
  BPF_RB_NO_WAKEUP = 1,
  BPF_RB_FORCE_WAKEUP = 2,
  BPF_RB_AVAIL_DATA = 0,
};

enum bpf_map_type {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_LRU_HASH = 9,
  BPF_MAP_TYPE_SK_STORAGE = 24,
  BPF_MAP_TYPE_RINGBUF = 27,
  BPF_MAP_TYPE_TASK_STORAGE = 29,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
  int counter;
} atomic_t;

struct pt_regs {
  unsigned long bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct thread_info {
  __u32 status;
};

struct sched_entity {
  __u64 sum_exec_runtime;
  __u64 nr_migrations;
};

struct sched_info {
  unsigned long long run_delay;
  unsigned long long last_arrival;
};

struct upid {
  int nr;
};

struct pid {
  unsigned int level;
  struct upid numbers[1];
};

struct signal_struct {
  atomic_t live;
  int nr_threads;
  struct pid *pids[4];
};

struct qstr {
  __u32 len;
  const unsigned char *name;
};

struct file_system_type {
  const char *name;
};

struct super_block {
  unsigned long s_magic;
  __u32 s_dev;
  struct file_system_type *s_type;
};

struct timespec64 {
  __s64 tv_sec;
};

struct inode {
  unsigned short i_mode;
  unsigned int i_nlink;
  unsigned long i_ino;
  struct super_block *i_sb;
  __s64 i_ctime_sec;
};

/* Before 6.6. */
struct inode___old {
  struct timespec64 i_ctime;
};

struct dentry {
  struct dentry *d_parent;
  struct qstr d_name;
  struct inode *d_inode;
};

struct path {
  struct dentry *dentry;
};

struct file {
  struct inode *f_inode;
  struct path f_path;
  unsigned int f_flags;
};

struct fdtable {
  unsigned int max_fds;
  struct file **fd;
  unsigned long *open_fds;
};

struct files_struct {
  struct fdtable *fdt;
};

struct percpu_counter {
  __s64 count;
};

typedef struct {
  __s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;

typedef struct {
  void *vdso;
} mm_context_t;

struct mm_struct {
  mm_context_t context;
  unsigned long total_vm;
  unsigned long locked_vm;
  int map_count;
  unsigned long start_code;
  struct percpu_counter rss_stat[4];
  atomic_long_t hugetlb_usage;
  struct file *exe_file;
};

/* Before 6.2 the resident set was plain counters. */
struct mm_rss_stat___old {
  atomic_long_t count[4];
};
struct mm_struct___old {
  struct mm_rss_stat___old rss_stat;
};

typedef struct {
  unsigned int val;
} kuid_t;

struct cred {
  kuid_t uid;
};

struct kernfs_node {
  struct kernfs_node *__parent;
  const char *name;
  __u64 id;
};

/* Before 6.15. */
struct kernfs_node___old {
  struct kernfs_node___old *parent;
};

struct cgroup_root;
struct cgroup;

struct cgroup_subsys_state {
  struct cgroup *cgroup;
};

struct cgroup {
  struct kernfs_node *kn;
  struct cgroup_root *root;
  int level;
  struct cgroup *ancestors[1]; /* by level, since 6.1; as many as there are levels */
};

struct css_set {
  struct cgroup_subsys_state *subsys[16];
  struct cgroup *dfl_cgrp;
};

struct fxregs_state {
  __u32 mxcsr;
};

struct xregs_state {
  struct fxregs_state i387;
};

union fpregs_state {
  struct xregs_state xsave;
};

struct fpstate {
  union fpregs_state regs;
};

struct fpu {
  struct fpstate *fpstate;
};

/* Before 5.16. */
struct fpu___old {
  union fpregs_state state;
};

struct task_struct {
  struct thread_info thread_info;
  unsigned int flags;
  int on_cpu;
  int static_prio;
  struct sched_entity se;
  unsigned int policy;
  int nr_cpus_allowed;
  struct sched_info sched_info;
  struct mm_struct *mm;
  int exit_code;
  int exit_signal;
  int pid;
  int tgid;
  struct task_struct *real_parent;
  struct task_struct *group_leader;
  struct pid *thread_pid;
  __u64 utime;
  __u64 stime;
  unsigned long nvcsw;
  unsigned long nivcsw;
  __u64 start_boottime;
  unsigned long min_flt;
  unsigned long maj_flt;
  const struct cred *real_cred;
  char comm[16];
  struct files_struct *files;
  struct signal_struct *signal;
  struct css_set *cgroups;
};

struct linux_binprm {
  struct file *file;
  const char *filename;
};

struct in6_addr {
  __u8 bytes[16];
};

struct sock_common {
  __be32 skc_daddr;
  __be16 skc_dport;
  __u16 skc_num;
  unsigned short skc_family;
  unsigned char skc_state;
  struct in6_addr skc_v6_daddr;
};

struct sock {
  struct sock_common __sk_common;
  __u16 sk_type;
  __u16 sk_protocol;
};

struct io_kiocb;

struct vm_area_struct {
  unsigned long vm_start;
  unsigned long vm_end;
  unsigned long vm_flags;
  struct mm_struct *vm_mm;
  struct file *vm_file;
};

struct seq_file;

struct bpf_iter_meta {
  struct seq_file *seq;
  __u64 session_id;
  __u64 seq_num;
};

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};

struct bpf_iter__task_vma {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
  struct vm_area_struct *vma;
};

struct bpf_map;

struct bpf_iter__bpf_sk_storage_map {
  struct bpf_iter_meta *meta;
  struct bpf_map *map;
  struct sock *sk;
  void *value;
};

#pragma clang attribute pop

/* Written by us into map values, so its place is fixed. */
struct bpf_spin_lock {
  __u32 val;
};

#endif
