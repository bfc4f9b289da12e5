/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What the first bytes of a conversation look like. The text is read into a scratch area, judged and overwritten. */
#ifndef DAVY_FIRST_BYTES_H
#define DAVY_FIRST_BYTES_H

#define SAMPLE 256
/* Room around the sample, so that four bytes and the one before can be read at any place in it. */
struct sample {
  __u32 seen; /* SEEN_* */
  unsigned char before[4];
  unsigned char bytes[SAMPLE + 8];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct sample);
} sample_scratch SEC(".maps");

struct iovec {
  void *base;
  unsigned long length;
};

/* Where user space keeps struct msghdr's vector. */
#define MSGHDR_IOV 16

static __always_inline bool first_vector(struct iovec *piece, unsigned long vector) {
  return bpf_probe_read_user(piece, sizeof(*piece), (const void *)vector) == 0;
}

/* The buffer the running call sends from or received into. */
static __always_inline bool buffer_of_call(struct iovec *piece, struct pt_regs *regs) {
  unsigned long vector = 0;
  switch (regs->orig_ax) {
    case 0:  /* read */
    case 1:  /* write */
    case 44: /* sendto */
    case 45: /* recvfrom */
      piece->base = (void *)regs->si;
      piece->length = regs->dx;
      return true;
    case 19: /* readv */
    case 20: /* writev */
      return first_vector(piece, regs->si);
    case 46:  /* sendmsg */
    case 47:  /* recvmsg */
    case 299: /* recvmmsg */
    case 307: /* sendmmsg */
      if (bpf_probe_read_user(&vector, sizeof(vector), (const void *)(regs->si + MSGHDR_IOV))) return false;
      return first_vector(piece, vector);
    default:
      return false;
  }
}

static __always_inline __u32 word_at(const struct sample *sample, __u32 at) {
  const unsigned char *p = sample->bytes + at;
  return p[0] | p[1] << 8 | p[2] << 16 | (__u32)p[3] << 24;
}

#define WORD(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)
#define LOWER 0x20202020u

static __always_inline bool starts_http(__u32 word) {
  return word == WORD('G', 'E', 'T', ' ') || word == WORD('P', 'O', 'S', 'T') || word == WORD('P', 'U', 'T', ' ') ||
         word == WORD('H', 'E', 'A', 'D') || word == WORD('H', 'T', 'T', 'P') || word == WORD('D', 'E', 'L', 'E') ||
         word == WORD('O', 'P', 'T', 'I') || word == WORD('C', 'O', 'N', 'N') || word == WORD('P', 'A', 'T', 'C') ||
         word == WORD('P', 'R', 'I', ' ');
}

enum { SEEN_RPC = 1, SEEN_ID = 2, SEEN_RESULT = 4, SEEN_WEBSOCKET = 8, SEEN_BINARY = 16 };

/* What four bytes somewhere in the text give away. */
static __always_inline __u32 clues(__u32 word, unsigned char before) {
  if (before == '"') {
    if (word == WORD('j', 's', 'o', 'n') || word == WORD('m', 'e', 't', 'h')) return SEEN_RPC;
    if (word == WORD('r', 'e', 's', 'u') || word == WORD('e', 'r', 'r', 'o')) return SEEN_RESULT;
    if ((word & 0xffffff) == WORD('i', 'd', '"', 0)) return SEEN_ID;
  }
  if ((word | LOWER) == WORD('w', 'e', 'b', 's')) return SEEN_WEBSOCKET;
  return 0;
}

struct reading {
  struct sample *sample;
};

static long read_clue(__u32 at, void *context) {
  struct sample *sample = ((struct reading *)context)->sample;
  unsigned char c;
  if (at >= SAMPLE) return 1;
  c = sample->bytes[at];
  if ((c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t') sample->seen |= SEEN_BINARY;
  sample->seen |= clues(word_at(sample, at), *(&sample->bytes[at] - 1));
  return 0;
}

/* By bpf_loop (5.17), which the verifier looks at once: message hooks exist from 6.3 on only. */
static __always_inline void read_clues(struct sample *sample, __u32 length) {
  struct reading reading = {sample};
  bpf_loop(length, read_clue, &reading, 0);
}

/* REQUIRES: bytes after `length` are zero. */
static __always_inline __u8 judge(struct sample *sample, __u32 length) {
  __u32 word = word_at(sample, 0), seen;
  unsigned char first = sample->bytes[0];
  if ((word & 0xffff) == WORD(0x16, 0x03, 0, 0)) return DAVY_FIRST_TLS;
  read_clues(sample, length);
  seen = sample->seen;
  if (starts_http(word)) return seen & SEEN_WEBSOCKET ? DAVY_FIRST_WEBSOCKET : DAVY_FIRST_HTTP;
  if (first == '{' || first == '[') {
    bool answer = (seen & (SEEN_ID | SEEN_RESULT)) == (SEEN_ID | SEEN_RESULT);
    return (seen & SEEN_RPC) || answer ? DAVY_FIRST_JSON_RPC : DAVY_FIRST_JSON;
  }
  return seen & SEEN_BINARY || length < 2 ? DAVY_FIRST_OTHER : DAVY_FIRST_LINE_TEXT;
}

/* Looks at the bytes the current call moved. DAVY_FIRST_UNSEEN when they cannot be read. */
static __always_inline __u8 look_at_bytes(struct task_struct *task, __u32 moved) {
  struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
  struct iovec piece = {};
  struct sample *sample;
  __u32 zero = 0, length = moved;
  if (task->thread_info.status & TS_COMPAT || !buffer_of_call(&piece, regs)) return DAVY_FIRST_UNSEEN;
  if (length > piece.length) length = piece.length;
  if (length > SAMPLE) length = SAMPLE;
  sample = bpf_map_lookup_elem(&sample_scratch, &zero);
  if (!sample || length == 0) return DAVY_FIRST_UNSEEN;
  __builtin_memset(sample, 0, sizeof(*sample));
  if (bpf_probe_read_user(sample->bytes, length, piece.base)) return DAVY_FIRST_UNSEEN;
  return judge(sample, length);
}

#endif
