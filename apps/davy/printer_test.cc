#include "printer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>

namespace davy::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSmall = 4096;  // the least a pipe holds

/// A pipe that holds little and is read when the test says so.
class Pipe {
 public:
  Pipe() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    EXPECT_EQ(fcntl(ends_[1], F_SETPIPE_SZ, kSmall), kSmall);
  }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int in() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  std::string read(std::size_t length) {
    std::string all(length, '\0');
    std::size_t at = 0;
    while (at < length) {
      const auto n = ::read(ends_[0], all.data() + at, length - at);
      if (n <= 0) break;
      at += static_cast<std::size_t>(n);
    }
    all.resize(at);
    return all;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

bool always() { return true; }
bool never() { return false; }

TEST(Printer, WritesEverythingInOrder) {
  Pipe pipe;
  Printer printer(pipe.in(), pipe.in());
  printer.out("one ");
  printer.err("two ");
  printer.out_then([] { return std::string("three"); });
  printer.finish(never);
  EXPECT_EQ(pipe.read(13), "one two three");
  EXPECT_EQ(printer.dropped(), 0U);
}

TEST(Printer, NobodyWaitsForAReaderAndWhatHasNoRoomIsCounted) {
  Pipe pipe;
  Printer printer(pipe.in(), pipe.in(), std::size_t{10} * kSmall);
  const std::string text(kSmall, 'x');
  const auto before = Clock::now();
  for (int i = 0; i < 100; ++i) printer.out(text);
  EXPECT_LT(Clock::now() - before, std::chrono::seconds(1));
  // The pipe holds one and one is being written; what was dropped is the rest, give or take those two.
  EXPECT_GE(printer.dropped(), 88U);
  EXPECT_LE(printer.dropped(), 90U);
  const std::size_t kept = 100 - printer.dropped();
  EXPECT_EQ(pipe.read(kept * kSmall).size(), kept * kSmall);
  printer.finish(never);
}

TEST(Printer, WhatIsMadeLaterIsMadeWhenItsTurnComes) {
  Pipe pipe;
  std::atomic<int> newest = 1;
  Printer printer(pipe.in(), pipe.in());
  printer.out(std::string(std::size_t{2} * kSmall, 'x'));  // holds the printer up
  printer.out_then([&] { return std::to_string(newest); });
  newest = 2;
  pipe.read(std::size_t{2} * kSmall);
  printer.finish(never);
  EXPECT_EQ(pipe.read(1), "2");
}

TEST(Printer, FinishEndsThoughNobodyReads) {
  Pipe pipe;
  Printer printer(pipe.in(), pipe.in());
  for (int i = 0; i < 5; ++i) printer.out(std::string(kSmall, 'x'));
  const auto before = Clock::now();
  printer.finish(always);
  EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(900)) << "a reader has a second";
  EXPECT_LT(Clock::now() - before, std::chrono::seconds(3));
}

TEST(Printer, FinishWaitsForASlowReader) {
  Pipe pipe;
  Printer printer(pipe.in(), pipe.in());
  for (int i = 0; i < 5; ++i) printer.out(std::string(kSmall, 'x'));
  std::size_t got = 0;
  std::thread reader([&] {
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(400));
      got += pipe.read(kSmall).size();
    }
  });
  printer.finish(always);
  reader.join();
  EXPECT_EQ(got, std::size_t{5} * kSmall);
  EXPECT_EQ(printer.dropped(), 0U);
}

TEST(Printer, AReaderThatWentAwayIsNoLoss) {
  Pipe pipe;
  pipe.close_reader();
  Printer printer(pipe.in(), pipe.in());
  for (int i = 0; i < 100; ++i) printer.out(std::string(kSmall, 'x'));
  printer.finish(never);
  EXPECT_EQ(printer.dropped(), 0U);
}

TEST(Printer, WhatCannotBeWrittenIsCounted) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  Printer printer(full, full);
  printer.out("lost");
  printer.finish(never);
  EXPECT_EQ(printer.dropped(), 1U);
  ::close(full);
}

TEST(Printer, EndsAtOnceWhenDestroyed) {
  Pipe pipe;
  const auto before = Clock::now();
  {
    Printer printer(pipe.in(), pipe.in());
    for (int i = 0; i < 5; ++i) printer.out(std::string(kSmall, 'x'));
  }
  EXPECT_LT(Clock::now() - before, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace davy::app
