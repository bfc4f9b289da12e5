/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Who talks to whom, how much, how often, and who begins: kept with the socket, gone with it. */
#ifndef DAVY_CONVERSATIONS_H
#define DAVY_CONVERSATIONS_H

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_CLOSE 7
#define MSG_PEEK 2
#define SECOND 1000000000ULL
#define MILLISECOND 1000000ULL

#ifdef DAVY_RAW
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct sock *);
  __type(value, struct davy_conversation);
} conversations SEC(".maps");

static const struct davy_conversation new_conversation;

static __always_inline struct davy_conversation *known_conversation(struct sock *sk) {
  return bpf_map_lookup_elem(&conversations, &sk);
}

static __always_inline struct davy_conversation *make_conversation(struct sock *sk) {
  bpf_map_update_elem(&conversations, &sk, &new_conversation, BPF_NOEXIST);
  return bpf_map_lookup_elem(&conversations, &sk);
}
#else
/* The same memory as struct davy_conversation, with its first word known to the verifier as a lock. */
struct conversation {
  struct bpf_spin_lock lock;
  __u32 body[(sizeof(struct davy_conversation) - 4) / 4];
};

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct conversation);
} conversations SEC(".maps");

static __always_inline struct davy_conversation *known_conversation(struct sock *sk) {
  return (void *)bpf_sk_storage_get(&conversations, sk, 0, 0);
}

static __always_inline struct davy_conversation *make_conversation(struct sock *sk) {
  return (void *)bpf_sk_storage_get(&conversations, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
}
#endif

static __always_inline __u8 transport_of(struct sock *sk) {
  __u16 family = READ(sk, __sk_common.skc_family);
  if (family == AF_UNIX) return READ(sk, sk_type) == SOCK_STREAM ? DAVY_UNIX : DAVY_TRANSPORT_UNKNOWN;
  if (family != AF_INET && family != AF_INET6) return DAVY_TRANSPORT_UNKNOWN;
  if (READ(sk, sk_protocol) == IPPROTO_TCP) return DAVY_TCP;
  return READ(sk, sk_protocol) == IPPROTO_UDP ? DAVY_UDP : DAVY_TRANSPORT_UNKNOWN;
}

static __always_inline void read_peer(struct davy_conversation *talk, struct sock *sk) {
  __u16 family = READ(sk, __sk_common.skc_family);
  if (family == AF_INET) {
    __u32 address = READ(sk, __sk_common.skc_daddr);
    talk->address[10] = talk->address[11] = 0xff;
    __builtin_memcpy(talk->address + 12, &address, 4);
  } else if (family == AF_INET6) {
    bpf_core_read(talk->address, 16, &sk->__sk_common.skc_v6_daddr);
  }
  if (family != AF_UNIX) talk->port = bpf_ntohs(READ(sk, __sk_common.skc_dport));
}

static __always_inline void begin_talk(struct davy_conversation *talk, __u8 transport) {
  talk->id = __sync_fetch_and_add(&conversation_serial, 1) + 1;
  talk->transport = transport;
  talk->opened_ns = bpf_ktime_get_boot_ns();
}

/* The conversation of a socket; made when missing. NULL: not a kind we follow, or no memory. */
static __always_inline struct davy_conversation *conversation_of(struct sock *sk) {
  struct davy_conversation *talk = known_conversation(sk);
  __u8 transport;
  if (talk) return talk;
  transport = transport_of(sk);
  if (!transport) return NULL;
  talk = make_conversation(sk);
  if (!talk) {
    lose(DAVY_LOSS_CONVERSATION);
    return NULL;
  }
  if (!talk->id) begin_talk(talk, transport);
  return talk;
}

#ifndef DAVY_RAW
/* A datagram socket that is not connected names its peer with each call: taken from the first one sent. */
static __always_inline void read_named_peer(struct davy_conversation *talk, struct task_struct *task) {
  struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
  unsigned long name = 0;
  struct {
    __u16 family;
    __be16 port;
    __u8 rest[24]; /* IPv4: the address; IPv6: flow label, the address */
  } to = {};
  if (task->thread_info.status & TS_COMPAT) return;
  if (regs->orig_ax == 44) name = regs->r8;                                                  /* sendto */
  if (regs->orig_ax == 46) bpf_probe_read_user(&name, sizeof(name), (const void *)regs->si); /* sendmsg */
  if (!name || bpf_probe_read_user(&to, 16, (const void *)name)) return;
  if (to.family == AF_INET6 && bpf_probe_read_user(&to, sizeof(to), (const void *)name)) return;
  if (to.family != AF_INET && to.family != AF_INET6) return;
  talk->port = bpf_ntohs(to.port);
  if (to.family == AF_INET) {
    talk->address[10] = talk->address[11] = 0xff;
    __builtin_memcpy(talk->address + 12, to.rest, 4);
  } else {
    __builtin_memcpy(talk->address, to.rest + 4, 16);
  }
}

static __always_inline __u32 gap_bucket(__u64 ms) {
  if (ms <= 100) return ms <= 1 ? 0 : ms <= 10 ? 1 : 2;
  if (ms <= 5000) return ms <= 1000 ? 3 : 4;
  if (ms <= 30000) return ms <= 15000 ? 5 : 6;
  return ms <= 60000 ? 7 : ms <= 120000 ? 8 : 9;
}

static __always_inline __u32 size_bucket(__u32 size) {
  if (size <= 256) return size <= 32 ? 0 : size <= 128 ? 1 : 2;
  if (size <= 1024) return size <= 512 ? 3 : 4;
  return size <= 4096 ? 5 : size <= 16384 ? 6 : 7;
}

static __always_inline void add_message(struct davy_flow *flow, __u32 size, __u64 now) {
  if (flow->last_ns && now > flow->last_ns) {
    __u64 gap = (now - flow->last_ns) / MILLISECOND;
    flow->gap_ms += gap;
    flow->gap_ms2 += gap * gap;
    flow->gaps[gap_bucket(gap)]++;
  } else if (flow->last_ns) {
    flow->gaps[0]++;
  }
  flow->messages++;
  flow->bytes += size;
  flow->sizes[size_bucket(size)]++;
  if (size > flow->largest) flow->largest = size;
  if (!flow->first_ns) flow->first_ns = now;
  flow->last_ns = now;
}

/* REQUIRES: the lock is held. */
static __always_inline void turn_to(struct davy_conversation *talk, __u8 way, __u64 now) {
  if (!talk->first_speaker) talk->first_speaker = way;
  if (talk->last_way && talk->last_way != way) talk->turns++;
  if (way == DAVY_RECEIVED && talk->last_ns && now > talk->last_ns + SECOND) talk->pushes++;
  talk->last_way = way;
  talk->last_ns = now;
}

/* Judges the first bytes of a way, once. The outcome is kept with the conversation. */
static __always_inline void look_once(struct task_struct *task, struct davy_conversation *talk, __u8 way, __u32 size) {
  __u8 first;
  if (talk->looked & way) return;
  first = look_at_bytes(task, size);
  talk->looked |= way;
  if (way == DAVY_SENT)
    talk->first_sent = first;
  else
    talk->first_received = first;
}

static __always_inline void talk_on(struct task_struct *task, struct davy_tally *tally, struct davy_conversation *talk,
                                    struct sock *sk, __u8 way, __u32 size) {
  struct bpf_spin_lock *lock = (void *)talk;
  __u64 now = bpf_ktime_get_boot_ns();
  look_once(task, talk, way, size);
  if (talk->direction == DAVY_INBOUND && !talk->owner.tgid) count(task, tally, DAVY_COUNT_ACCEPTS_IN, 1);
  if (!talk->port && talk->transport != DAVY_UNIX) {
    read_peer(talk, sk);
    if (!talk->port && way == DAVY_SENT) read_named_peer(talk, task);
  }
  if (talk->owner.tgid != (__u32)task->tgid) identify(&talk->owner, task);
  bpf_spin_lock(lock);
  turn_to(talk, way, now);
  if (way == DAVY_SENT)
    add_message(&talk->sent, size, now);
  else
    add_message(&talk->received, size, now);
  bpf_spin_unlock(lock);
}

static __always_inline int moved(struct sock *sk, int size, __u8 way) {
  struct task_struct *task = current_task();
  struct davy_tally *tally;
  struct davy_conversation *talk;
  if (size <= 0 || !sk || task->flags & PF_KTHREAD || (__u32)task->tgid == collector_tgid) return 0;
  tally = tally_of(task);
  count(task, tally, way == DAVY_SENT ? DAVY_COUNT_MESSAGES_SENT : DAVY_COUNT_MESSAGES_RECEIVED, 1);
  if (tally) tally->bytes[way == DAVY_SENT ? DAVY_BYTES_SENT : DAVY_BYTES_RECEIVED] += size;
  talk = conversation_of(sk);
  if (talk) talk_on(task, tally, talk, sk, way, size);
  return 0;
}

OPTIONAL_HOOK("sock_send_length")
int BPF_PROG(message_sent, struct sock *sk, int ret, int flags) { return moved(sk, ret, DAVY_SENT); }

OPTIONAL_HOOK("sock_recv_length")
int BPF_PROG(message_received, struct sock *sk, int ret, int flags) {
  return flags & MSG_PEEK ? 0 : moved(sk, ret, DAVY_RECEIVED);
}
#endif

/* All but the lock, which is not to be read. */
static __always_inline void copy_conversation(struct davy_conversation *to, const struct davy_conversation *from) {
  to->lock = 0;
  __builtin_memcpy((char *)to + sizeof(to->lock), (const char *)from + sizeof(to->lock),
                   sizeof(*to) - sizeof(to->lock));
}

static __always_inline void tell_conversation(struct davy_conversation *talk) {
  struct davy_conversation_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
  if (!record) {
    lose(DAVY_LOSS_RING_CONVERSATION);
    return;
  }
  record->head.kind = DAVY_CONVERSATION;
  record->head.size = sizeof(*record);
  record->head.who = talk->owner;
  copy_conversation(&record->conversation, talk);
  bpf_ringbuf_submit(record, ring_flags());
}

/* A socket that connects again after its connection ended begins another conversation: the first has been told whole.
 */
static __always_inline void begin_again(struct davy_conversation *talk) {
  __builtin_memset((char *)talk + sizeof(talk->lock), 0, sizeof(*talk) - sizeof(talk->lock));
  begin_talk(talk, DAVY_TCP);
}

/* A connection of the current process sets out. */
static __always_inline void set_out(struct sock *sk) {
  struct task_struct *task = current_task();
  struct davy_conversation *talk = conversation_of(sk);
  count(task, tally_of(task), DAVY_COUNT_CONNECTS_OUT, 1);
  if (!talk) return;
  if (talk->closed) begin_again(talk);
  talk->direction = DAVY_OUTBOUND;
  identify(&talk->owner, task);
  read_peer(talk, sk);
}

HOOK("inet_sock_set_state")
int BPF_PROG(connection_changed, const struct sock *const_sk, int from, int to) {
  struct sock *sk = (struct sock *)const_sk;
  struct davy_conversation *talk;
  if (READ(sk, sk_protocol) != IPPROTO_TCP) return 0;
  if (from == TCP_CLOSE && to == TCP_SYN_SENT) {
    set_out(sk);
    return 0;
  }
  if (to == TCP_ESTABLISHED) {
    talk = conversation_of(sk);
    if (!talk) return 0;
    if (talk->direction == DAVY_DIRECTION_UNKNOWN) talk->direction = DAVY_INBOUND;
    talk->established = 1;
    read_peer(talk, sk);
#ifdef DAVY_RAW
    if (talk->owner.tgid) tell_conversation(talk); /* nothing iterates over them */
#endif
  } else if (to == TCP_CLOSE) {
    talk = known_conversation(sk);
    if (!talk || talk->closed || !talk->owner.tgid) return 0;
    talk->closed = 1;
    talk->failed = from == TCP_SYN_SENT;
    tell_conversation(talk);
#ifdef DAVY_RAW
    bpf_map_delete_elem(&conversations, &sk);
#endif
  }
  return 0;
}

#endif
