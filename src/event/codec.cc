#include "event/codec.h"

#include <algorithm>
#include <limits>

namespace davy::event {
namespace {

using google::protobuf::RepeatedField;

WallTime wall_from(std::int64_t ns) { return WallTime(nanoseconds(ns)); }
std::int64_t ns_of(WallTime time) { return time.time_since_epoch().count(); }

template <typename Message>
void count_unknown(const Message& message, std::uint64_t& newer) {
  newer += static_cast<std::uint64_t>(Message::GetReflection()->GetUnknownFields(message).field_count());
}

/// No collector writes longer text, more ancestors or more counters: what only a hostile stream can say is cut, and
/// counted as unknown.
constexpr std::size_t kMostText = 4096;
constexpr int kMostAncestors = 6;
constexpr int kMostCounters = 256;

std::string text_from(const std::string& in, std::uint64_t& newer) {
  if (in.size() <= kMostText) return in;
  ++newer;
  return in.substr(0, kMostText);
}

template <typename Messages>
int at_most(const Messages& in, int most, std::uint64_t& newer) {
  newer += static_cast<std::uint64_t>(std::max(0, in.size() - most));
  return std::min(in.size(), most);
}

/// The enum value of a number, or the first value for a number beyond `last`.
template <typename Enum>
Enum enum_from(std::uint32_t number, Enum last, std::uint64_t& newer) {
  if (number <= static_cast<std::uint32_t>(last)) return static_cast<Enum>(number);
  ++newer;
  return Enum{};
}

/// A dense array; zeros at its end are left out.
template <typename Array>
void encode_array(const Array& from, RepeatedField<std::uint32_t>& out) {
  std::size_t used = from.size();
  while (used > 0 && from[used - 1] == 0) --used;
  out.Add(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(used));
}

template <typename Array>
void decode_array(const RepeatedField<std::uint32_t>& from, Array& out, std::uint64_t& newer) {
  const auto held = std::min(out.size(), static_cast<std::size_t>(from.size()));
  std::copy_n(from.begin(), held, out.begin());
  newer += static_cast<std::size_t>(from.size()) - held;
}

/// A sparse array: the numbers of the rows that are not zero, and their values.
template <typename Array, typename Value>
void encode_rows(const Array& from, RepeatedField<std::uint32_t>& rows, RepeatedField<Value>& values) {
  for (std::size_t row = 0; row < from.size(); ++row) {
    if (from[row] == 0) continue;
    rows.Add(static_cast<std::uint32_t>(row));
    values.Add(from[row]);
  }
}

template <typename Value>
Value at_or_zero(const RepeatedField<Value>& values, int i) {
  return i < values.size() ? values[i] : Value{};
}

template <typename Array, typename Value>
void decode_rows(const RepeatedField<std::uint32_t>& rows, const RepeatedField<Value>& values, Array& out,
                 std::uint64_t& newer) {
  using Held = typename Array::value_type;
  for (int i = 0; i < rows.size(); ++i) {
    if (rows[i] >= out.size()) {
      ++newer;
      continue;
    }
    out[rows[i]] = static_cast<Held>(std::min<Value>(at_or_zero(values, i), std::numeric_limits<Held>::max()));
  }
}

void encode(const Moment& moment, proto::Moment& out) {
  out.set_number(moment.number.value());
  out.set_length_us(moment.length_us);
  out.set_armed_us(moment.armed_us);
  encode_array(moment.cpu_us, *out.mutable_cpu_us());
  out.set_rss_kib(moment.rss_kib);
  out.set_threads(moment.threads);
  out.set_processes(moment.processes);
  out.set_bytes_in(moment.bytes_in);
  out.set_bytes_out(moment.bytes_out);
  out.set_messages_sent(moment.messages_sent);
  out.set_messages_received(moment.messages_received);
  encode_array(moment.calls, *out.mutable_calls());
}

Moment decode(const proto::Moment& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  Moment moment;
  moment.number = SliceNumber(in.number());
  moment.length_us = in.length_us();
  moment.armed_us = in.armed_us();
  decode_array(in.cpu_us(), moment.cpu_us, newer);
  moment.rss_kib = in.rss_kib();
  moment.threads = in.threads();
  moment.processes = in.processes();
  moment.bytes_in = in.bytes_in();
  moment.bytes_out = in.bytes_out();
  moment.messages_sent = in.messages_sent();
  moment.messages_received = in.messages_received();
  decode_array(in.calls(), moment.calls, newer);
  return moment;
}

void encode(const ThreadUse& use, proto::ThreadUse& out) {
  out.set_id(use.id);
  out.set_cpu_us(use.cpu_us);
  out.set_calls(use.calls);
  out.set_io_calls(use.io_calls);
  out.set_switches_involuntary(use.switches_involuntary);
}

ThreadUse decode(const proto::ThreadUse& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  return {in.id(), in.cpu_us(), in.calls(), in.io_calls(), in.switches_involuntary()};
}

void encode(const Flow& flow, proto::Flow& out) {
  out.set_messages(flow.messages);
  out.set_bytes(flow.bytes);
  out.set_largest(flow.largest);
  out.set_gap_ms(flow.gap_ms);
  out.set_gap_ms2(flow.gap_ms2);
  encode_array(flow.gaps, *out.mutable_gaps());
  encode_array(flow.sizes, *out.mutable_sizes());
  out.set_first_ns(flow.first_ns);
  out.set_last_ns(flow.last_ns);
}

Flow decode(const proto::Flow& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  Flow flow;
  flow.messages = in.messages();
  flow.bytes = in.bytes();
  flow.largest = in.largest();
  flow.gap_ms = in.gap_ms();
  flow.gap_ms2 = in.gap_ms2();
  decode_array(in.gaps(), flow.gaps, newer);
  decode_array(in.sizes(), flow.sizes, newer);
  flow.first_ns = in.first_ns();
  flow.last_ns = in.last_ns();
  return flow;
}

void encode(const Conversation& talk, proto::Conversation& out) {
  out.set_opened_ns(talk.opened_ns);
  out.set_id(talk.id);
  out.set_address(talk.peer.address.data(), talk.peer.address.size());
  out.set_port(talk.peer.port);
  out.set_direction(static_cast<std::uint32_t>(talk.direction));
  out.set_transport(static_cast<std::uint32_t>(talk.transport));
  out.set_first_speaker(static_cast<std::uint32_t>(talk.first_speaker));
  out.set_first_sent(static_cast<std::uint32_t>(talk.first_sent));
  out.set_first_received(static_cast<std::uint32_t>(talk.first_received));
  out.set_closed(talk.closed);
  out.set_pushes(talk.pushes);
  out.set_turns(talk.turns);
  if (talk.sent != Flow{}) encode(talk.sent, *out.mutable_sent());
  if (talk.received != Flow{}) encode(talk.received, *out.mutable_received());
}

Conversation decode(const proto::Conversation& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  Conversation talk;
  talk.opened_ns = in.opened_ns();
  talk.id = in.id();
  if (in.address().size() == talk.peer.address.size()) {
    std::copy(in.address().begin(), in.address().end(), talk.peer.address.begin());
  }
  talk.peer.port = static_cast<std::uint16_t>(in.port());
  talk.direction = enum_from(in.direction(), Direction::kInbound, newer);
  talk.transport = enum_from(in.transport(), Transport::kUnix, newer);
  talk.first_speaker = enum_from(in.first_speaker(), Speaker::kPeer, newer);
  talk.first_sent = enum_from(in.first_sent(), FirstBytes::kLineText, newer);
  talk.first_received = enum_from(in.first_received(), FirstBytes::kLineText, newer);
  talk.closed = in.closed();
  talk.pushes = in.pushes();
  talk.turns = in.turns();
  if (in.has_sent()) talk.sent = decode(in.sent(), newer);
  if (in.has_received()) talk.received = decode(in.received(), newer);
  return talk;
}

void encode(const Directory& directory, proto::Directory& out) {
  out.set_hash(directory.hash);
  out.set_file_class(static_cast<std::uint32_t>(directory.file_class));
}

Directory decode(const proto::Directory& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  Directory directory{in.hash(), FileClass::kOther};
  if (in.file_class() < kCountOf<FileClass>) {
    directory.file_class = static_cast<FileClass>(in.file_class());
  } else {
    ++newer;
  }
  return directory;
}

template <typename Set, typename Messages>
void encode_set(const Set& set, Messages& out) {
  for (const auto& item : set) encode(item, *out.Add());
}

template <typename Set, typename Messages>
void decode_set(const Messages& in, Set& set, std::uint64_t& newer) {
  for (const auto& message : in) set.insert(decode(message, newer));
}

void encode_opens(const Activity& activity, proto::Activity& out) {
  for (std::size_t row = 0; row < activity.opens.size(); ++row) {
    const OpensOfClass& opens = activity.opens[row];
    if (opens == OpensOfClass{}) continue;
    out.add_open_rows(static_cast<std::uint32_t>(row));
    out.add_opened(opens.opened);
    out.add_open_failed(opens.failed);
    out.add_open_writing(opens.writing);
  }
}

void decode_opens(const proto::Activity& in, Activity& out, std::uint64_t& newer) {
  for (int i = 0; i < in.open_rows_size(); ++i) {
    const std::uint32_t row = in.open_rows(i);
    if (row >= out.opens.size()) {
      ++newer;
      continue;
    }
    out.opens[row] = {at_or_zero(in.opened(), i), at_or_zero(in.open_failed(), i), at_or_zero(in.open_writing(), i)};
  }
}

constexpr std::uint64_t kKnownFlags = (std::uint64_t{1} << kCountOf<Flag>)-1;

}  // namespace

void encode(const Host& host, proto::Host& out) {
  out.set_name(host.name);
  out.set_boot(host.boot);
  out.set_cpus(host.cpus);
  out.set_kernel(host.kernel);
  out.set_machine(host.machine);
}

Host decode(const proto::Host& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  return {in.name(), in.boot(), in.cpus(), in.kernel(), in.machine()};
}

void encode(const Workload& workload, proto::Workload& out) {
  out.set_id(workload.id.value());
  out.set_kind(static_cast<std::uint32_t>(workload.kind));
  out.set_cgroup(workload.cgroup);
  out.set_container(workload.container);
  out.set_runtime(workload.runtime);
  out.set_image(workload.image);
  out.set_pod(workload.pod);
}

Workload decode(const proto::Workload& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  return {WorkloadId(in.id()),
          enum_from(in.kind(), Workload::Kind::kSystem, newer),
          text_from(in.cgroup(), newer),
          text_from(in.container(), newer),
          text_from(in.runtime(), newer),
          text_from(in.image(), newer),
          text_from(in.pod(), newer)};
}

void encode(const Process& process, proto::Process& out) {
  out.set_tgid(process.id.tgid);
  out.set_start_ns(process.id.start_ns);
  out.set_workload(process.workload.value());
  out.set_parent_tgid(process.parent_tgid);
  out.set_uid(process.uid);
  out.set_comm(process.comm);
  out.set_exe(process.exe);
  for (const Ancestor& ancestor : process.ancestors) {
    proto::Ancestor& message = *out.add_ancestors();
    message.set_tgid(ancestor.tgid);
    message.set_comm(ancestor.comm);
  }
}

Process decode(const proto::Process& in, std::uint64_t boot, std::uint64_t& newer) {
  count_unknown(in, newer);
  Process process;
  process.id = {boot, in.start_ns(), in.tgid()};
  process.workload = WorkloadId(in.workload());
  process.parent_tgid = in.parent_tgid();
  process.uid = in.uid();
  process.comm = text_from(in.comm(), newer);
  process.exe = text_from(in.exe(), newer);
  const int ancestors = at_most(in.ancestors(), kMostAncestors, newer);
  for (int i = 0; i < ancestors; ++i)
    process.ancestors.push_back({in.ancestors(i).tgid(), text_from(in.ancestors(i).comm(), newer)});
  return process;
}

void encode(const Activity& activity, proto::Activity& out) {
  encode_rows(activity.sums, *out.mutable_sum_rows(), *out.mutable_sum_values());
  encode_rows(activity.peaks, *out.mutable_peak_rows(), *out.mutable_peak_values());
  out.set_flags(activity.flags);
  encode_opens(activity, out);
  encode_rows(activity.libraries, *out.mutable_library_rows(), *out.mutable_libraries());
  encode_set(activity.moments, *out.mutable_moments());
  encode_set(activity.threads, *out.mutable_threads());
  encode_set(activity.conversations, *out.mutable_conversations());
  encode_set(activity.directories, *out.mutable_directories());
}

void decode(const proto::Activity& in, Activity& out, std::uint64_t& newer) {
  count_unknown(in, newer);
  decode_rows(in.sum_rows(), in.sum_values(), out.sums, newer);
  decode_rows(in.peak_rows(), in.peak_values(), out.peaks, newer);
  out.flags = in.flags() & kKnownFlags;
  newer += out.flags != in.flags() ? 1 : 0;
  decode_opens(in, out, newer);
  decode_rows(in.library_rows(), in.libraries(), out.libraries, newer);
  decode_set(in.moments(), out.moments, newer);
  decode_set(in.threads(), out.threads, newer);
  decode_set(in.conversations(), out.conversations, newer);
  decode_set(in.directories(), out.directories, newer);
}

void encode(const Health& health, proto::Health& out) {
  out.set_number(health.number.value());
  out.set_wall_ns(ns_of(health.wall));
  out.set_armed_us(health.armed_us);
  out.set_rung(static_cast<std::uint32_t>(health.rung));
  for (const Health::Counter& counter : health.counters) {
    proto::HealthCounter& message = *out.add_counters();
    message.set_name(counter.name);
    message.set_value(counter.value);
  }
}

Health decode(const proto::Health& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  Health health;
  health.number = SliceNumber(in.number());
  health.wall = wall_from(in.wall_ns());
  health.armed_us = in.armed_us();
  health.rung = enum_from(in.rung(), Health::Rung::kProc, newer);
  const int counters = at_most(in.counters(), kMostCounters, newer);
  for (int i = 0; i < counters; ++i)
    health.counters.push_back({text_from(in.counters(i).name(), newer), in.counters(i).value()});
  return health;
}

void encode(const RecordingHeader& header, proto::RecordingHeader& out) {
  encode(header.host, *out.mutable_host());
  out.set_started_ns(ns_of(header.started));
  out.set_davy_version(header.davy_version);
  out.set_slice_seconds(header.slice_seconds);
  out.set_program(header.program);
  out.set_family(header.family);
  out.set_core(header.core);
  out.set_category(header.category);
  out.set_run(header.run);
  out.set_label(static_cast<std::uint32_t>(header.label));
  out.set_source(static_cast<std::uint32_t>(header.source));
  out.set_twin(header.twin);
  for (const auto& [name, value] : header.provenance) {
    proto::Fact& fact = *out.add_provenance();
    fact.set_name(name);
    fact.set_value(value);
  }
}

RecordingHeader decode(const proto::RecordingHeader& in, std::uint64_t& newer) {
  count_unknown(in, newer);
  RecordingHeader header;
  header.host = decode(in.host(), newer);
  header.started = wall_from(in.started_ns());
  header.davy_version = in.davy_version();
  header.slice_seconds = in.slice_seconds();
  header.program = in.program();
  header.family = in.family();
  header.core = in.core();
  header.category = in.category();
  header.run = in.run();
  header.label = enum_from(in.label(), Label::kMaliciousNotMiner, newer);
  header.source = enum_from(in.source(), Source::kLegitimate, newer);
  header.twin = in.twin();
  for (const proto::Fact& fact : in.provenance()) header.provenance[fact.name()] = fact.value();
  return header;
}

}  // namespace davy::event
