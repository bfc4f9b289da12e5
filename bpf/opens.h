/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Paths that are opened: the first of each thread and slice, and the first failures; the collector classifies them and
 * forgets the text. */
#ifndef DAVY_OPENS_H
#define DAVY_OPENS_H

#define AT_FDCWD -100
#define O_ACCMODE 3
#define O_CREAT 0100

/* A record too large for the stack; hooks do not sleep, so one a CPU does. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct davy_open);
} open_scratch SEC(".maps");

struct open_request {
  const char *path;
  unsigned long flags;
  int directory;
};

static __always_inline void read_open_request(struct open_request *request, struct pt_regs *regs) {
  request->directory = AT_FDCWD;
  request->flags = 0;
  switch (READ(regs, orig_ax)) {
    case 2: /* open */
      request->path = (const char *)READ(regs, di);
      request->flags = READ(regs, si);
      return;
    case 85: /* creat */
      request->path = (const char *)READ(regs, di);
      request->flags = 1;
      return;
    case 437: { /* openat2: the flags are the first word of struct open_how */
      __u64 how = 0;
      bpf_probe_read_user(&how, sizeof(how), (const void *)READ(regs, dx));
      request->flags = how;
      break;
    }
    default: /* openat */
      request->flags = READ(regs, dx);
  }
  request->directory = READ(regs, di);
  request->path = (const char *)READ(regs, si);
}

/* True when this slice's budget still has room for one more. */
static __always_inline bool take_open_budget(struct davy_tally *tally, bool is_failure) {
  __u32 slice = slice_number;
  if (tally->budget_slice != slice) {
    tally->budget_slice = slice;
    tally->opens_told = 0;
    tally->failures_told = 0;
  }
  if (is_failure) return tally->failures_told < opens_per_slice && tally->failures_told++ < 255;
  return tally->opens_told < opens_per_slice && tally->opens_told++ < 255;
}

static __always_inline bool tell_open(struct task_struct *task, struct pt_regs *regs, long ret) {
  struct open_request request;
  struct davy_open *record;
  __u32 zero = 0;
  __u64 length;
  record = bpf_map_lookup_elem(&open_scratch, &zero);
  if (!record) return false;
  read_open_request(&request, regs);
  length = bpf_probe_read_user_str(record->path, sizeof(record->path), request.path);
  if (length - 1 >= DAVY_PATH_MAX) return false; /* unreadable, or nothing */
  head_of(&record->head, task, DAVY_OPEN, sizeof(*record));
  record->error = ret < 0 ? -ret : 0;
  record->flags = (request.flags & O_ACCMODE) || (request.flags & O_CREAT) ? DAVY_OPEN_WRITES : 0;
  record->relative_to_fd = request.directory != AT_FDCWD;
  record->length = length - 1;
  if (bpf_ringbuf_output(&ring, record, __builtin_offsetof(struct davy_open, path) + length, ring_flags())) {
    lose(DAVY_LOSS_RING_OPEN);
    return false;
  }
  return true;
}

static __always_inline void look_at_open(struct task_struct *task, struct davy_tally *tally, struct pt_regs *regs,
                                         long ret) {
  if ((__u32)READ(task, tgid) == collector_tgid) return;
  if (take_open_budget(tally, ret < 0) && tell_open(task, regs, ret))
    ADD(tally->count[DAVY_COUNT_OPENS_SEEN], 1);
  else
    ADD(tally->count[DAVY_COUNT_OPENS_UNSEEN], 1);
}

#endif
