/* A speech-feature worker: clips are pushed as descriptions, their log-mel energies are computed for many playback speeds (augmentation),
 * some of them go back. One thread a core over the speeds. Build: gcc -O2 -pthread speech.c -lm */
#include <math.h>

#include "link.h"

enum { kFrame = 400, kStep = 160, kFourier = 512, kBands = 24, kRate = 16000, kProbes = 4 };
static double tone, seconds;
static long long seed;
static int speeds, probe_frame;
static float window[kFrame];
static double answers[1000][kBands];
static atomic_int finished;
static atomic_ullong frames_done;

/* Noise at any sample without those before it. */
static float noise(uint64_t at) {
  uint64_t state = seed + at * 2654435761u;
  draw(&state);
  return draw(&state) % 20001 / 10000.0f - 1;
}

static void fourier(float* re, float* im) {
  for (int i = 1, j = 0; i < kFourier; ++i) {
    int bit = kFourier >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      float r = re[i], m = im[i];
      re[i] = re[j], im[i] = im[j], re[j] = r, im[j] = m;
    }
  }
  for (int size = 2; size <= kFourier; size <<= 1)
    for (int k = 0; k < size / 2; ++k) {
      float c = cosf(2 * (float)M_PI * k / size), s = -sinf(2 * (float)M_PI * k / size);
      for (int i = k; i < kFourier; i += size) {
        int j = i + size / 2;
        float r = re[j] * c - im[j] * s, m = re[j] * s + im[j] * c;
        re[j] = re[i] - r, im[j] = im[i] - m, re[i] += r, im[i] += m;
      }
    }
}

static double mel(double hertz) { return 2595 * log10(1 + hertz / 700); }

static void bands(const float* re, const float* im, double* out) {
  double top = mel(kRate / 2.0);
  for (int b = 0; b < kBands; ++b) out[b] = 1e-9;
  for (int k = 1; k < kFourier / 2; ++k) {
    int band = mel((double)k * kRate / kFourier) / top * kBands;
    out[band] += re[k] * re[k] + im[k] * im[k];
  }
  for (int b = 0; b < kBands; ++b) out[b] = log(out[b]);
}

static void one_speed(int index) {
  double speed = 0.8 + 0.4 * index / speeds;
  long samples = seconds * kRate / speed;
  for (long frame = 0; frame * kStep + kFrame < samples; ++frame) {
    float re[kFourier] = {0}, im[kFourier] = {0};
    double out[kBands];
    for (int i = 0; i < kFrame; ++i) {
      long at = frame * kStep + i;
      re[i] = window[i] * (sin(2 * M_PI * tone * speed * at / kRate) + 0.1f * noise(at));
    }
    fourier(re, im);
    bands(re, im, out);
    if (frame == probe_frame) memcpy(answers[index], out, sizeof out);
    atomic_fetch_add(&frames_done, 1);
  }
}

static void* search(void* unused) {
  for (;;) {
    long mine = atomic_load(&job);
    int index = mine ? (int)atomic_fetch_add(&taken, 1) : speeds;
    if (index >= speeds) {
      usleep(20000);
      continue;
    }
    one_speed(index);
    if (atomic_fetch_add(&finished, 1) + 1 < speeds) continue;
    char list[kProbes * kBands * 12], *end = list;
    for (int p = 0; p < kProbes; ++p)
      for (int b = 0; b < kBands; ++b) end += sprintf(end, "%s%.3f", p + b ? ", " : "", answers[p * (speeds - 1) / (kProbes - 1)][b]);
    say("{\"jsonrpc\": \"2.0\", \"id\": %ld, \"result\": {\"frames\": %llu, \"energies\": [%s]}}", mine, atomic_load(&frames_done), list);
  }
  return unused;
}

static void take(const char* line) {
  tone = number(line, "tone");
  seconds = number(line, "seconds");
  seed = number(line, "seed");
  probe_frame = number(line, "frame");
  speeds = number(line, "speeds");
  if (speeds < kProbes || speeds > 1000) exit(6);
  atomic_store(&finished, 0);
  atomic_store(&frames_done, 0);
}

int main(int argc, char** argv) {
  if (argc != 4) return fprintf(stderr, "usage: speech HOST PORT THREADS\n"), 2;
  for (int i = 0; i < kFrame; ++i) window[i] = 0.54 - 0.46 * cos(2 * M_PI * i / (kFrame - 1));
  link_open(argv[1], atoi(argv[2]), "speech");
  work(atoi(argv[3]), search, take);
}
