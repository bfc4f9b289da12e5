/* What the workers in C share: one connection of JSON lines to the job server, the number of the current job, random numbers. */
#pragma once
#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int link_socket;
static pthread_mutex_t link_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long job;      /* 0 before the first and between two */
static atomic_ullong taken;  /* pieces of the current job that threads have taken */

static void say(const char* format, ...) {
  char line[16384];
  va_list values;
  va_start(values, format);
  int size = vsnprintf(line, sizeof line - 1, format, values);
  va_end(values);
  if (size < 0 || size > (int)sizeof line - 2) return;
  line[size++] = '\n';
  pthread_mutex_lock(&link_lock);
  for (int sent = 0, k; sent < size; sent += k)
    if ((k = send(link_socket, line + sent, size - sent, MSG_NOSIGNAL)) <= 0) exit(4);
  pthread_mutex_unlock(&link_lock);
}

static void link_open(const char* host, int port, const char* kind) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  for (int tries = 0; tries < 40; ++tries, usleep(500000)) {
    link_socket = socket(AF_INET, SOCK_STREAM, 0);
    if (!connect(link_socket, (struct sockaddr*)&to, sizeof to)) {
      say("{\"jsonrpc\": \"2.0\", \"method\": \"hello\", \"params\": {\"kind\": \"%s\"}}", kind);
      return;
    }
    close(link_socket);
  }
  perror("cannot connect");
  exit(3);
}

/* The next line that is a job; the program ends with the connection. */
static const char* link_job(void) {
  static FILE* lines;
  static char line[65536];
  if (!lines) lines = fdopen(dup(link_socket), "r");
  while (fgets(line, sizeof line, lines))
    if (strstr(line, "\"method\": \"job\"")) return line;
  exit(5);
}

/* What follows "name": in a line, as a number or as a string of at most size - 1 characters. */
static long long number(const char* line, const char* name) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\": ", name);
  const char* at = strstr(line, key);
  return at ? atoll(at + strlen(key)) : 0;
}

static inline void text(const char* line, const char* name, char* into, int size) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\": \"", name);
  const char* at = strstr(line, key);
  snprintf(into, size, "%.*s", at ? (int)strcspn(at + strlen(key), "\"") : 0, at ? at + strlen(key) : "");
}

/* The same generator as in searches.py: 33 bits are shifted away. */
static inline uint64_t draw(uint64_t* state) { return (*state = *state * 6364136223846793005u + 1442695040888963407u) >> 33; }

static inline long current_job(void) {
  while (!atomic_load(&job)) usleep(5000);
  return atomic_load(&job);
}

/* Starts `threads` searchers, then takes jobs for good: `take` sets the job up, threads see that the number has changed. */
static inline void work(int threads, void* (*search)(void*), void (*take)(const char*)) {
  pthread_t thread;
  for (int i = 0; i < threads; ++i) pthread_create(&thread, NULL, search, NULL);
  for (;;) {
    const char* line = link_job();
    atomic_store(&job, 0);
    take(line);
    atomic_store(&taken, 0);
    atomic_store(&job, number(line, "id"));
  }
}
