#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <tuple>
#include <utility>

#include "base/id.h"
#include "event/bounded.h"
#include "event/counters.h"

namespace davy::event {

/// Boot time divided by the slice length: successive slices of a host count up by one.
using SliceNumber = Id<struct SliceNumberTag, std::uint64_t>;

inline constexpr std::uint64_t kSliceSeconds = 10;
/// The parts of a slice at which CPU time is sampled, for duty cycles shorter than a slice.
inline constexpr std::size_t kPulses = 10;

/// Coarse kinds of system call, for how the mix changes from slice to slice (stationarity).
enum class CallKind : std::uint8_t { kFile, kNetwork, kWait, kMemory, kProcess, kYield, kTime, kOther, kCount };

/// What one slice of time looked like; the key is `number`. Merging two moments of one number adds what siblings did,
/// while `length_us` and `armed_us` take the maximum: siblings do not add time.
struct Moment {
  SliceNumber number;
  std::uint32_t length_us = 0;  // how much of the slice the process lived
  std::uint32_t armed_us = 0;   // how much of that system calls were counted
  std::array<std::uint32_t, kPulses> cpu_us{};
  std::uint64_t rss_kib = 0;
  std::uint32_t threads = 0;
  std::uint32_t processes = 0;  // 1 for a process; a workload's number of active processes
  std::uint64_t bytes_in = 0;   // read and received
  std::uint64_t bytes_out = 0;
  std::uint32_t messages_sent = 0;
  std::uint32_t messages_received = 0;
  std::array<std::uint32_t, kCountOf<CallKind>> calls{};

  void merge(const Moment& other);
  bool operator==(const Moment&) const = default;
};

/// What one thread did; the key is `id` = hash of (tid, its start).
struct ThreadUse {
  std::uint64_t id = 0;
  std::uint64_t cpu_us = 0;
  std::uint64_t calls = 0;     // system calls of any class
  std::uint64_t io_calls = 0;  // of those: read, write, send, receive, open, stat, poll and kin
  std::uint64_t switches_involuntary = 0;

  void merge(const ThreadUse& other);
  bool operator==(const ThreadUse&) const = default;
};

enum class Direction : std::uint8_t { kUnknown, kOutbound, kInbound };
enum class Transport : std::uint8_t { kUnknown, kTcp, kUdp, kUnix };
enum class Speaker : std::uint8_t { kUnknown, kUs, kPeer };
/// What the first bytes looked like: decided in the kernel or agent, the text itself is never kept.
enum class FirstBytes : std::uint8_t { kUnseen, kOther, kJson, kJsonRpc, kHttp, kWebSocket, kTls, kLineText };

/// Upper bounds of the gap histogram, in milliseconds; the last bucket is open.
inline constexpr std::array<std::uint64_t, 9> kGapBoundsMs{1, 10, 100, 1'000, 5'000, 15'000, 30'000, 60'000, 120'000};
inline constexpr std::size_t kGapBuckets = kGapBoundsMs.size() + 1;
/// Upper bounds of the message size histogram, in bytes; the last bucket is open.
inline constexpr std::array<std::uint64_t, 7> kSizeBounds{32, 128, 256, 512, 1'024, 4'096, 16'384};
inline constexpr std::size_t kSizeBuckets = kSizeBounds.size() + 1;

/// One way of a conversation. Gaps are between successive messages of the same way.
struct Flow {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t largest = 0;  // bytes; maximum
  std::uint64_t gap_ms = 0;   // sum of gaps
  std::uint64_t gap_ms2 = 0;  // sum of squared gaps
  std::array<std::uint32_t, kGapBuckets> gaps{};
  std::array<std::uint32_t, kSizeBuckets> sizes{};
  std::uint64_t first_ns = 0;  // boot time of the first message of the slice; 0: none; minimum
  std::uint64_t last_ns = 0;   // maximum

  void merge(const Flow& other);
  bool operator==(const Flow&) const = default;
};

/// Where the peer is: evidence for people, never a feature. IPv4 as v4-mapped IPv6.
struct Peer {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;
  auto operator<=>(const Peer&) const = default;
};

/// One socket's exchange with one peer; the key is (does not leave the host, opened_ns, id): when a set is full those
/// over a network stay before those that never leave the host, and of these the ones opened first, so that the
/// long-lived one survives a burst of short ones (docs/decisions/0003).
struct Conversation {
  std::uint64_t opened_ns = 0;  // boot time at which the socket connected or was first used
  std::uint64_t id = 0;         // hash of the socket's identity
  Peer peer;
  Direction direction = Direction::kUnknown;
  Transport transport = Transport::kUnknown;
  Speaker first_speaker = Speaker::kUnknown;
  FirstBytes first_sent = FirstBytes::kUnseen;
  FirstBytes first_received = FirstBytes::kUnseen;
  bool closed = false;
  std::uint32_t pushes = 0;  // messages received >= 1 s after the last message of either way: the peer speaks unasked
  std::uint32_t turns = 0;   // changes of who speaks
  Flow sent;
  Flow received;

  void merge(const Conversation& other);
  bool operator==(const Conversation&) const = default;
};

/// A directory in which something was opened; the key is `hash` of its path.
struct Directory {
  std::uint64_t hash = 0;
  FileClass file_class = FileClass::kOther;

  void merge(const Directory& other);
  bool operator==(const Directory&) const = default;
};

struct OpensOfClass {
  std::uint32_t opened = 0;  // attempts, failed ones included
  std::uint32_t failed = 0;
  std::uint32_t writing = 0;

  void merge(const OpensOfClass& other);
  bool operator==(const OpensOfClass&) const = default;
};

struct NewestFirst {
  static std::uint64_t key(const Moment& m) { return ~m.number.value(); }
};
struct ByThread {
  static std::uint64_t key(const ThreadUse& t) { return t.id; }
};
/// Of one key all parts have a transport on the same side, so merging does not change it.
struct NetworkThenOldestFirst {
  static std::tuple<bool, std::uint64_t, std::uint64_t> key(const Conversation& c) {
    return {c.transport == Transport::kUnix, c.opened_ns, c.id};
  }
};
struct ByDirectory {
  static std::uint64_t key(const Directory& d) { return d.hash; }
};

/// What a process or workload did over some time. A commutative monoid: `merge` is associative and commutative and
/// Activity{} is its empty element (event/activity_test.cc proves it on random cases), so that slices may be merged in
/// any order and grouping, over time and over siblings.
struct Activity {
  std::array<std::uint64_t, kCountOf<Sum>> sums{};
  std::array<std::uint64_t, kCountOf<Peak>> peaks{};
  std::uint64_t flags = 0;  // bit n is Flag(n)
  std::array<OpensOfClass, kCountOf<FileClass>> opens{};
  std::array<std::uint16_t, kCountOf<LibraryClass>> libraries{};       // distinct libraries mapped of a class; maximum
  BoundedSet<Moment, NewestFirst, 64> moments;                         // the newest 64 slices
  BoundedSet<ThreadUse, ByThread, 32> threads;                         // a random 32 of the threads that used CPU
  BoundedSet<Conversation, NetworkThenOldestFirst, 24> conversations;  // 24: of the network, then those opened first
  BoundedSet<Directory, ByDirectory, 64> directories;  // a random 64 (bottom-k: estimates the distinct count)

  void merge(const Activity& other);
  bool operator==(const Activity&) const = default;

  std::uint64_t& operator[](Sum sum) { return sums[static_cast<std::size_t>(sum)]; }
  std::uint64_t operator[](Sum sum) const { return sums[static_cast<std::size_t>(sum)]; }
  std::uint64_t& operator[](Peak peak) { return peaks[static_cast<std::size_t>(peak)]; }
  std::uint64_t operator[](Peak peak) const { return peaks[static_cast<std::size_t>(peak)]; }
  OpensOfClass& operator[](FileClass file) { return opens[static_cast<std::size_t>(file)]; }
  const OpensOfClass& operator[](FileClass file) const { return opens[static_cast<std::size_t>(file)]; }
  std::uint16_t& operator[](LibraryClass library) { return libraries[static_cast<std::size_t>(library)]; }
  std::uint16_t operator[](LibraryClass library) const { return libraries[static_cast<std::size_t>(library)]; }
  [[nodiscard]] bool has(Flag flag) const { return ((flags >> static_cast<unsigned>(flag)) & 1) != 0; }
  void set(Flag flag) { flags |= std::uint64_t{1} << static_cast<unsigned>(flag); }
};
static_assert(kCountOf<Flag> <= 64);

/// Which coarse kind a class of system call belongs to. REQUIRES: syscall < kSyscallClasses.
CallKind coarse_kind(Sum syscall);

/// True for the classes that move data or wait for it: what a thread that only computes does not call.
bool is_io(Sum syscall);

}  // namespace davy::event
