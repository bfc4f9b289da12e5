#include "window/packed.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace davy::window {
namespace {

using event::Activity;
using event::Conversation;
using event::Flow;
using event::Moment;

class Writer {
 public:
  explicit Writer(std::vector<std::uint8_t>& out) : out_(out) { out_.clear(); }

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::uint8_t>(value | 0x80));
    out_.push_back(static_cast<std::uint8_t>(value));
  }

  template <typename T>
  void raw(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t at = out_.size();
    out_.resize(at + sizeof(T));
    std::memcpy(out_.data() + at, &value, sizeof(T));
  }

  /// A bitmap of the rows that hold something, 64 to a word; then `write` of each of them.
  template <typename Array, typename Write>
  void rows(const Array& array, Write write) {
    for (std::size_t base = 0; base < array.size(); base += 64) {
      const std::size_t end = std::min<std::size_t>(array.size(), base + 64);
      std::uint64_t held = 0;
      for (std::size_t i = base; i < end; ++i) {
        held |= static_cast<std::uint64_t>(array[i] != typename Array::value_type{}) << (i - base);
      }
      raw(held);
      for (; held != 0; held &= held - 1) write(array[base + static_cast<std::size_t>(std::countr_zero(held))]);
    }
  }

  template <typename Array>
  void numbers(const Array& array) {
    rows(array, [this](std::uint64_t value) { varint(value); });
  }

 private:
  std::vector<std::uint8_t>& out_;
};

class Reader {
 public:
  explicit Reader(const std::uint8_t* at) : at_(at) {}

  std::uint64_t varint() {
    std::uint64_t value = *at_ & 0x7f;
    for (int shift = 7; (*at_++ & 0x80) != 0; shift += 7) value |= static_cast<std::uint64_t>(*at_ & 0x7f) << shift;
    return value;
  }

  template <typename T>
  T number() {
    return static_cast<T>(varint());
  }

  template <typename T>
  T raw() {
    T value;
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  template <typename Array, typename Take>
  void rows(Array& array, Take take) {
    for (std::size_t base = 0; base < array.size(); base += 64) {
      for (auto held = raw<std::uint64_t>(); held != 0; held &= held - 1) {
        take(array[base + static_cast<std::size_t>(std::countr_zero(held))]);
      }
    }
  }

  template <typename Array>
  void numbers(Array& array) {
    rows(array, [this](auto& row) { row = number<typename Array::value_type>(); });
  }

 private:
  const std::uint8_t* at_;
};

void write(Writer& out, const Flow& flow) {
  for (const std::uint64_t value :
       {flow.messages, flow.bytes, flow.largest, flow.gap_ms, flow.gap_ms2, flow.first_ns, flow.last_ns}) {
    out.varint(value);
  }
  out.numbers(flow.gaps);
  out.numbers(flow.sizes);
}

Flow read_flow(Reader& in) {
  Flow flow;
  for (std::uint64_t* value :
       {&flow.messages, &flow.bytes, &flow.largest, &flow.gap_ms, &flow.gap_ms2, &flow.first_ns, &flow.last_ns}) {
    *value = in.varint();
  }
  in.numbers(flow.gaps);
  in.numbers(flow.sizes);
  return flow;
}

/// What a conversation has besides its flows.
struct Talk {
  std::uint64_t opened_ns, id;
  event::Peer peer;
  event::Direction direction;
  event::Transport transport;
  event::Speaker first_speaker;
  event::FirstBytes first_sent, first_received;
  bool closed;
  std::uint32_t pushes, turns;
};

void write(Writer& out, const Conversation& c) {
  out.raw(Talk{c.opened_ns, c.id, c.peer, c.direction, c.transport, c.first_speaker, c.first_sent, c.first_received,
               c.closed, c.pushes, c.turns});
  write(out, c.sent);
  write(out, c.received);
}

Conversation read_conversation(Reader& in) {
  const auto t = in.raw<Talk>();
  Conversation c{
      t.opened_ns, t.id,     t.peer,  t.direction, t.transport, t.first_speaker, t.first_sent, t.first_received,
      t.closed,    t.pushes, t.turns, {},          {}};
  c.sent = read_flow(in);
  c.received = read_flow(in);
  return c;
}

void write(Writer& out, const Activity& a) {
  out.numbers(a.sums);
  out.numbers(a.peaks);
  out.varint(a.flags);
  out.rows(a.opens, [&](const event::OpensOfClass& opens) {
    out.varint(opens.opened);
    out.varint(opens.failed);
    out.varint(opens.writing);
  });
  out.numbers(a.libraries);
  out.varint(a.threads.size());
  for (const event::ThreadUse& thread : a.threads) {
    out.raw(thread.id);
    for (const std::uint64_t value : {thread.cpu_us, thread.calls, thread.io_calls, thread.switches_involuntary}) {
      out.varint(value);
    }
  }
  out.varint(a.conversations.size());
  for (const Conversation& conversation : a.conversations) write(out, conversation);
  out.varint(a.directories.size());
  for (const event::Directory& directory : a.directories) {
    out.raw(directory.hash);
    out.raw(directory.file_class);
  }
}

void write(Writer& out, const Moment& m) {
  for (const std::uint64_t value : {m.number.value(), std::uint64_t{m.length_us}, std::uint64_t{m.armed_us}, m.rss_kib,
                                    std::uint64_t{m.threads}, std::uint64_t{m.processes}, m.bytes_in, m.bytes_out,
                                    std::uint64_t{m.messages_sent}, std::uint64_t{m.messages_received}}) {
    out.varint(value);
  }
  out.numbers(m.cpu_us);
  out.numbers(m.calls);
}

template <typename T>
std::unique_ptr<std::uint8_t[]> pack(const T& value) {
  thread_local std::vector<std::uint8_t> scratch;
  Writer writer(scratch);
  write(writer, value);
  auto bytes = std::make_unique_for_overwrite<std::uint8_t[]>(scratch.size());
  std::copy(scratch.begin(), scratch.end(), bytes.get());
  return bytes;
}

}  // namespace

Packed::Packed(const Activity& activity) : bytes_(pack(activity)) {}
Packed::Packed(const Moment& moment) : bytes_(pack(moment)) {}

void Packed::merge_into(Activity& into) const {
  Reader in(bytes_.get());
  in.rows(into.sums, [&](std::uint64_t& sum) { sum += in.varint(); });
  in.rows(into.peaks, [&](std::uint64_t& peak) { peak = std::max(peak, in.varint()); });
  into.flags |= in.varint();
  in.rows(into.opens, [&](event::OpensOfClass& opens) {
    opens.opened += in.number<std::uint32_t>();
    opens.failed += in.number<std::uint32_t>();
    opens.writing += in.number<std::uint32_t>();
  });
  in.rows(into.libraries, [&](std::uint16_t& count) { count = std::max(count, in.number<std::uint16_t>()); });
  for (std::uint64_t n = in.varint(); n > 0; --n) {
    event::ThreadUse thread{.id = in.raw<std::uint64_t>()};
    for (std::uint64_t* value : {&thread.cpu_us, &thread.calls, &thread.io_calls, &thread.switches_involuntary}) {
      *value = in.varint();
    }
    into.threads.insert(thread);
  }
  for (std::uint64_t n = in.varint(); n > 0; --n) into.conversations.insert(read_conversation(in));
  for (std::uint64_t n = in.varint(); n > 0; --n) {
    const auto hash = in.raw<std::uint64_t>();
    into.directories.insert({hash, in.raw<event::FileClass>()});
  }
}

Moment Packed::moment() const {
  Reader in(bytes_.get());
  Moment m;
  m.number = event::SliceNumber(in.varint());
  m.length_us = in.number<std::uint32_t>();
  m.armed_us = in.number<std::uint32_t>();
  m.rss_kib = in.varint();
  m.threads = in.number<std::uint32_t>();
  m.processes = in.number<std::uint32_t>();
  m.bytes_in = in.varint();
  m.bytes_out = in.varint();
  m.messages_sent = in.number<std::uint32_t>();
  m.messages_received = in.number<std::uint32_t>();
  in.numbers(m.cpu_us);
  in.numbers(m.calls);
  return m;
}

}  // namespace davy::window
