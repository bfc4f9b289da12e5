#include "web/workers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace davy::web {
namespace {

int some_descriptor() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int descriptor) { return fcntl(descriptor, F_GETFD) >= 0; }

template <typename Condition>
bool soon(Condition condition) {
  for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

/// While it lives, no thread starts: none can have a stack of that size.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{1} << 47U);
    EXPECT_EQ(pthread_setattr_default_np(&huge), 0);
    pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

TEST(Workers, ServeAllThatTheyTake) {
  std::atomic<int> served = 0;
  Workers workers(3, 100, [&](int socket) {
    ::close(socket);
    ++served;
  });
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(workers.take(some_descriptor()));
  EXPECT_TRUE(soon([&] { return served == 50; }));
}

TEST(Workers, BeyondWhatMayWaitIsTurnedAway) {
  std::atomic<bool> held = true;
  std::atomic<int> begun = 0;
  Workers workers(2, 3, [&](int socket) {
    ++begun;
    while (held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::close(socket);
  });
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(workers.take(some_descriptor()));
  ASSERT_TRUE(soon([&] { return begun == 2; }));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(workers.take(some_descriptor()));
  const int one_more = some_descriptor();
  EXPECT_FALSE(workers.take(one_more));
  EXPECT_TRUE(is_open(one_more)) << "it stays the caller's";
  ::close(one_more);
  held = false;
  EXPECT_TRUE(soon([&] { return begun == 5; }));
}

TEST(Workers, WhatWaitsAtTheEndIsClosed) {
  std::atomic<bool> held = true;
  std::atomic<int> begun = 0;
  Workers workers(1, 3, [&](int socket) {
    ++begun;
    while (held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::close(socket);
  });
  ASSERT_TRUE(workers.take(some_descriptor()));
  ASSERT_TRUE(soon([&] { return begun == 1; }));
  const int waiting = some_descriptor();
  ASSERT_TRUE(workers.take(waiting));
  std::thread ending([&] { workers.stop(); });
  EXPECT_TRUE(soon([&] { return !is_open(waiting); }));
  held = false;
  ending.join();
  EXPECT_EQ(begun, 1);
  const int late = some_descriptor();
  EXPECT_FALSE(workers.take(late));
  ::close(late);
}

TEST(Workers, WithoutAThreadAConnectionIsTurnedAway) {
  Workers workers(2, 3, [](int socket) { ::close(socket); });
  const int socket = some_descriptor();
  {
    const NoThreads none;
    EXPECT_FALSE(workers.take(socket));
  }
  EXPECT_TRUE(workers.take(socket)) << "as soon as there are threads, it is served";
}

TEST(Workers, WhenNoMoreThreadsStartThoseThereAreGoOn) {
  std::atomic<int> served = 0;
  std::atomic<bool> held = true;
  Workers workers(4, 10, [&](int socket) {
    while (held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::close(socket);
    ++served;
  });
  ASSERT_TRUE(workers.take(some_descriptor()));
  const NoThreads none;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(workers.take(some_descriptor()));
  held = false;
  EXPECT_TRUE(soon([&] { return served == 6; }));
}

}  // namespace
}  // namespace davy::web
