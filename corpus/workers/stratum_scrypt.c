/* A CPU miner of our own: scrypt (1024,1,1) over Stratum v1, one thread a core. It talks to loopback and private
 * addresses only, by construction. One line of output a share. Build: gcc -O2 -pthread stratum_scrypt.c -lcrypto */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kLine = 16384, kBranches = 32, kLanes = 1024 };

struct job {
  char id[72], ntime[12], coinb1[4096], coinb2[4096], branch[kBranches][65];
  uint8_t prevhash[32], version[4], nbits[4];
  int branches, extranonce2_size;
  double difficulty;
  char extranonce1[32];
};

static struct job current;
static atomic_uint generation;
static atomic_ullong hashes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int server = -1, requests = 10;
static double sleep_share; /* 0.25: sleeps a quarter of the time */

static void from_hex(uint8_t* out, const char* hex, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) sscanf(hex + 2 * i, "%2hhx", out + i);
}

static void reverse(uint8_t* data, size_t n) {
  for (size_t i = 0; i < n / 2; ++i) {
    uint8_t t = data[i];
    data[i] = data[n - 1 - i];
    data[n - 1 - i] = t;
  }
}

static void sha256d(const uint8_t* data, size_t n, uint8_t out[32]) {
  uint8_t once[32];
  SHA256(data, n, once);
  SHA256(once, 32, out);
}

static uint32_t rotl(uint32_t a, int b) { return (a << b) | (a >> (32 - b)); }

static void salsa20_8(uint32_t b[16], const uint32_t with[16]) {
  static const uint8_t step[32][4] = {{4, 0, 12, 7}, {8, 4, 0, 9}, {12, 8, 4, 13}, {0, 12, 8, 18}, {9, 5, 1, 7}, {13, 9, 5, 9}, {1, 13, 9, 13}, {5, 1, 13, 18}, {14, 10, 6, 7}, {2, 14, 10, 9}, {6, 2, 14, 13}, {10, 6, 2, 18}, {3, 15, 11, 7}, {7, 3, 15, 9}, {11, 7, 3, 13}, {15, 11, 7, 18}, {1, 0, 3, 7}, {2, 1, 0, 9}, {3, 2, 1, 13}, {0, 3, 2, 18}, {6, 5, 4, 7}, {7, 6, 5, 9}, {4, 7, 6, 13}, {5, 4, 7, 18}, {11, 10, 9, 7}, {8, 11, 10, 9}, {9, 8, 11, 13}, {10, 9, 8, 18}, {12, 15, 14, 7}, {13, 12, 15, 9}, {14, 13, 12, 13}, {15, 14, 13, 18}};
  uint32_t x[16];
  for (int i = 0; i < 16; ++i) x[i] = b[i] ^= with[i];
  for (int round = 0; round < 4; ++round) {
#pragma GCC unroll 32
    for (int i = 0; i < 32; ++i) x[step[i][0]] ^= rotl(x[step[i][1]] + x[step[i][2]], step[i][3]);
  }
  for (int i = 0; i < 16; ++i) b[i] += x[i];
}

static void scrypt_1024(const uint8_t header[80], uint8_t out[32], uint32_t* pad) {
  uint32_t x[32];
  PKCS5_PBKDF2_HMAC((const char*)header, 80, header, 80, 1, EVP_sha256(), 128, (uint8_t*)x);
  for (int i = 0; i < kLanes; ++i) {
    memcpy(pad + 32 * i, x, 128);
    salsa20_8(x, x + 16);
    salsa20_8(x + 16, x);
  }
  for (int i = 0; i < kLanes; ++i) {
    const uint32_t* v = pad + 32 * (x[16] & (kLanes - 1));
    for (int k = 0; k < 32; ++k) x[k] ^= v[k];
    salsa20_8(x, x + 16);
    salsa20_8(x + 16, x);
  }
  PKCS5_PBKDF2_HMAC((const char*)header, 80, (uint8_t*)x, 128, 1, EVP_sha256(), 32, out);
}

/* Share target compared on the top eight bytes: difficulty 1 of scrypt is 0xffff << 224. */
static int meets(const uint8_t hash[32], double difficulty) {
  uint64_t top;
  memcpy(&top, hash + 24, 8);
  double limit = 65535.0 * 4294967296.0 * 65536.0 / 65536.0 / difficulty;
  return (double)top < limit * 0.999999 && limit < 1.8e19;
}

static void build_header(const struct job* job, const char* extranonce2, uint8_t header[80]) {
  uint8_t coinbase[4200], root[64];
  char hex[8500];
  int n = snprintf(hex, sizeof hex, "%s%s%s%s", job->coinb1, job->extranonce1, extranonce2, job->coinb2) / 2;
  from_hex(coinbase, hex, n);
  sha256d(coinbase, n, root);
  for (int i = 0; i < job->branches; ++i) {
    from_hex(root + 32, job->branch[i], 32);
    sha256d(root, 64, root);
  }
  memcpy(header, job->version, 4);
  memcpy(header + 4, job->prevhash, 32);
  memcpy(header + 36, root, 32);
  from_hex(header + 68, job->ntime, 4);
  reverse(header + 68, 4);
  memcpy(header + 72, job->nbits, 4);
}

static void submit(const struct job* job, const char* extranonce2, uint32_t nonce) {
  char line[400];
  pthread_mutex_lock(&lock);
  int n = snprintf(line, sizeof line, "{\"id\":%d,\"method\":\"mining.submit\",\"params\":[\"corpus\",\"%s\",\"%s\",\"%s\",\"%08x\"]}\n",
                   requests++, job->id, extranonce2, job->ntime, nonce);
  if (send(server, line, n, MSG_NOSIGNAL) < 0) exit(4);
  pthread_mutex_unlock(&lock);
}

static void* mine(void* argument) {
  uint32_t* pad = malloc(kLanes * 128);
  unsigned counter = (unsigned)(uintptr_t)argument;
  while (1) {
    unsigned seen = atomic_load(&generation);
    if (!seen) {
      usleep(50000);
      continue;
    }
    pthread_mutex_lock(&lock);
    struct job job = current;
    pthread_mutex_unlock(&lock);
    char extranonce2[16];
    snprintf(extranonce2, sizeof extranonce2, "%08x", counter += 256);
    uint8_t header[80], hash[32];
    build_header(&job, extranonce2, header);
    for (uint32_t nonce = 0; nonce < 0x100000 && atomic_load(&generation) == seen; ++nonce) {
      for (int i = 0; i < 4; ++i) header[76 + i] = nonce >> (8 * i);
      scrypt_1024(header, hash, pad);
      atomic_fetch_add(&hashes, 1);
      if (meets(hash, job.difficulty)) submit(&job, extranonce2, nonce);
      if (sleep_share > 0 && nonce % 64 == 63) usleep(40000 * sleep_share);
    }
  }
  return NULL;
}

/* The strings inside "params":[...], in order; nested arrays are flattened. */
static int read_strings(char* text, char* found[], int most) {
  int count = 0;
  for (char* at = text; count < most && (at = strchr(at, '"')); ++count) {
    found[count] = ++at;
    if (!(at = strchr(at, '"'))) break;
    *at++ = 0;
  }
  return count;
}

static void take_notify(char* params) {
  char* part[kBranches + 10];
  int n = read_strings(params, part, kBranches + 10);
  if (n < 7 || n - 7 > kBranches || strlen(part[2]) >= sizeof current.coinb1 || strlen(part[3]) >= sizeof current.coinb2) return;
  pthread_mutex_lock(&lock);
  snprintf(current.id, sizeof current.id, "%s", part[0]);
  from_hex(current.prevhash, part[1], 32);
  for (int i = 0; i < 32; i += 4) reverse(current.prevhash + i, 4);
  snprintf(current.coinb1, sizeof current.coinb1, "%s", part[2]);
  snprintf(current.coinb2, sizeof current.coinb2, "%s", part[3]);
  current.branches = n - 7;
  for (int i = 0; i < current.branches; ++i) snprintf(current.branch[i], 65, "%.64s", part[4 + i]);
  from_hex(current.version, part[n - 3], 4);
  reverse(current.version, 4);
  from_hex(current.nbits, part[n - 2], 4);
  reverse(current.nbits, 4);
  snprintf(current.ntime, sizeof current.ntime, "%.8s", part[n - 1]);
  pthread_mutex_unlock(&lock);
  if (!atomic_fetch_add(&generation, 1)) puts("hashing");
}

static void take_line(char* line) {
  char *params = strstr(line, "\"params\""), *found[8];
  if (strstr(line, "mining.set_difficulty") && params) {
    pthread_mutex_lock(&lock);
    current.difficulty = atof(strchr(params, '[') + 1);
    pthread_mutex_unlock(&lock);
  } else if (strstr(line, "mining.notify\", \"params\"") || (strstr(line, "mining.notify") && params)) {
    take_notify(strchr(params, '['));
  } else if (strstr(line, "\"id\": 1,") && strstr(line, "\"result\"")) {
    char* result = strrchr(line, ']');
    while (result > line && strncmp(result, "]], ", 4)) --result;
    if (read_strings(result, found, 8)) snprintf(current.extranonce1, sizeof current.extranonce1, "%.16s", found[0]);
  } else if (strstr(line, "\"id\": 2,")) {
    if (!strstr(line, "true")) fprintf(stderr, "stratum_scrypt: not authorized\n");
  } else if (strstr(line, "\"result\": true")) {
    printf("accepted, %llu hashes\n", (unsigned long long)atomic_load(&hashes));
  } else if (strstr(line, "\"error\": [")) {
    printf("refused: %s\n", line);
  }
}

static int private_address(in_addr_t address) {
  uint32_t a = ntohl(address);
  return a >> 24 == 127 || a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8;
}

static int connect_to(const char* host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || !private_address(to.sin_addr.s_addr)) {
    fprintf(stderr, "stratum_scrypt: %s is not a loopback or private address\n", host);
    exit(2);
  }
  for (int tries = 0; tries < 20; ++tries, sleep(1)) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!connect(fd, (struct sockaddr*)&to, sizeof to)) return fd;
    close(fd);
  }
  fprintf(stderr, "stratum_scrypt: cannot connect: %s\n", strerror(errno));
  exit(3);
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: stratum_scrypt HOST PORT THREADS [SLEEP_SHARE]\n");
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  sleep_share = argc > 4 ? atof(argv[4]) : 0;
  server = connect_to(argv[1], atoi(argv[2]));
  const char hello[] = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"corpus/1\"]}\n";
  const char who[] = "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"corpus\",\"x\"]}\n";
  if (send(server, hello, sizeof hello - 1, 0) < 0) return 4;
  for (long i = 0; i < atoi(argv[3]); ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, mine, (void*)i);
  }
  FILE* lines = fdopen(dup(server), "r");
  static char line[kLine];
  for (int n = 0; fgets(line, sizeof line, lines); ++n) {
    take_line(line);
    if (!n && send(server, who, sizeof who - 1, 0) < 0) return 4;
  }
  return 5;
}
