#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace davy::app {

/// Writes to standard output and standard error from a thread of its own: whoever does not read them (a terminal
/// stopped by Ctrl-S, a sleeping ssh, a pipe) holds up that thread and nothing else. Bounded: text that has no room is
/// dropped and counted. A reader that went away is no loss: nobody is there to miss anything.
class Printer {
 public:
  static constexpr std::size_t kLimit = 8U << 20;  // bytes that may wait; a detection is a few thousand

  /// Starts the thread: after privileges are dropped. `out` and `err` are descriptors that outlive the printer.
  explicit Printer(int out = 1, int err = 2, std::size_t limit = kLimit);
  /// What is not written yet is not written any more.
  ~Printer();
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  void out(std::string text);
  void err(std::string text);
  /// To standard output what `make` returns when its turn comes, on the printer's thread. Always has room: what it
  /// refers to must outlive the printer.
  void out_then(std::function<std::string()> make);

  /// Texts without room, or that could not be written. Cumulative, any thread.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  /// Waits until all is written; once `stop` says so, for as long as something is still read, and a second at most
  /// when nothing is. Nothing may be printed afterwards.
  void finish(const std::function<bool()>& stop);

 private:
  struct Job {
    int to;
    std::string text;
    std::function<std::string()> make;  // null: `text` it is
  };
  void add(Job job);
  void run();
  /// False when it was lost.
  bool write(int to, const std::string& text);

  const int out_;
  const int err_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::size_t waiting_ = 0;  // bytes of jobs_
  bool over_ = false;        // nothing more comes
  bool ended_ = false;       // the thread is at its end
  std::atomic<bool> abandoned_ = false;
  std::atomic<std::uint64_t> written_ = 0;  // bytes
  std::atomic<std::uint64_t> dropped_ = 0;
  std::thread thread_;
};

}  // namespace davy::app
