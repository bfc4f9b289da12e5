#include "event/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/hash.h"
#include "base/scratch_folder_test.h"
#include "event/codec.h"
#include "event/frame.h"
#include "event/stream.h"
#include "event/synthetic.h"

namespace davy::event {
namespace {

using testing::HasSubstr;

const auto kNever = [] { return false; };

class Capture final : public SliceSink {
 public:
  void on_slice(const Slice& slice) override { slices.push_back(slice); }
  void on_slice_end(const Health& health) override { ends.push_back(health); }
  std::vector<Slice> slices;
  std::vector<Health> ends;
};

void expect_same(const Slice& a, const Slice& b) {
  EXPECT_EQ(*a.host, *b.host);
  EXPECT_EQ(*a.workload, *b.workload);
  ASSERT_EQ(a.process == nullptr, b.process == nullptr);
  if (a.process != nullptr) {
    EXPECT_EQ(*a.process, *b.process);
  }
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.wall, b.wall);
  EXPECT_EQ(a.activity, b.activity);
}

RecordingHeader some_header() {
  RecordingHeader header;
  header.host = *made_up_host(4);
  header.started = WallTime(nanoseconds(1));
  header.program = "test";
  return header;
}

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class Recording : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name = "a.davy") const { return dir_ / name; }

  /// Two processes and their workload's own slices over `count` slices of time, as they are written.
  Capture play(std::uint64_t count, SliceSink* sink = nullptr) const {
    const auto host = std::make_shared<const Host>(some_header().host);
    const auto workload = made_up_container(*host, 1);
    const SteadyProcess miner(host, workload, 100, SliceNumber(50), miner_like(4));
    const SteadyProcess server(host, workload, 101, SliceNumber(50), server_like());
    Capture capture;
    const auto give = [&](const Slice& slice) {
      capture.on_slice(slice);
      if (sink != nullptr) sink->on_slice(slice);
    };
    for (std::uint64_t n = 50; n < 50 + count; ++n) {
      give(miner.slice(SliceNumber(n)));
      give(server.slice(SliceNumber(n)));
      Slice own{host, workload, nullptr, SliceNumber(n), {}, {}};
      own.activity[Sum::kCgroupCpu] = n;
      give(own);
      capture.on_slice_end(made_up_health(SliceNumber(n)));
      if (sink != nullptr) sink->on_slice_end(made_up_health(SliceNumber(n)));
    }
    return capture;
  }

  std::string written(std::uint64_t slices) const {
    std::filesystem::remove(path("written"));
    auto writer = RecordingWriter::create(path("written"), some_header());
    EXPECT_TRUE(writer.ok());
    play(slices, writer->get());
    EXPECT_TRUE((*writer)->finish().ok());
    return read_file(path("written"));
  }

  ScratchFolder dir_;
};

struct Read {
  Capture capture;
  std::string warning;
  Skipped skipped;
};

Read read_all(std::string_view bytes) {
  auto reader = RecordingReader::from_bytes(bytes, "t.davy");
  EXPECT_TRUE(reader.ok());
  Read read;
  EXPECT_TRUE((*reader)->run(read.capture, kNever).ok());
  read.warning = (*reader)->warning();
  read.skipped = (*reader)->skipped();
  return read;
}

std::string error_of(std::string_view bytes) {
  const auto reader = RecordingReader::from_bytes(bytes, "t.davy");
  return reader.ok() ? "" : reader.error().message;
}

TEST_F(Recording, ReplayEqualsLive) {
  auto writer = RecordingWriter::create(path(), some_header());
  ASSERT_TRUE(writer.ok());
  const Capture live = play(20, writer->get());
  ASSERT_TRUE((*writer)->finish().ok());

  auto reader = RecordingReader::open(path());
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->header(), some_header());
  for (int again = 0; again < 2; ++again) {
    Capture replay;
    ASSERT_TRUE((*reader)->run(replay, kNever).ok());
    EXPECT_EQ((*reader)->warning(), "");
    EXPECT_EQ((*reader)->skipped(), Skipped{});
    ASSERT_EQ(replay.slices.size(), live.slices.size());
    for (std::size_t i = 0; i < live.slices.size(); ++i) expect_same(live.slices[i], replay.slices[i]);
    EXPECT_EQ(replay.ends, live.ends);
  }
  EXPECT_EQ((*reader)->digest(), sha256_hex(read_file(path())));
}

TEST_F(Recording, RandomSlicesComeBack) {
  CounterRandom random(11);
  const auto host = std::make_shared<const Host>(some_header().host);
  Capture live;
  auto writer = RecordingWriter::create(path(), some_header());
  ASSERT_TRUE(writer.ok());
  for (std::uint64_t n = 0; n < 400; ++n) {
    const auto workload = made_up_container(*host, random.below(5));
    const auto tgid = static_cast<std::uint32_t>(1 + random.below(20));
    const auto process = made_up_process(*host, *workload, tgid, SliceNumber(0), random.below(2) == 0 ? "a" : "b");
    const Slice slice{host, workload, process, SliceNumber(n), {}, random_activity(random, random.below(2) == 0)};
    live.on_slice(slice);
    (*writer)->on_slice(slice);
    if (random.below(3) == 0) (*writer)->on_slice_end(made_up_health(SliceNumber(n)));
  }
  ASSERT_TRUE((*writer)->finish().ok());
  auto reader = RecordingReader::open(path());
  ASSERT_TRUE(reader.ok());
  Capture replay;
  ASSERT_TRUE((*reader)->run(replay, kNever).ok());
  ASSERT_EQ(replay.slices.size(), live.slices.size());
  for (std::size_t i = 0; i < live.slices.size(); ++i) expect_same(live.slices[i], replay.slices[i]);
}

TEST_F(Recording, PackedSaysTheSameInFewerBytes) {
  const std::string bytes = written(40);
  const auto packed = pack_recording(bytes, "t.davy");
  ASSERT_TRUE(packed.ok()) << packed.error().message;
  EXPECT_LT(packed->size(), bytes.size() / 2);
  const Read before = read_all(bytes);
  const Read after = read_all(*packed);
  EXPECT_EQ(after.warning, "");
  ASSERT_EQ(after.capture.slices.size(), before.capture.slices.size());
  for (std::size_t i = 0; i < before.capture.slices.size(); ++i) {
    expect_same(before.capture.slices[i], after.capture.slices[i]);
  }
  EXPECT_EQ(after.capture.ends, before.capture.ends);
  const auto again = pack_recording(*packed, "t.davy");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, *packed);
}

TEST_F(Recording, OnlyWholeRecordingsArePacked) {
  const std::string bytes = written(4);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto packed = pack_recording(std::string_view(bytes).substr(0, length), "t.davy");
    ASSERT_FALSE(packed.ok()) << length;
    ASSERT_EQ(packed.error().kind, Error::Kind::kBadInput);
    ASSERT_THAT(packed.error().message, testing::StartsWith("t.davy "));
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    ASSERT_FALSE(pack_recording(damaged, "t.davy").ok()) << at;
  }
}

TEST_F(Recording, StopsWhenTold) {
  const std::string bytes = written(20);
  auto reader = RecordingReader::from_bytes(bytes, "t.davy");
  ASSERT_TRUE(reader.ok());
  Capture replay;
  ASSERT_TRUE((*reader)->run(replay, [&] { return replay.ends.size() == 3; }).ok());
  EXPECT_EQ(replay.ends.size(), 3U);
  EXPECT_EQ((*reader)->warning(), "");
}

TEST_F(Recording, TruncatedAtEveryByteGivesEveryWholeFrameAndOneWarning) {
  const std::string bytes = written(4);
  std::size_t most = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::string_view cut(bytes.data(), length);
    auto reader = RecordingReader::from_bytes(cut, "t.davy");
    if (!reader.ok()) {
      ASSERT_EQ(reader.error().kind, Error::Kind::kBadInput);
      ASSERT_EQ(most, 0U) << "the header was there at a shorter length than " << length;
      continue;
    }
    const Read read = read_all(cut);
    ASSERT_THAT(read.warning, testing::StartsWith("t.davy: ")) << length;
    ASSERT_EQ(read.warning.find('\n'), std::string::npos);
    ASSERT_GE(read.capture.ends.size(), most);
    ASSERT_EQ(read.capture.slices.size(), 3 * read.capture.ends.size());
    most = read.capture.ends.size();
  }
  EXPECT_EQ(most, 4U);
}

TEST_F(Recording, AFlippedByteCostsAtMostItsFrame) {
  const std::string bytes = written(5);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    auto reader = RecordingReader::from_bytes(damaged, "t.davy");
    if (!reader.ok()) continue;  // in the magic, the version or the header's frame
    const Read read = read_all(damaged);
    ASSERT_NE(read.warning, "") << at;
    ASSERT_GE(read.capture.ends.size(), 4U) << at;
    for (const Health& end : read.capture.ends) ASSERT_EQ(end, made_up_health(end.number));
  }
}

TEST_F(Recording, ForeignFilesAreRefusedInOneLine) {
  EXPECT_THAT(error_of(""), HasSubstr("t.davy is empty"));
  EXPECT_THAT(error_of("\x7f"
                       "ELF............"),
              HasSubstr("is not a davy recording"));
  EXPECT_THAT(error_of("DAVYREC1"), HasSubstr("ends before its header"));
  EXPECT_THAT(error_of(prologue(kSchemaVersion)), HasSubstr("cut short or damaged in its header"));
  EXPECT_THAT(error_of(prologue(kSchemaVersion) + pack_frame("nonsense")), HasSubstr("no header"));
}

TEST_F(Recording, AnotherSchemaVersionIsRefusedInOneLine) {
  std::string bytes = written(1);
  bytes[8] = 9;
  EXPECT_EQ(error_of(bytes), "t.davy is of schema version 9, this davy reads version 1: use the davy that wrote it");
}

TEST_F(Recording, OtherSliceLengthsAreRefused) {
  RecordingHeader header = some_header();
  header.slice_seconds = 5;
  std::string plain;
  StreamEncoder().append(header, plain);
  EXPECT_THAT(error_of(prologue(kSchemaVersion) + pack_frame(plain)), HasSubstr("slices of 5 s"));
}

TEST_F(Recording, MissingFilesAndDirectoriesAreBadInput) {
  for (const auto& bad : {path("none.davy"), dir_.path(), std::filesystem::path("/dev/zero")}) {
    const auto reader = RecordingReader::open(bad);
    ASSERT_FALSE(reader.ok()) << bad;
    EXPECT_EQ(reader.error().kind, Error::Kind::kBadInput) << bad;
    EXPECT_THAT(reader.error().message, HasSubstr(bad.string()));
  }
}

TEST_F(Recording, HeaderAloneIsAnEmptyRecording) {
  auto writer = RecordingWriter::create(path(), some_header());
  ASSERT_TRUE(writer.ok());
  const std::string open_still = read_file(path());
  Read read = read_all(open_still);
  EXPECT_TRUE(read.capture.slices.empty());
  EXPECT_EQ(read.warning, "t.davy: its recorder did not close it; 1 whole frame read");
  ASSERT_TRUE((*writer)->finish().ok());
  read = read_all(read_file(path()));
  EXPECT_EQ(read.warning, "");
}

TEST_F(Recording, IsNeverOverwritten) {
  ASSERT_TRUE(RecordingWriter::create(path(), some_header()).ok());
  const std::string before = read_file(path());
  const auto again = RecordingWriter::create(path(), some_header());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().kind, Error::Kind::kBadInput);
  EXPECT_THAT(again.error().message, HasSubstr("exists"));
  EXPECT_EQ(read_file(path()), before);
}

TEST_F(Recording, FullDiskFromTheStartIsAnError) {
  const auto writer = RecordingWriter::create("/dev/full", some_header());
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message, HasSubstr("No space left on device"));
}

/// While it lives, files of this process cannot grow beyond `bytes`: writes then fail in the middle, as on a full disk.
class FileLimit {
 public:
  explicit FileLimit(std::uint64_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(Recording, WhenTheDiskFillsUpWhatWasWrittenStaysWhole) {
  const std::uint64_t enough = written(100).size();
  auto writer = RecordingWriter::create(path(), some_header());
  ASSERT_TRUE(writer.ok());
  {
    const FileLimit limit(enough / 2 + 7);
    play(100, writer->get());
    EXPECT_FALSE((*writer)->status().ok());
    EXPECT_THAT((*writer)->status().error().message, HasSubstr("what was written before is whole"));
    EXPECT_FALSE((*writer)->finish().ok());
  }
  const Read read = read_all(read_file(path()));
  EXPECT_GE(read.capture.ends.size(), 40U);
  EXPECT_LT(read.capture.ends.size(), 60U);
  EXPECT_EQ(read.skipped, Skipped{});
  EXPECT_THAT(read.warning, HasSubstr("did not close it"));  // and nothing half-written at its end
}

TEST_F(Recording, Kill9LeavesAReadableFile) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto writer = RecordingWriter::create(path(), some_header());
    if (!writer.ok()) ::_exit(1);
    play(30, writer->get());
    if (::write(told[1], "x", 1) != 1) ::_exit(1);
    const auto host = std::make_shared<const Host>(some_header().host);
    const SteadyProcess last(host, made_up_container(*host, 1), 7, SliceNumber(50), miner_like(1));
    for (std::uint64_t n = 0; n < 200; ++n) (*writer)->on_slice(last.slice(SliceNumber(80)));  // a slice never ended
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ::close(told[0]);
  ::close(told[1]);

  const Read read = read_all(read_file(path()));
  EXPECT_EQ(read.capture.ends.size(), 30U);
  EXPECT_THAT(read.warning, HasSubstr("did not close it"));
  const Capture live = play(30);
  ASSERT_EQ(read.capture.slices.size(), live.slices.size());
  for (std::size_t i = 0; i < live.slices.size(); ++i) expect_same(live.slices[i], read.capture.slices[i]);
}

TEST_F(Recording, DecompressionBombsAreNotOpened) {
  // One that says it is small, and one that says it is larger than any frame may be.
  std::string bomb = pack_frame(std::string(kMostFrameBytes, '\0'));
  std::string lying = bomb;
  lying[8] = 1;  // plain_bytes
  lying[9] = lying[10] = lying[11] = 0;
  std::string honest = bomb;
  honest[11] = 0x20;
  FrameHeader header;
  std::string plain;
  ASSERT_TRUE(read_frame_header(lying, header));
  EXPECT_FALSE(unpack_frame(header, std::string_view(lying).substr(kFrameHeaderBytes), plain));
  EXPECT_TRUE(plain.empty());
  EXPECT_FALSE(read_frame_header(honest, header));
}

/// Entries, each with its length before it, as a frame holds them.
std::string entry_of(const proto::Entry& entry) {
  std::string out;
  for (std::size_t length = entry.ByteSizeLong();; length >>= 7) {
    out.push_back(static_cast<char>(length < 0x80 ? length : length | 0x80));
    if (length < 0x80) break;
  }
  return out + entry.SerializeAsString();
}

TEST_F(Recording, NamesWithoutEndAreCutAndNotAllAreHeld) {
  Capture capture;
  Skipped skipped;
  StreamDecoder decoder(std::make_shared<const Host>(some_header().host));
  proto::Entry workload;
  workload.mutable_workload()->set_id(1);
  decoder.feed(entry_of(workload), capture, skipped);
  for (std::uint32_t tgid = 1; tgid <= 6'000; ++tgid) {  // 28 KB each after the cut
    proto::Entry entry;
    entry.mutable_process()->set_tgid(tgid);
    entry.mutable_process()->set_exe(std::string(100'000, 'x'));
    for (int i = 0; i < 10; ++i) entry.mutable_process()->add_ancestors()->set_comm(std::string(5'000, 'y'));
    decoder.feed(entry_of(entry), capture, skipped);
  }
  EXPECT_GT(skipped.entries, 500U) << "held up to 128 MiB, then no more";
  EXPECT_LT(skipped.entries, 2'000U);
  proto::Entry slice;
  slice.mutable_slice()->set_workload(1);
  slice.mutable_slice()->set_tgid(1);
  decoder.feed(entry_of(slice), capture, skipped);
  ASSERT_EQ(capture.slices.size(), 1U);
  EXPECT_EQ(capture.slices[0].process->exe.size(), 4'096U);
  EXPECT_EQ(capture.slices[0].process->ancestors.size(), 6U);
  EXPECT_GT(skipped.rows, 0U);
}

TEST_F(Recording, AnEntryLargerThanAnyIsLeftOut) {
  Capture capture;
  Skipped skipped;
  StreamDecoder decoder(std::make_shared<const Host>(some_header().host));
  proto::Entry large;
  for (int i = 0; i < 1'000'000; ++i) large.mutable_health()->add_counters();
  proto::Entry small;
  small.mutable_health()->set_number(7);
  decoder.feed(entry_of(large) + entry_of(small), capture, skipped);
  EXPECT_EQ(skipped.entries, 1U);
  ASSERT_EQ(capture.ends.size(), 1U);
  EXPECT_EQ(capture.ends[0].number.value(), 7U);
}

TEST_F(Recording, FalseStartsWithoutEndAreGivenUp) {
  std::string false_start(kFrameMagic);
  for (const std::uint32_t size : {std::uint32_t{4} << 20, std::uint32_t{4} << 20}) {
    for (int byte = 0; byte < 4; ++byte) false_start.push_back(static_cast<char>(size >> (8 * byte)));
  }
  false_start.resize(kFrameHeaderBytes, 'd');  // a digest that is none
  std::string part;
  for (int i = 0; i < 15; ++i) part += false_start;
  part += pack_frame("");
  std::string hostile = written(1);
  hostile.resize(hostile.size() - 100);  // without its footer
  for (int i = 0; i < 200; ++i) hostile += part;
  hostile.resize(hostile.size() + (std::size_t{5} << 20));  // what the false ones claim is there: 12 GB to hash
  const Read read = read_all(hostile);
  EXPECT_LT(read.skipped.frames, 10U) << "60 MB are hashed in vain in each of the 200 places";
  EXPECT_THAT(read.warning, HasSubstr("cut short or damaged"));
}

TEST_F(Recording, IdentitiesAreToldOncePerChange) {
  StreamEncoder encoder;
  const auto host = made_up_host(2);
  const auto workload = made_up_container(*host, 1);
  const auto tell = [&](std::uint64_t n, const std::string& comm, std::uint64_t flags = 0) {
    // A new object each time: what counts is what it says.
    const auto process = made_up_process(*host, *made_up_container(*host, 1), 5, SliceNumber(0), comm);
    Slice slice{host, workload, process, SliceNumber(n), {}, {}};
    slice.activity.flags = flags;
    std::string out;
    encoder.append(slice, out);
    return out.find("/usr/bin/" + comm) != std::string::npos;
  };
  EXPECT_TRUE(tell(1, "a"));
  EXPECT_FALSE(tell(2, "a"));
  EXPECT_TRUE(tell(3, "b"));  // exec
  EXPECT_FALSE(tell(4, "b"));
  EXPECT_FALSE(tell(4 + kSilence, "b"));
  EXPECT_TRUE(tell(5 + 2 * kSilence, "b"));  // silent too long
  EXPECT_FALSE(tell(6 + 2 * kSilence, "b", std::uint64_t{1} << static_cast<unsigned>(Flag::kExited)));
  EXPECT_TRUE(tell(7 + 2 * kSilence, "b"));  // ended, and forgotten
}

TEST_F(Recording, ItsFirstSliceMayComeLongAfterBoot) {
  const auto host = std::make_shared<const Host>(some_header().host);
  constexpr std::uint64_t kDaysUp = 100'000;  // slices: identities are first told long after slice 0
  const SteadyProcess steady(host, made_up_container(*host, 1), 9, SliceNumber(kDaysUp), server_like());
  auto writer = RecordingWriter::create(path(), some_header());
  ASSERT_TRUE(writer.ok());
  for (std::uint64_t n = kDaysUp; n < kDaysUp + 3; ++n) {
    (*writer)->on_slice(steady.slice(SliceNumber(n)));
    (*writer)->on_slice_end(made_up_health(SliceNumber(n)));
  }
  ASSERT_TRUE((*writer)->finish().ok());
  auto reader = RecordingReader::open(path());
  ASSERT_TRUE(reader.ok());
  Capture capture;
  ASSERT_TRUE((*reader)->run(capture, kNever).ok());
  EXPECT_EQ(capture.slices.size(), 3U);
  EXPECT_EQ((*reader)->skipped(), Skipped{});
}

TEST_F(Recording, SilentProcessesAreStillKnownWhenTheyReturn) {
  const auto host = std::make_shared<const Host>(some_header().host);
  const auto workload = made_up_container(*host, 1);
  const SteadyProcess rare(host, workload, 9, SliceNumber(0), server_like());
  auto writer = RecordingWriter::create(path(), some_header());
  ASSERT_TRUE(writer.ok());
  std::size_t expected = 0;
  for (std::uint64_t n = 0; n < 2000; ++n) {
    if (n % 59 == 0 || n % 307 == 0 || n % 60 == 1) {
      (*writer)->on_slice(rare.slice(SliceNumber(n)));
      ++expected;
    }
    (*writer)->on_slice_end(made_up_health(SliceNumber(n)));
  }
  ASSERT_TRUE((*writer)->finish().ok());
  const Read read = read_all(read_file(path()));
  EXPECT_EQ(read.capture.slices.size(), expected);
  EXPECT_EQ(read.skipped, Skipped{});
}

TEST_F(Recording, SlicesWithoutAnIdentityAreCountedAndLeftOut) {
  const std::string bytes = written(6);
  FrameHeader first;
  ASSERT_TRUE(read_frame_header(std::string_view(bytes).substr(kPrologueBytes), first));
  const std::size_t second = kPrologueBytes + kFrameHeaderBytes + first.stored_bytes;
  std::string damaged = bytes;
  damaged[second + kFrameHeaderBytes + 3] ^= 1;  // the frame that tells the identities
  const Read read = read_all(damaged);
  EXPECT_EQ(read.skipped.frames, 1U);
  EXPECT_EQ(read.skipped.slices, 15U);
  EXPECT_EQ(read.capture.ends.size(), 5U);
  EXPECT_THAT(read.warning, HasSubstr("damaged in 1 place"));
}

TEST(Labels, RoundTripAndRefuse) {
  for (const char* name : {"unknown", "miner", "benign", "malicious-not-miner"}) {
    EXPECT_EQ(name_of(*label_from(name)), name);
  }
  for (const char* name : {"unknown", "public-miner", "malware", "own-worker", "legitimate"}) {
    EXPECT_EQ(name_of(*source_from(name)), name);
  }
  EXPECT_THAT(label_from("good").error().message, HasSubstr("use one of unknown, miner, benign, malicious-not-miner"));
}

}  // namespace
}  // namespace davy::event
