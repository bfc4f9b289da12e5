#include "event/activity.h"

#include <algorithm>

namespace davy::event {
namespace {

template <typename Array>
void add(Array& into, const Array& from) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
}

template <typename Array>
void take_maximum(Array& into, const Array& from) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], from[i]);
}

template <typename T>
void take_maximum_of(T& into, const T& from) {
  into = std::max(into, from);
}

/// The earlier of two boot times of which 0 means none.
std::uint64_t earlier(std::uint64_t a, std::uint64_t b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

void Moment::merge(const Moment& other) {
  take_maximum_of(length_us, other.length_us);
  take_maximum_of(armed_us, other.armed_us);
  add(cpu_us, other.cpu_us);
  rss_kib += other.rss_kib;
  threads += other.threads;
  processes += other.processes;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  messages_sent += other.messages_sent;
  messages_received += other.messages_received;
  add(calls, other.calls);
}

void ThreadUse::merge(const ThreadUse& other) {
  cpu_us += other.cpu_us;
  calls += other.calls;
  io_calls += other.io_calls;
  switches_involuntary += other.switches_involuntary;
}

void Flow::merge(const Flow& other) {
  messages += other.messages;
  bytes += other.bytes;
  take_maximum_of(largest, other.largest);
  gap_ms += other.gap_ms;
  gap_ms2 += other.gap_ms2;
  add(gaps, other.gaps);
  add(sizes, other.sizes);
  first_ns = earlier(first_ns, other.first_ns);
  take_maximum_of(last_ns, other.last_ns);
}

void Conversation::merge(const Conversation& other) {
  take_maximum_of(peer, other.peer);
  take_maximum_of(direction, other.direction);
  take_maximum_of(transport, other.transport);
  take_maximum_of(first_speaker, other.first_speaker);
  take_maximum_of(first_sent, other.first_sent);
  take_maximum_of(first_received, other.first_received);
  closed = closed || other.closed;
  pushes += other.pushes;
  turns += other.turns;
  sent.merge(other.sent);
  received.merge(other.received);
}

void Directory::merge(const Directory& other) { take_maximum_of(file_class, other.file_class); }

void OpensOfClass::merge(const OpensOfClass& other) {
  opened += other.opened;
  failed += other.failed;
  writing += other.writing;
}

void Activity::merge(const Activity& other) {
  add(sums, other.sums);
  take_maximum(peaks, other.peaks);
  flags |= other.flags;
  for (std::size_t i = 0; i < opens.size(); ++i) opens[i].merge(other.opens[i]);
  take_maximum(libraries, other.libraries);
  moments.merge(other.moments);
  threads.merge(other.threads);
  conversations.merge(other.conversations);
  directories.merge(other.directories);
}

CallKind coarse_kind(Sum syscall) {
  switch (syscall) {
    case Sum::kSyscallRead:
    case Sum::kSyscallWrite:
    case Sum::kSyscallPread:
    case Sum::kSyscallPwrite:
    case Sum::kSyscallOpen:
    case Sum::kSyscallClose:
    case Sum::kSyscallStat:
    case Sum::kSyscallSeek:
    case Sum::kSyscallFcntl:
    case Sum::kSyscallSync:
    case Sum::kSyscallTruncate:
    case Sum::kSyscallUnlink:
    case Sum::kSyscallMkdir:
    case Sum::kSyscallGetdents:
    case Sum::kSyscallTransfer:
    case Sum::kSyscallIoUring:
    case Sum::kSyscallAio:
      return CallKind::kFile;
    case Sum::kSyscallSocket:
    case Sum::kSyscallConnect:
    case Sum::kSyscallAccept:
    case Sum::kSyscallListen:
    case Sum::kSyscallSend:
    case Sum::kSyscallReceive:
    case Sum::kSyscallSockopt:
      return CallKind::kNetwork;
    case Sum::kSyscallPoll:
    case Sum::kSyscallEpollWait:
    case Sum::kSyscallEpollCtl:
    case Sum::kSyscallFutexWait:
    case Sum::kSyscallFutexOther:
    case Sum::kSyscallWait:
      return CallKind::kWait;
    case Sum::kSyscallMmap:
    case Sum::kSyscallMunmap:
    case Sum::kSyscallMprotect:
    case Sum::kSyscallMadvise:
    case Sum::kSyscallBrk:
    case Sum::kSyscallMlock:
    case Sum::kSyscallNuma:
      return CallKind::kMemory;
    case Sum::kSyscallClone:
    case Sum::kSyscallExec:
    case Sum::kSyscallKill:
    case Sum::kSyscallSignal:
      return CallKind::kProcess;
    case Sum::kSyscallYield:
      return CallKind::kYield;
    case Sum::kSyscallSleep:
    case Sum::kSyscallTimer:
      return CallKind::kTime;
    default:
      return CallKind::kOther;
  }
}

bool is_io(Sum syscall) {
  switch (syscall) {
    case Sum::kSyscallSocket:
    case Sum::kSyscallPoll:
    case Sum::kSyscallEpollWait:
    case Sum::kSyscallIoctl:
      return true;
    default:
      break;
  }
  const CallKind kind = coarse_kind(syscall);
  return kind == CallKind::kFile || kind == CallKind::kNetwork;
}

}  // namespace davy::event
