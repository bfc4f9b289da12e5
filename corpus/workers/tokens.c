/* A token server: a small language model of whole numbers (a window of eight tokens, four layers) answers prompts that a gateway pushes
 * to it; one thread a core over the rows of a layer. Build: gcc -O3 -pthread tokens.c */
#include "link.h"

enum { kContext = 8, kEmbed = 32, kWidth = kContext * kEmbed, kLayers = 4, kWords = 2000, kSamples = 16 };
static int8_t embed[kWords][kEmbed], layer[kLayers][kWidth][kWidth], head[kWords][kWidth];
static int prompt[kContext], steps;
static char answer[8192];
static atomic_int finished;

static void fill(int8_t* at, long size, uint64_t* state) {
  while (size--) *at++ = (int8_t)(draw(state) % 15) - 7;
}

/* One more token after the last eight; `noise` tells continuations of the same prompt apart. */
static int next(const int* window, int noise) {
  int x[kWidth], y[kWidth], best = 0;
  long most = INT64_MIN;
  for (int i = 0; i < kWidth; ++i) x[i] = embed[window[i / kEmbed]][i % kEmbed];
  x[0] += noise;
  for (int l = 0; l < kLayers; ++l) {
    for (int i = 0; i < kWidth; ++i) {
      int sum = 0;
      for (int k = 0; k < kWidth; ++k) sum += layer[l][i][k] * x[k];
      y[i] = sum > 0 ? sum >> 5 : 0;
    }
    for (int i = 0; i < kWidth; ++i) x[i] = y[i] % 128;
  }
  for (int w = 0; w < kWords; ++w) {
    long sum = 0;
    for (int k = 0; k < kWidth; ++k) sum += head[w][k] * x[k];
    if (sum > most) most = sum, best = w;
  }
  return best;
}

/* Continuation number `noise`; the first is the answer. */
static void generate(int noise, char* text) {
  int window[kContext];
  memcpy(window, prompt, sizeof window);
  for (int s = 0; s < steps; ++s) {
    int token = next(window, noise);
    memmove(window, window + 1, sizeof window - sizeof *window);
    window[kContext - 1] = token;
    if (text) text += sprintf(text, "%s%d", s ? ", " : "", token);
  }
}

static void* search(void* unused) {
  for (;;) {
    long mine = atomic_load(&job);
    int index = mine ? (int)atomic_fetch_add(&taken, 1) : kSamples;
    if (index >= kSamples) {
      usleep(20000);
      continue;
    }
    generate(index, index ? NULL : answer);
    if (atomic_fetch_add(&finished, 1) + 1 == kSamples)
      say("{\"jsonrpc\": \"2.0\", \"id\": %ld, \"result\": {\"samples\": %d, \"tokens\": [%s]}}", mine, kSamples, answer);
  }
  return unused;
}

static void take(const char* line) {
  const char* at = strstr(line, "\"prompt\": [");
  if (!at) exit(6);
  at += 11;
  for (int i = 0; i < kContext; ++i, at += strcspn(at, ",]") + 1) prompt[i] = atoi(at) % kWords;
  steps = number(line, "steps");
  if (steps < 1 || steps > 1000) exit(6);
  atomic_store(&finished, 0);
}

int main(int argc, char** argv) {
  if (argc != 4) return fprintf(stderr, "usage: tokens HOST PORT THREADS\n"), 2;
  uint64_t state = 1;
  fill(embed[0], sizeof embed, &state);
  fill(layer[0][0], sizeof layer, &state);
  fill(head[0], sizeof head, &state);
  link_open(argv[1], atoi(argv[2]), "tokens");
  work(atoi(argv[3]), search, take);
}
