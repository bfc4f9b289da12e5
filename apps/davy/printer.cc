#include "printer.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

namespace davy::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{50};
constexpr milliseconds kPatience{1000};
constexpr int kWake = SIGUSR1;  // ends a write that nobody reads

void wakes_only(int) {}

void let_writes_be_interrupted() {
  struct sigaction action {};
  action.sa_handler = wakes_only;  // no SA_RESTART: the write returns
  sigaction(kWake, &action, nullptr);
}

}  // namespace

Printer::Printer(int out, int err, std::size_t limit) : out_(out), err_(err), limit_(limit) {
  let_writes_be_interrupted();
  thread_ = std::thread([this] { run(); });
}

Printer::~Printer() {
  abandoned_ = true;
  finish([] { return true; });
}

void Printer::out(std::string text) { add({out_, std::move(text), nullptr}); }
void Printer::err(std::string text) { add({err_, std::move(text), nullptr}); }
void Printer::out_then(std::function<std::string()> make) { add({out_, {}, std::move(make)}); }

void Printer::add(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_ + job.text.size() > limit_) {
      ++dropped_;
      return;
    }
    waiting_ += job.text.size();
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
}

void Printer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return over_ || !jobs_.empty(); });
    if (jobs_.empty() || abandoned_) break;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const bool written = write(job.to, job.make ? job.make() : job.text);
    lock.lock();
    waiting_ -= job.text.size();
    if (!written) ++dropped_;
  }
  ended_ = true;
  changed_.notify_all();
}

bool Printer::write(int to, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size() && !abandoned_) {
    const auto n = ::write(to, text.data() + done, text.size() - done);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
      written_ += static_cast<std::uint64_t>(n);
    } else if (errno == EAGAIN) {  // whoever shares the pipe made it so
      pollfd room{to, POLLOUT, 0};
      ::poll(&room, 1, static_cast<int>(kLookEvery.count()));
    } else if (errno != EINTR) {
      return errno == EPIPE;
    }
  }
  return done == text.size();
}

void Printer::finish(const std::function<bool()>& stop) {
  if (!thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  over_ = true;
  changed_.notify_all();
  auto moved = Clock::now();
  auto seen = written_.load();
  while (!changed_.wait_for(lock, kLookEvery, [this] { return ended_; })) {
    const auto now = Clock::now();
    if (!stop() || written_ != seen) moved = now;
    seen = written_;
    if (now - moved >= kPatience) abandoned_ = true;
    // Again and again: a signal that comes just before the write wakes nobody.
    if (abandoned_) pthread_kill(thread_.native_handle(), kWake);
  }
  lock.unlock();
  thread_.join();
}

}  // namespace davy::app
