#include "event/stream.h"

#include <cassert>

#include "event/codec.h"

namespace davy::event {
namespace {

/// More processes than a host can have, and more than all their names take: only a hostile stream tells more at a time.
constexpr std::size_t kMostKnown = std::size_t{1} << 20;
constexpr std::size_t kMostKnownBytes = std::size_t{128} << 20;
/// The largest slice takes some 20 KB. Parsed, an entry may take a hundred times its bytes.
constexpr std::size_t kMostEntryBytes = std::size_t{1} << 20;

std::size_t bytes_of(const Workload& workload) {
  return sizeof workload + workload.cgroup.size() + workload.container.size() + workload.runtime.size() +
         workload.image.size() + workload.pod.size();
}

std::size_t bytes_of(const Process& process) {
  std::size_t bytes = sizeof process + process.comm.size() + process.exe.size();
  for (const Ancestor& ancestor : process.ancestors) bytes += sizeof ancestor + ancestor.comm.size();
  return bytes;
}

void append_entry(const proto::Entry& entry, std::string& out) {
  std::size_t length = entry.ByteSizeLong();
  while (length >= 0x80) {
    out.push_back(static_cast<char>(length | 0x80));
    length >>= 7;
  }
  out.push_back(static_cast<char>(length));
  entry.AppendToString(&out);
}

/// Cuts the next entry's bytes off `rest`; nothing when `rest` does not start with a whole one.
std::optional<std::string_view> next_entry(std::string_view& rest) {
  std::uint64_t length = 0;
  std::size_t used = 0;
  for (bool more = true; more; ++used) {
    if (used == rest.size() || used == 5) return std::nullopt;
    const auto byte = static_cast<unsigned char>(rest[used]);
    length |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * used);
    more = (byte & 0x80) != 0;
  }
  if (length > rest.size() - used) return std::nullopt;
  const std::string_view entry = rest.substr(used, length);
  rest.remove_prefix(used + length);
  return entry;
}

/// Of whole entries in a frame; the header of a recording is read elsewhere and may be longer.
bool parse_bounded(std::string_view bytes, proto::Entry& entry) {
  return bytes.size() <= kMostEntryBytes && entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

bool parse(std::string_view bytes, proto::Entry& entry) {
  return entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

bool silent(SliceNumber last, SliceNumber now, std::uint64_t slices) {
  return now > last && now.value() - last.value() > slices;
}

/// True when `what` is to be told: never told, or not as it is now.
template <typename Table, typename Key, typename T>
bool is_news(Table& told, const Key& key, const std::shared_ptr<const T>& what, SliceNumber now) {
  auto [at, fresh] = told.try_emplace(key);
  auto& [before, last] = at->second;
  const bool news = fresh || silent(last, now, kSilence) || (before != what && *before != *what);
  before = what;
  last = now;
  return news;
}

}  // namespace

void StreamEncoder::append(const RecordingHeader& header, std::string& out) const {
  proto::Entry entry;
  encode(header, *entry.mutable_header());
  append_entry(entry, out);
}

void StreamEncoder::append(const Slice& slice, std::string& out) {
  assert(slice.workload != nullptr);
  proto::Entry entry;
  if (is_news(workloads_, slice.workload->id, slice.workload, slice.number)) {
    encode(*slice.workload, *entry.mutable_workload());
    append_entry(entry, out);
  }
  if (slice.process != nullptr && is_news(processes_, slice.process->id, slice.process, slice.number)) {
    encode(*slice.process, *entry.mutable_process());
    append_entry(entry, out);
  }
  proto::Slice& message = *entry.mutable_slice();
  message.set_workload(slice.workload->id.value());
  if (slice.process != nullptr) {
    message.set_tgid(slice.process->id.tgid);
    message.set_start_ns(slice.process->id.start_ns);
  }
  message.set_number(slice.number.value());
  message.set_wall_ns(slice.wall.time_since_epoch().count());
  encode(slice.activity, *message.mutable_activity());
  append_entry(entry, out);
  if (slice.process != nullptr && slice.activity.has(Flag::kExited)) processes_.erase(slice.process->id);
}

void StreamEncoder::append(const Health& health, std::string& out) {
  proto::Entry entry;
  encode(health, *entry.mutable_health());
  append_entry(entry, out);
  const auto gone = [&](const auto& row) { return silent(row.second.last, health.number, kSilence); };
  std::erase_if(processes_, gone);
  std::erase_if(workloads_, gone);
}

void StreamDecoder::feed(std::string_view plain, SliceSink& sink, Skipped& skipped) {
  proto::Entry entry;
  while (!plain.empty()) {
    const auto bytes = next_entry(plain);
    if (!bytes) {
      ++skipped.entries;
      return;  // without its length the rest has no meaning
    }
    if (parse_bounded(*bytes, entry)) {
      take(entry, sink, skipped);
    } else {
      ++skipped.entries;
    }
  }
}

void StreamDecoder::take(const proto::Entry& entry, SliceSink& sink, Skipped& skipped) {
  switch (entry.what_case()) {
    case proto::Entry::kHeader:
      break;
    case proto::Entry::kWorkload: {
      Workload workload = decode(entry.workload(), skipped.rows);
      const WorkloadId id = workload.id;
      learn(workloads_, id, std::move(workload), skipped);
      break;
    }
    case proto::Entry::kProcess: {
      Process process = decode(entry.process(), host_->boot, skipped.rows);
      const ProcessId id = process.id;
      learn(processes_, id, std::move(process), skipped);
      break;
    }
    case proto::Entry::kSlice:
      take(entry.slice(), sink, skipped);
      break;
    case proto::Entry::kHealth: {
      const Health health = decode(entry.health(), skipped.rows);
      now_ = health.number;
      forget_silent();
      sink.on_slice_end(health);
      break;
    }
    case proto::Entry::WHAT_NOT_SET:
      ++skipped.rows;  // a kind of entry that only a newer davy knows
      break;
  }
}

template <typename Table, typename Key, typename T>
void StreamDecoder::learn(Table& table, const Key& key, T what, Skipped& skipped) {
  const auto old = table.find(key);
  const bool fresh = old == table.end();
  const std::size_t bytes = bytes_of(what), before = fresh ? 0 : bytes_of(*old->second.what);
  if ((fresh && table.size() >= kMostKnown) || known_bytes_ - before + bytes > kMostKnownBytes) {
    ++skipped.entries;
    return;
  }
  known_bytes_ += bytes - before;
  table[key] = {std::make_shared<const T>(std::move(what)), now_};
}

void StreamDecoder::take(const proto::Slice& in, SliceSink& sink, Skipped& skipped) {
  skipped.rows += static_cast<std::uint64_t>(proto::Slice::GetReflection()->GetUnknownFields(in).field_count());
  const auto workload = workloads_.find(WorkloadId(in.workload()));
  const auto process = processes_.find(ProcessId{host_->boot, in.start_ns(), in.tgid()});
  const bool of_process = in.tgid() != 0;
  if (workload == workloads_.end() || (of_process && process == processes_.end())) {
    ++skipped.slices;
    return;
  }
  Slice slice;
  slice.host = host_;
  slice.workload = workload->second.what;
  slice.number = SliceNumber(in.number());
  slice.wall = WallTime(nanoseconds(in.wall_ns()));
  decode(in.activity(), slice.activity, skipped.rows);
  workload->second.last = slice.number;
  if (of_process) {
    slice.process = process->second.what;
    process->second.last = slice.number;
    if (slice.activity.has(Flag::kExited)) {
      known_bytes_ -= bytes_of(*slice.process);
      processes_.erase(process);
    }
  }
  sink.on_slice(slice);
}

void StreamDecoder::forget_silent() {
  // Twice as patient as the writer, which counts from the slice it wrote.
  const auto gone = [&](const auto& row) {
    if (!silent(row.second.last, now_, 2 * kSilence)) return false;
    known_bytes_ -= bytes_of(*row.second.what);
    return true;
  };
  std::erase_if(processes_, gone);
  std::erase_if(workloads_, gone);
}

std::optional<RecordingHeader> header_of(std::string_view plain, Skipped& skipped) {
  proto::Entry entry;
  const auto bytes = next_entry(plain);
  if (!bytes || !parse(*bytes, entry) || !entry.has_header()) return std::nullopt;
  return decode(entry.header(), skipped.rows);
}

}  // namespace davy::event
