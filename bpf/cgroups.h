/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Which cgroup a process is in, and, the first time a cgroup is met, its path. */
#ifndef DAVY_CGROUPS_H
#define DAVY_CGROUPS_H

#define CONTROLLERS_MOST 16

/* The first v1 hierarchy that places the process below its root. How many controllers there are is the kernel's. */
static __always_inline struct cgroup *first_v1_cgroup(struct css_set *set, struct cgroup_root *unified) {
  __u32 controllers = bpf_core_field_size(set->subsys) / sizeof(void *);
  for (__u32 i = 0; i < CONTROLLERS_MOST && i < controllers; i++) {
    struct cgroup_subsys_state *state = NULL;
    struct cgroup *group;
    bpf_probe_read_kernel(&state, sizeof(state), &set->subsys[i]);
    if (!state) continue;
    group = BPF_CORE_READ(state, cgroup);
    if (BPF_CORE_READ(group, root) != unified && BPF_CORE_READ(group, level) > 0) return group;
  }
  return NULL;
}

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *node) {
  if (bpf_core_field_exists(struct kernfs_node, __parent)) return BPF_CORE_READ(node, __parent);
  return (struct kernfs_node *)BPF_CORE_READ((struct kernfs_node___old *)node, parent);
}

#define DEEPEST 32

/* The node whose names, from it up, all have room: a container that may nest cgroups chooses the innermost ones, so it
 * is these that are left out. */
static __always_inline struct kernfs_node *outermost(struct cgroup *group) {
  struct kernfs_node *node = BPF_CORE_READ(group, kn);
  int left_out = BPF_CORE_READ(group, level) - DAVY_CGROUP_DEPTH;
  if (left_out <= 0) return node;
  lose(DAVY_LOSS_CGROUP_DEPTH);
  if (bpf_core_field_exists(struct cgroup, ancestors)) {
    void *ancestors = (void *)group + bpf_core_field_offset(struct cgroup, ancestors);
    struct cgroup *ancestor = NULL;
    bpf_probe_read_kernel(&ancestor, sizeof(ancestor), ancestors + DAVY_CGROUP_DEPTH * sizeof(ancestor));
    return BPF_CORE_READ(ancestor, kn);
  }
  for (int i = 0; i < DEEPEST && i < left_out; i++) node = parent_of(node);
  return node;
}

static __always_inline void read_names(char names[DAVY_CGROUP_DEPTH][DAVY_CGROUP_NAME], struct cgroup *group) {
  struct kernfs_node *node = group ? outermost(group) : NULL;
  for (int i = 0; i < DAVY_CGROUP_DEPTH; i++) {
    names[i][0] = 0;
    if (!node) continue;
    bpf_probe_read_kernel_str(names[i], DAVY_CGROUP_NAME, BPF_CORE_READ(node, name));
    node = parent_of(node);
  }
}

static __always_inline void tell_cgroup(struct davy_cgroup_key *key, struct cgroup *unified, struct cgroup *v1) {
  struct davy_cgroup_record *record;
  __u8 told = 1;
  record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
  if (!record) {
    lose(DAVY_LOSS_RING_CGROUP);
    return;
  }
  __builtin_memset(&record->head, 0, sizeof(record->head));
  record->head.kind = DAVY_CGROUP;
  record->head.size = sizeof(*record);
  record->key = *key;
  read_names(record->unified, unified);
  read_names(record->v1, v1);
  bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
  bpf_map_update_elem(&cgroups_told, key, &told, BPF_ANY);
}

static __always_inline void note_cgroup(struct task_struct *task, struct davy_cgroup_key *key) {
  struct css_set *set = BPF_CORE_READ(task, cgroups);
  struct cgroup *unified = BPF_CORE_READ(set, dfl_cgrp);
  struct cgroup *v1 = first_v1_cgroup(set, BPF_CORE_READ(unified, root));
  key->unified = BPF_CORE_READ(unified, kn, id);
  key->v1 = v1 ? BPF_CORE_READ(v1, kn, id) : 0;
  if (!bpf_map_lookup_elem(&cgroups_told, key)) tell_cgroup(key, unified, v1);
}

#endif
