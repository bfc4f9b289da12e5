#include "collect/ebpf/assembler.h"

#include <algorithm>
#include <cstring>

#include "collect/ebpf/mapping_walk.h"
#include "collect/path_class.h"

namespace davy::collect {
namespace {

using event::Sum;

std::string_view text_of(const char* bytes, std::size_t most) { return {bytes, strnlen(bytes, most)}; }

/// A record or row as its struct, or null when there are not enough bytes. Bytes are aligned to 8 (kernel.h).
template <typename T>
const T* as(std::span<const std::byte> bytes) {
  return bytes.size() < sizeof(T) ? nullptr : reinterpret_cast<const T*>(bytes.data());
}

/// A lone thread that never talked has nothing more to come. Sent at once, a storm of short processes needs no room.
bool nothing_follows(const ProcessState& state, const davy_exit& record) {
  const auto& count = record.total.count;
  return record.alone != 0 && state.conversations == 0 && !state.parts && count[DAVY_COUNT_THREADS_CREATED] == 0 &&
         count[DAVY_COUNT_CONNECTS_OUT] == 0 && count[DAVY_COUNT_MESSAGES_SENT] == 0 &&
         count[DAVY_COUNT_MESSAGES_RECEIVED] == 0;
}

std::string path_of(const char (&names)[DAVY_CGROUP_DEPTH][DAVY_CGROUP_NAME]) {
  std::vector<std::string_view> leaf_first;
  for (const auto& name : names) {
    const std::string_view text = text_of(name, DAVY_CGROUP_NAME);
    if (text.empty()) break;  // the root of a hierarchy has no name
    leaf_first.push_back(text);
  }
  return path_from_leaf(leaf_first);
}

}  // namespace

std::uint64_t SliceClock::armed_ns(std::uint64_t from, std::uint64_t to) const {
  std::uint64_t sum = 0;
  for (const Pulse& pulse : pulses) {
    const std::uint64_t begin = std::max(from, pulse.begin_ns), end = std::min(to, pulse.end_ns);
    if (pulse.armed && end > begin) sum += end - begin;
  }
  return sum;
}

Assembler::Assembler(std::shared_ptr<const event::Host> host, Options options, Requests requests)
    : host_(std::move(host)),
      options_(options),
      requests_(std::move(requests)),
      log_(host_->boot, options.conversations_limit),
      workloads_(host_->boot, options.images),
      cgroup_cpu_(CgroupCpu::create(cgroup_mounts(), host_->cpus)) {}

Assembler::~Assembler() = default;

ProcessState* Assembler::find(const davy_who& who) {
  const auto at = processes_.find(Key{who.start_ns, who.tgid});
  return at == processes_.end() ? nullptr : at->second.get();
}

ProcessState* Assembler::find_or_make(const davy_who& who) {
  if (ProcessState* state = find(who)) return state;
  if (processes_.size() >= options_.processes_limit) {
    ++losses_.processes_unkept;
    return nullptr;
  }
  auto state = std::make_unique<ProcessState>();
  state->who = who;
  state->before_us = who.start_ns < options_.started_ns;
  ProcessState* made = state.get();
  processes_.emplace(Key{who.start_ns, who.tgid}, std::move(state));
  by_tgid_[who.tgid] = made;
  return made;
}

ProcessState* Assembler::touch(const davy_who& who) {
  ProcessState* state = find_or_make(who);
  if (state && !state->touched) {
    state->touched = true;
    state->touched_at = touched_.size();
    touched_.push_back(state);
  }
  return state;
}

event::Activity& Assembler::work_of(ProcessState& state) {
  if (!state.work) state.work = std::make_unique<event::Activity>();
  return *state.work;
}

const ProcessState* Assembler::by_tgid(std::uint32_t tgid) const {
  const auto at = by_tgid_.find(tgid);
  return at == by_tgid_.end() ? nullptr : at->second;
}

void Assembler::learn(ProcessState& state, const davy_facts& facts) {
  const bool moved = !state.facts_known || std::memcmp(&state.facts, &facts, sizeof facts) != 0;
  if (!state.facts_known) state.first_parent = facts.parent_tgid;
  if (moved) state.identity.reset();
  state.facts = facts;
  state.facts_known = true;
}

void Assembler::record(Bytes bytes) {
  const auto* head = as<davy_head>(bytes);
  const auto* exit = as<davy_exit>(bytes);
  const auto* exec = as<davy_exec>(bytes);
  const auto* talk = as<davy_conversation_record>(bytes);
  const auto* cgroup = as<davy_cgroup_record>(bytes);
  if (head && head->kind == DAVY_EXIT && exit) return on_exit(*exit);
  if (head && head->kind == DAVY_PART && exit) return on_part(*exit);
  if (head && head->kind == DAVY_EXEC && exec) return on_exec(*exec);
  if (head && head->kind == DAVY_OPEN) return on_open(bytes);
  if (head && head->kind == DAVY_CONVERSATION && talk) return on_conversation(talk->conversation);
  if (head && head->kind == DAVY_CGROUP && cgroup) return on_cgroup(*cgroup);
  ++losses_.unknown_records;
}

void Assembler::on_exit(const davy_exit& record) {
  ProcessState* state = touch(record.head.who);
  if (!state) return;
  learn(*state, record.facts);
  const Totals totals = Totals::of(record.total);
  if (!state->last) state->last = std::make_unique<Totals>(totals);
  state->last->advance_to(totals);
  if (record.rss_pages != 0) {
    state->rss_kib = record.rss_pages * 4;
    std::uint64_t& peak = work_of(*state)[event::Peak::kRss];
    peak = std::max(peak, state->rss_kib);
  }
  const bool first_told = !state->gone;
  end(*state, record.at_ns, record.exit_code);
  if (!first_told || !sink_ || !nothing_follows(*state, record)) return;
  send(*state);
  ended_.pop_back();  // end() has just put it there
  forget(*state);
}

void Assembler::on_part(const davy_exit& record) {
  ProcessState* state = touch(record.head.who);
  if (!state) return;
  if (!state->parts) state->parts = std::make_unique<Totals>();
  state->parts->add(Totals::of(record.total));
  if (record.total.ended == 0) return;
  learn(*state, record.facts);
  end(*state, record.at_ns, record.exit_code);
}

void Assembler::end(ProcessState& state, std::uint64_t at_ns, std::uint32_t exit_code) {
  state.ended_ns = at_ns;
  state.exit_code = exit_code;
  if (state.gone) return;
  state.gone = true;
  state.gone_slice = slice();
  ended_.push_back(Key{state.who.start_ns, state.who.tgid});
}

void Assembler::on_exec(const davy_exec& record) {
  ProcessState* state = touch(record.head.who);
  if (!state) return;
  state->exe = text_of(record.path, sizeof record.path);
  state->executed_ns = record.at_ns;
  if (record.old_tid != record.head.who.tgid) take_over(*state, record.old_tid);
  state->has_mappings = false;
  state->mapped_ns = 0;
  std::copy(std::begin(record.comm), std::end(record.comm), std::begin(state->facts.comm));
  state->identity.reset();
}

/// A thread other than the first called exec: the rest have ended, and it goes on under the first one's number.
void Assembler::take_over(ProcessState& state, std::uint32_t old_tid) {
  std::erase_if(state.threads, [&](const ThreadMark& mark) { return mark.tid != old_tid; });
  for (ThreadMark& mark : state.threads) {
    mark.tid = state.who.tgid;
    mark.start_ns = state.who.start_ns;
  }
}

void Assembler::on_open(Bytes bytes) {
  constexpr std::size_t kBefore = offsetof(davy_open, path);
  if (bytes.size() < kBefore) return void(++losses_.unknown_records);
  davy_open open{};
  std::memcpy(&open, bytes.data(), std::min(bytes.size(), sizeof open));
  ProcessState* state = touch(open.head.who);
  if (!state || open.length > bytes.size() - kBefore) return void(++losses_.unknown_records);
  const std::string_view path(open.path, std::min<std::size_t>(open.length, sizeof open.path));
  const event::FileClass file = classify(path, OwnPids{open.head.who.tgid, state->facts.nspid});
  event::Activity& work = work_of(*state);
  ++work[file].opened;
  if (open.error != 0) ++work[file].failed;
  if ((open.flags & DAVY_OPEN_WRITES) != 0) {
    ++work[file].writing;
    ++work[Sum::kOpensWriting];
  }
  if (is_hidden(path)) ++work[Sum::kOpensHidden];
  work.directories.insert(event::Directory{directory_hash(path, options_.directory_seed), file});
}

void Assembler::on_conversation(const davy_conversation& now) {
  ConversationLog::Change change;
  switch (log_.look(now, change)) {
    case ConversationLog::Outcome::kNothingNew:
      return;
    case ConversationLog::Outcome::kNoRoom:
      ++losses_.conversations_unseen;
      if (ProcessState* state = find(now.owner)) ++work_of(*state)[Sum::kConversationsUnseen];
      return;
    case ConversationLog::Outcome::kChanged:
      break;
  }
  // A process may be heard of here first: finish() sees to those that never tell who they are.
  ProcessState* state = touch(now.owner);
  if (!state) return;
  event::Activity& work = work_of(*state);
  if (work.conversations.overflows_with(change.conversation)) ++work[Sum::kConversationsUnseen];
  work.conversations.insert(change.conversation);
  count_conversation(*state, change);
}

void Assembler::count_conversation(ProcessState& state, const ConversationLog::Change& change) {
  const bool closed = change.conversation.closed;
  if (change.is_new && !closed) ++state.conversations;
  if (!closed) return;
  if (!change.is_new && state.conversations > 0) --state.conversations;
  if (change.failed) {
    ++work_of(state)[Sum::kConnectsFailed];
  } else if (change.established) {
    ++work_of(state)[Sum::kConnectionsClosed];
  }
}

void Assembler::on_cgroup(const davy_cgroup_record& record) {
  CgroupPaths& paths = cgroups_[record.key];
  paths.unified = path_of(record.unified);
  paths.v1 = record.key.v1 == 0 ? std::string() : path_of(record.v1);
  paths.used_slice = slice();
  paths.known = true;
}

void Assembler::retired(const davy_who& who, const davy_retired& entry) {
  // A process that ended at once has been sent already; one nobody heard of tells itself here.
  ProcessState* state = touch(who);
  if (!state) return;
  begin_reading(*state);
  const Totals totals = Totals::of(entry);
  state->reading.add(totals);
  if (entry.ended == 0 || state->last) return;
  state->last = std::make_unique<Totals>(totals);
  end(*state, clock_->end_ns, 0);
}

void Assembler::begin_pass(bool full) {
  ++pass_;
  full_ = full;
}

void Assembler::begin_reading(ProcessState& state) {
  if (state.read_pass == pass_) return;
  state.read_pass = pass_;
  state.reading = Totals{};
  state.threads_now.clear();
}

double Assembler::pulse_rows(Bytes bytes, std::size_t pulse, double seconds) {
  double busiest = 0;
  for (; bytes.size() >= sizeof(davy_pulse_row); bytes = bytes.subspan(sizeof(davy_pulse_row))) {
    const auto* row = as<davy_pulse_row>(bytes);
    ProcessState* state = touch(row->who);
    if (!state) continue;
    auto& used = state->pulses_us[std::min(pulse, event::kPulses - 1)];
    used += static_cast<std::uint32_t>(row->cpu_ns / 1000);
    busiest = std::max(busiest, static_cast<double>(used) * 1e-6 / seconds);
  }
  return busiest;
}

void Assembler::forget(ProcessState& state) {
  if (state.touched) touched_[state.touched_at] = nullptr;
  const auto at = by_tgid_.find(state.who.tgid);
  if (at != by_tgid_.end() && at->second == &state) by_tgid_.erase(at);
  processes_.erase(Key{state.who.start_ns, state.who.tgid});
}

std::vector<event::Health::Counter> Assembler::counters() const {
  return {{"unknown_records", losses_.unknown_records},           {"processes_unkept", losses_.processes_unkept},
          {"processes_unnamed", losses_.processes_unnamed},       {"processes_vanished", losses_.processes_vanished},
          {"conversations_unseen", losses_.conversations_unseen}, {"processes_unmet", losses_.processes_unmet},
          {"cgroups_unnamed", losses_.cgroups_unnamed},           {"cgroups_vanished", cgroup_cpu_->vanished()}};
}

}  // namespace davy::collect
