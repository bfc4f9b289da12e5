/* A prime-search worker, the hardest twin: saturated threads, one long connection, a new range pushed every 20 to 120 s, a small
 * message whenever something is found, a keep-alive each minute. Everything of a miner but the hashing.
 * It searches prime quintuplets (n, n+2, n+6, n+8, n+12). Build: gcc -O2 -pthread primes.c */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_ullong next_start, tested;
static atomic_long job;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int server;
enum { kChunk = 1 << 20 };

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t n) {
  uint64_t result = 1;
  for (base %= n; exponent; exponent >>= 1) {
    if (exponent & 1) result = (unsigned __int128)result * base % n;
    base = (unsigned __int128)base * base % n;
  }
  return result;
}

/* Miller and Rabin's test with twelve bases: exact below 3.3e24, so for all 64-bit numbers. */
static int prime(uint64_t n) {
  static const unsigned bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  uint64_t odd = n - 1;
  int twos = 0;
  for (; !(odd & 1); odd >>= 1) ++twos;
  for (int i = 0; i < 12; ++i) {
    uint64_t x = power(bases[i], odd, n);
    if (x == 1 || x == n - 1) continue;
    int k = 1;
    for (; k < twos && x != n - 1; ++k) x = (unsigned __int128)x * x % n;
    if (x != n - 1) return 0;
  }
  return 1;
}

static int survives(uint64_t n) {
  static const unsigned small[] = {7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47};
  for (int i = 0; i < 12; ++i) {
    unsigned r = n % small[i], p = small[i];
    if (!r || r == p - 2 || r == (2 * p - 6) % p || r == (2 * p - 8) % p || r == (2 * p - 12) % p) return 0;
  }
  return 1;
}

static void say(const char* text, int size) {
  pthread_mutex_lock(&lock);
  if (send(server, text, size, MSG_NOSIGNAL) < 0) exit(4);
  pthread_mutex_unlock(&lock);
}

static void* search(void* unused) {
  while (!atomic_load(&job)) usleep(50000);
  for (;;) {
    long mine = atomic_load(&job);
    uint64_t n = atomic_fetch_add(&next_start, kChunk), end = n + kChunk;
    for (n += (41 - n % 30) % 30; n < end && mine == atomic_load(&job); n += 30) {
      if (!survives(n)) continue;
      atomic_fetch_add(&tested, 1);
      if (!prime(n) || !prime(n + 2) || !prime(n + 6) || !prime(n + 8) || !prime(n + 12)) continue;
      char line[160];
      int size = snprintf(line, sizeof line, "{\"jsonrpc\": \"2.0\", \"id\": %ld, \"result\": {\"found\": %llu}}\n", mine, (unsigned long long)n);
      say(line, size);
    }
  }
  return unused;
}

static void* keep_alive(void* unused) {
  const char line[] = "{\"jsonrpc\": \"2.0\", \"method\": \"progress\", \"params\": {}}\n";
  for (;;) {
    sleep(60);
    say(line, sizeof line - 1);
  }
  return unused;
}

static void take(const char* line) {
  const char *start = strstr(line, "\"start\": "), *id = strstr(line, "\"id\": ");
  if (!start || !id) return;
  atomic_store(&next_start, strtoull(start + 9, NULL, 10));
  atomic_store(&job, atol(id + 6));
}

static int connect_to(const char* host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  for (int tries = 0; tries < 40; ++tries, usleep(500000)) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!connect(fd, (struct sockaddr*)&to, sizeof to)) return fd;
    close(fd);
  }
  perror("primes: cannot connect");
  exit(3);
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: primes HOST PORT THREADS\n");
    return 2;
  }
  server = connect_to(argv[1], atoi(argv[2]));
  const char hello[] = "{\"jsonrpc\": \"2.0\", \"method\": \"hello\", \"params\": {\"kind\": \"primes\"}}\n";
  say(hello, sizeof hello - 1);
  pthread_t thread;
  for (int i = 0; i < atoi(argv[3]); ++i) pthread_create(&thread, NULL, search, NULL);
  pthread_create(&thread, NULL, keep_alive, NULL);
  FILE* lines = fdopen(dup(server), "r");
  char line[4096];
  while (fgets(line, sizeof line, lines))
    if (strstr(line, "\"method\": \"job\"")) take(line);
  return 5;
}
