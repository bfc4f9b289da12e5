/* Mints postage for e-mail by hashcash (SHA-1), honest by policy: a mailing is pushed, each recipient's stamp goes back when it is found.
 * Build: gcc -O2 -pthread stamp.c -lcrypto */
#include <openssl/sha.h>

#include "link.h"

static char mailing[64], date[16];
static int bits;

static int zeros(const unsigned char* digest) {
  int n = 0;
  while (!digest[n / 8]) n += 8;
  return n + __builtin_clz(digest[n / 8]) - 24;
}

static void* mint(void* unused) {
  for (;;) {
    long mine = current_job();
    unsigned recipient = atomic_fetch_add(&taken, 1);
    char stamp[200];
    int head = snprintf(stamp, sizeof stamp, "1:%d:%s:member%u@%s::%08lx:", bits, date, recipient, mailing, mine * 2654435761u & 0xffffffff);
    for (unsigned long n = 0; mine == atomic_load_explicit(&job, memory_order_relaxed); ++n) {
      unsigned char digest[20];
      int size = head + snprintf(stamp + head, sizeof stamp - head, "%lx", n);
      SHA1((unsigned char*)stamp, size, digest);
      if (zeros(digest) < bits) continue;
      say("{\"jsonrpc\": \"2.0\", \"id\": %ld, \"result\": {\"recipient\": %u, \"stamp\": \"%s\"}}", mine, recipient, stamp);
      break;
    }
  }
  return unused;
}

static void take(const char* line) {
  text(line, "mailing", mailing, sizeof mailing);
  text(line, "date", date, sizeof date);
  bits = number(line, "bits");
}

int main(int argc, char** argv) {
  if (argc != 4) return fprintf(stderr, "usage: stamp HOST PORT THREADS\n"), 2;
  link_open(argv[1], atoi(argv[2]), "stamp");
  work(atoi(argv[3]), mint, take);
}
