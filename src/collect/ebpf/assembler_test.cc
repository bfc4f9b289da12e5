#include "collect/ebpf/assembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace davy::collect {
namespace {

using event::Flag;
using event::Sum;

constexpr std::uint64_t kSecond = 1'000'000'000;

class Kept : public event::SliceSink {
 public:
  void on_slice(const event::Slice& slice) override { slices.push_back(slice); }
  void on_slice_end(const event::Health&) override {}
  std::vector<event::Slice> slices;
};

/// Bytes of one or more structs, aligned as the kernel side's buffers are.
class Buffer {
 public:
  template <typename T>
  Buffer& add(const T& value) {
    const std::size_t at = used_;
    used_ += sizeof value;
    words_.resize((used_ + 7) / 8);
    std::memcpy(reinterpret_cast<std::byte*>(words_.data()) + at, &value, sizeof value);
    return *this;
  }
  [[nodiscard]] std::span<const std::byte> bytes() const {
    return {reinterpret_cast<const std::byte*>(words_.data()), used_};
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t used_ = 0;
};

class AssemblerTest : public ::testing::Test {
 protected:
  AssemblerTest() : host_(std::make_shared<event::Host>()) {
    auto host = std::make_shared<event::Host>();
    host->boot = 42;
    host->cpus = 4;
    host_ = host;
    options_.slice_ns = 10 * kSecond;
    options_.started_ns = 100 * kSecond;
    make();
  }
  void make() {
    assembler_ = std::make_unique<Assembler>(
        host_, options_,
        Assembler::Requests{[this](const davy_who& who) { forgotten_.push_back(who); }, [](const davy_cgroup_key&) {}});
    assembler_->set_sink(&kept_);
    start_slice(10);
  }
  void start_slice(std::uint64_t number) {
    clock_ = SliceClock{};
    clock_.number = event::SliceNumber(number);
    clock_.begin_ns = number * 10 * kSecond;
    clock_.end_ns = clock_.begin_ns + 10 * kSecond;
    for (std::size_t i = 0; i < event::kPulses; ++i) {
      clock_.pulses[i] = {clock_.begin_ns + i * kSecond, clock_.begin_ns + (i + 1) * kSecond, true};
    }
    assembler_->set_clock(&clock_);
  }
  /// One slice in which the process is read as having `yields` altogether; `retired` of them by threads that ended.
  void read(std::uint32_t yields, std::uint32_t retired_yields = 0) {
    assembler_->begin_pass(false);
    if (retired_yields != 0) {
      davy_retired retired{};
      retired.count[DAVY_CALL_YIELD] = retired_yields;
      assembler_->retired(who_, retired);
    }
    davy_process_row process{};
    process.kind = DAVY_ROW_PROCESS;
    process.who = who_;
    process.facts.threads = 1;
    std::strcpy(process.facts.comm, "miner");
    davy_thread_row thread{};
    thread.kind = DAVY_ROW_THREAD;
    thread.tid = who_.tgid;
    thread.who = who_;
    thread.start_ns = who_.start_ns;
    thread.has_tally = 1;
    davy_tally tally{};
    tally.count[DAVY_CALL_YIELD] = yields;
    assembler_->rows(Buffer().add(process).add(thread).add(tally).bytes());
    assembler_->finish();
  }
  struct ThreadRead {
    std::uint32_t tid, yields, cpu_s;
  };
  /// One slice in which these living threads are read, in this order.
  void read_threads(const std::vector<ThreadRead>& threads, const ThreadRead& ended = {}) {
    assembler_->begin_pass(false);
    davy_retired retired{};
    retired.count[DAVY_CALL_YIELD] = ended.yields;
    retired.use[DAVY_USE_CPU] = ended.cpu_s * kSecond;
    assembler_->retired(who_, retired);
    davy_process_row process{};
    process.kind = DAVY_ROW_PROCESS;
    process.who = who_;
    Buffer rows;
    rows.add(process);
    for (const ThreadRead& read : threads) {
      davy_thread_row thread{};
      thread.kind = DAVY_ROW_THREAD;
      thread.tid = read.tid;
      thread.who = who_;
      thread.start_ns = who_.start_ns;
      thread.has_tally = 1;
      thread.use[DAVY_USE_CPU] = read.cpu_s * kSecond;
      davy_tally tally{};
      tally.count[DAVY_CALL_YIELD] = read.yields;
      rows.add(thread).add(tally);
    }
    assembler_->rows(rows.bytes());
    assembler_->finish();
  }
  davy_exit exit_with(std::uint32_t yields, bool alone) {
    davy_exit record{};
    record.head = {DAVY_EXIT, sizeof record, who_};
    record.at_ns = clock_.begin_ns + 3 * kSecond;
    record.alone = alone ? 1 : 0;
    record.total.ended = 1;
    record.total.count[DAVY_CALL_YIELD] = yields;
    record.total.count[DAVY_COUNT_THREADS_CREATED] = alone ? 0 : 1;
    std::strcpy(record.facts.comm, "miner");
    return record;
  }
  std::uint64_t total(Sum sum) {
    std::uint64_t all = 0;
    for (const event::Slice& slice : kept_.slices) all += slice.activity[sum];
    return all;
  }
  std::uint64_t counter(const std::string& name) {
    for (const auto& c : assembler_->counters()) {
      if (c.name == name) return c.value;
    }
    return ~std::uint64_t{0};
  }

  std::shared_ptr<const event::Host> host_;
  Assembler::Options options_;
  SliceClock clock_;
  Kept kept_;
  std::vector<davy_who> forgotten_;
  std::unique_ptr<Assembler> assembler_;
  davy_who who_{101 * kSecond, 7, 0};
};

TEST_F(AssemblerTest, SumsOfSlicesAreWhatWasCounted) {
  read(10);
  start_slice(11);
  read(25);
  start_slice(12);
  assembler_->record(Buffer().add(exit_with(40, true)).bytes());
  EXPECT_EQ(total(Sum::kSyscallYield), 40U);
  ASSERT_EQ(kept_.slices.size(), 3U);
  EXPECT_EQ(kept_.slices[0].process->comm, "miner");
  EXPECT_TRUE(kept_.slices.back().activity.has(Flag::kExited));
  EXPECT_EQ(kept_.slices.back().number.value(), 12U);
  EXPECT_EQ(assembler_->processes(), 0U) << "a lone thread leaves nothing behind";
}

TEST_F(AssemblerTest, AThreadBetweenTwoPlacesCountsOnce) {
  read(30);
  start_slice(11);
  read(10);  // one thread with 20 has ended, and its entry was read before it got there
  start_slice(12);
  read(10, 20);
  start_slice(13);
  read(15, 20);
  EXPECT_EQ(total(Sum::kSyscallYield), 35U);
}

TEST_F(AssemblerTest, RecordsOfThreadsThatEndTogetherComeInAnyOrder) {
  for (const auto& order : {std::pair{70U, 100U}, std::pair{100U, 70U}}) {
    kept_.slices.clear();
    make();
    assembler_->record(Buffer().add(exit_with(order.first, false)).bytes());
    assembler_->record(Buffer().add(exit_with(order.second, false)).bytes());
    assembler_->begin_pass(false);
    assembler_->finish();
    EXPECT_EQ(total(Sum::kSyscallYield), 100U);
    EXPECT_EQ(total(Sum::kExits), 1U);
  }
}

TEST_F(AssemblerTest, ALateRecordOfAnEndedProcessStillCounts) {
  assembler_->record(Buffer().add(exit_with(70, false)).bytes());
  assembler_->begin_pass(false);
  assembler_->finish();
  start_slice(11);
  assembler_->record(Buffer().add(exit_with(100, false)).bytes());
  assembler_->begin_pass(false);
  assembler_->finish();
  EXPECT_EQ(total(Sum::kSyscallYield), 100U);
  EXPECT_EQ(total(Sum::kExits), 1U);
  start_slice(12);
  assembler_->begin_pass(false);
  assembler_->finish();
  EXPECT_EQ(assembler_->processes(), 0U);
  ASSERT_EQ(forgotten_.size(), 1U);
  EXPECT_EQ(forgotten_[0].tgid, who_.tgid);
}

TEST_F(AssemblerTest, AProcessWhoseLastRecordWasLostTellsItselfByItsEntry) {
  read(10);
  start_slice(11);
  assembler_->begin_pass(false);
  davy_retired retired{};
  retired.count[DAVY_CALL_YIELD] = 33;
  retired.ended = 1;
  assembler_->retired(who_, retired);
  assembler_->finish();
  EXPECT_EQ(total(Sum::kSyscallYield), 33U);
  EXPECT_EQ(total(Sum::kExits), 1U);
}

TEST_F(AssemblerTest, AnEntryOfAProcessThatHasToldItsEndAddsNothing) {
  // Its threads are from before us, so that none was seen to be created.
  davy_exit record = exit_with(50, false);
  record.total.count[DAVY_COUNT_THREADS_CREATED] = 0;
  assembler_->record(Buffer().add(record).bytes());
  davy_retired retired{};
  retired.count[DAVY_CALL_YIELD] = 20;
  retired.ended = 1;
  for (std::uint64_t number = 11; number <= 13; ++number) {
    assembler_->begin_pass(false);
    if (forgotten_.empty()) assembler_->retired(who_, retired);
    assembler_->finish();
    start_slice(number);
  }
  EXPECT_EQ(total(Sum::kSyscallYield), 50U);
  EXPECT_EQ(total(Sum::kExits), 1U);
  EXPECT_EQ(counter("processes_unnamed"), 0U);
}

TEST_F(AssemblerTest, WhatAProcessDidBeforeUsIsNotTold) {
  who_.start_ns = 5 * kSecond;
  davy_thread_row thread{};
  thread.kind = DAVY_ROW_THREAD;
  thread.tid = who_.tgid;
  thread.who = who_;
  thread.start_ns = who_.start_ns;
  thread.use[DAVY_USE_CPU] = 1'000 * kSecond;
  assembler_->begin_pass(true);
  assembler_->rows(Buffer().add(thread).bytes());
  assembler_->take_baseline();
  thread.use[DAVY_USE_CPU] += 2 * kSecond;
  davy_process_row process{};
  process.kind = DAVY_ROW_PROCESS;
  process.who = who_;
  assembler_->begin_pass(false);
  assembler_->rows(Buffer().add(process).add(thread).bytes());
  assembler_->finish();
  EXPECT_EQ(total(Sum::kCpu), 2'000'000U);
}

TEST_F(AssemblerTest, AnIdleProcessSendsNothing) {
  read(0);
  EXPECT_TRUE(kept_.slices.empty());
}

TEST_F(AssemblerTest, ProcessesBeyondTheLimitAreCounted) {
  options_.processes_limit = 2;
  make();
  for (std::uint32_t tgid = 1; tgid <= 5; ++tgid) {
    who_.tgid = tgid;
    assembler_->record(Buffer().add(exit_with(1, false)).bytes());
  }
  EXPECT_EQ(assembler_->processes(), 2U);
  EXPECT_EQ(counter("processes_unkept"), 3U);
}

TEST_F(AssemblerTest, AnIdleProcessOfWhichOnlyItsEndedThreadsAreReadDidNothing) {
  read(1'600'000'000, 5);
  start_slice(11);
  read(3'200'000'000, 5);
  start_slice(12);
  assembler_->begin_pass(false);
  davy_retired retired{};
  retired.count[DAVY_CALL_YIELD] = 5;
  assembler_->retired(who_, retired);  // the living thread did nothing, so it sends no row
  assembler_->finish();
  EXPECT_EQ(total(Sum::kSyscallYield), 3'200'000'005U);
}

TEST_F(AssemblerTest, ThreadsThatEndTogetherWithoutRoomForAnEntryCountAll) {
  read(10);
  start_slice(11);
  davy_exit part = exit_with(7, false);
  part.head.kind = DAVY_PART;
  part.total.ended = 0;
  assembler_->record(Buffer().add(part).bytes());
  part.total.count[DAVY_CALL_YIELD] = 13;
  part.total.ended = 1;  // the last one, and no record of the whole
  assembler_->record(Buffer().add(part).bytes());
  assembler_->begin_pass(false);
  assembler_->finish();
  EXPECT_EQ(total(Sum::kSyscallYield), 20U);
  EXPECT_EQ(total(Sum::kExits), 1U);
}

TEST_F(AssemblerTest, AThreadThatCallsExecKeepsItsCountsUnderTheFirstThreadsNumber) {
  for (const bool told : {true, false}) {
    make();
    kept_.slices.clear();
    read_threads({{7, 1'000, 5}, {8, 10, 1}});
    start_slice(11);
    davy_exec exec{};
    exec.head = {DAVY_EXEC, sizeof exec, who_};
    exec.old_tid = 8;
    if (told) assembler_->record(Buffer().add(exec).bytes());
    read_threads({{7, 12, 3}}, {7, 1'000, 5});  // thread 8's counters; those of the first thread are retired
    ASSERT_EQ(kept_.slices.size(), 2U);
    const auto& threads = kept_.slices.back().activity.threads;
    ASSERT_EQ(threads.size(), told ? 1U : 0U);
    if (told) {
      EXPECT_EQ(threads[0].calls, 2U);
      EXPECT_EQ(threads[0].cpu_us, 2'000'000U);
    }
  }
}

TEST_F(AssemblerTest, ThreadsAreKnownAgainInWhateverOrderTheyCome) {
  read_threads({{9, 100, 1}, {7, 200, 1}, {8, 300, 1}, {12, 400, 1}});
  start_slice(11);
  read_threads({{8, 301, 2}, {12, 402, 2}, {10, 3, 1}, {7, 204, 2}});
  ASSERT_EQ(kept_.slices.size(), 2U);
  std::vector<std::uint64_t> calls;
  for (const event::ThreadUse& use : kept_.slices.back().activity.threads) calls.push_back(use.calls);
  std::sort(calls.begin(), calls.end());
  EXPECT_EQ(calls, (std::vector<std::uint64_t>{1, 2, 3, 4}));
}

TEST_F(AssemblerTest, ConversationsWithoutRoomAreCounted) {
  for (std::uint64_t id = 1; id <= 30; ++id) {
    davy_conversation_record record{};
    record.head = {DAVY_CONVERSATION, sizeof record, who_};
    record.conversation.id = id;
    record.conversation.opened_ns = 100 - id;  // each pushes the newest out
    record.conversation.owner = who_;
    record.conversation.transport = DAVY_TCP;
    record.conversation.sent.messages = 1;
    assembler_->record(Buffer().add(record).bytes());
  }
  read(1);
  ASSERT_EQ(kept_.slices.size(), 1U);
  EXPECT_EQ(kept_.slices[0].activity.conversations.size(), 24U);
  EXPECT_EQ(total(Sum::kConversationsUnseen), 6U);
}

TEST_F(AssemblerTest, ArmedTimeSharesCpuByPulses) {
  for (std::size_t i = 5; i < event::kPulses; ++i) clock_.pulses[i].armed = false;
  davy_pulse_row pulse{};
  pulse.kind = DAVY_ROW_PULSE;
  pulse.who = who_;
  pulse.cpu_ns = kSecond / 4;
  assembler_->pulse_rows(Buffer().add(pulse).bytes(), 1, 1.0);  // counted
  pulse.cpu_ns = kSecond * 3 / 4;
  assembler_->pulse_rows(Buffer().add(pulse).bytes(), 8, 1.0);  // not counted
  davy_thread_row thread{};
  thread.kind = DAVY_ROW_THREAD;
  thread.who = who_;
  thread.start_ns = who_.start_ns;
  thread.use[DAVY_USE_CPU] = kSecond;
  davy_process_row process{};
  process.kind = DAVY_ROW_PROCESS;
  process.who = who_;
  assembler_->begin_pass(false);
  assembler_->rows(Buffer().add(process).add(thread).bytes());
  assembler_->finish();
  EXPECT_EQ(total(Sum::kCpu), 1'000'000U);
  EXPECT_EQ(total(Sum::kCpuArmed), 250'000U);
}

TEST_F(AssemblerTest, AnyBytesAreSkippedAndCounted) {
  CounterRandom random(11);
  for (int round = 0; round < 2'000; ++round) {
    Buffer noise;
    const std::size_t words = random.bits() % 120;
    noise.add(static_cast<std::uint32_t>(random.bits() % 10)).add(static_cast<std::uint32_t>(random.bits()));
    for (std::size_t i = 0; i < words; ++i) noise.add(random.bits());
    assembler_->record(noise.bytes());
    assembler_->rows(noise.bytes());
    assembler_->mapping_rows(noise.bytes());
  }
  EXPECT_GT(counter("unknown_records"), 0U);
  assembler_->begin_pass(true);
  assembler_->finish();
}

}  // namespace
}  // namespace davy::collect
