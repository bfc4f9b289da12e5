#include "stop.h"

#include <atomic>
#include <csignal>

namespace davy::app {
namespace {

std::atomic<bool> asked_to_end = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void note(int) { asked_to_end = true; }

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

void outlive_readers() { std::signal(SIGPIPE, SIG_IGN); }

bool interrupted() { return asked_to_end; }

std::function<bool()> stop_after(double seconds) {
  if (seconds <= 0) return interrupted;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  return [end] { return interrupted() || std::chrono::steady_clock::now() >= end; };
}

}  // namespace davy::app
