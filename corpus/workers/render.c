/* A render worker: path-traces 64x64 tiles of a small scene with one thread a core. Tiles are pushed to it as JSON lines over one
 * long connection; the pixels go back as hexadecimal grey. Build: gcc -O2 -pthread render.c -lm */
#include <arpa/inet.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kTile = 64, kWidth = 1920, kHeight = 1080, kSpheres = 24, kBounces = 6 };

typedef struct { double x, y, z; } Vec;
typedef struct { Vec centre; double radius, albedo, light; } Sphere;
typedef struct { int x, y, samples, row; unsigned seed; unsigned char grey[kTile * kTile]; pthread_mutex_t lock; } Tile;

static Sphere scene[kSpheres];
static Tile tile = {.lock = PTHREAD_MUTEX_INITIALIZER};

static Vec add(Vec a, Vec b) { return (Vec){a.x + b.x, a.y + b.y, a.z + b.z}; }
static Vec scale(Vec a, double k) { return (Vec){a.x * k, a.y * k, a.z * k}; }
static double dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static Vec unit(Vec a) { return scale(a, 1 / sqrt(dot(a, a))); }

static double uniform(unsigned* state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state / 4294967296.0;
}

static void make_scene(void) {
  unsigned state = 7;
  scene[0] = (Sphere){{0, -1001, 0}, 1000, 0.6, 0};
  scene[1] = (Sphere){{4, 9, -3}, 3, 0, 9};
  for (int i = 2; i < kSpheres; ++i)
    scene[i] = (Sphere){{uniform(&state) * 10 - 5, uniform(&state) * 2 - 0.6, uniform(&state) * 8}, 0.3 + 0.4 * uniform(&state), 0.3 + 0.6 * uniform(&state), 0};
}

static const Sphere* nearest(Vec from, Vec towards, double* distance) {
  const Sphere* best = NULL;
  for (int i = 0; i < kSpheres; ++i) {
    Vec to = add(from, scale(scene[i].centre, -1));
    double b = dot(to, towards), c = dot(to, to) - scene[i].radius * scene[i].radius, d = b * b - c;
    if (d < 0) continue;
    double t = -b - sqrt(d);
    if (t < 1e-4) t = -b + sqrt(d);
    if (t > 1e-4 && t < *distance) *distance = t, best = &scene[i];
  }
  return best;
}

static double trace(Vec from, Vec towards, unsigned* state) {
  double light = 0, weight = 1;
  for (int bounce = 0; bounce < kBounces; ++bounce) {
    double distance = 1e9;
    const Sphere* hit = nearest(from, towards, &distance);
    if (!hit) return light + weight * 0.15 * (1 + towards.y);
    light += weight * hit->light;
    weight *= hit->albedo;
    from = add(from, scale(towards, distance));
    Vec normal = unit(add(from, scale(hit->centre, -1)));
    double z = 2 * uniform(state) - 1, angle = 6.2831853 * uniform(state), r = sqrt(1 - z * z);
    towards = unit(add(normal, (Vec){r * cos(angle), r * sin(angle), z}));
  }
  return light;
}

static unsigned char pixel(int x, int y, unsigned* state) {
  double sum = 0;
  for (int s = 0; s < tile.samples; ++s) {
    Vec towards = {(x + uniform(state) - kWidth / 2.0) / kHeight, (kHeight / 2.0 - y - uniform(state)) / kHeight, 1};
    sum += trace((Vec){0, 1, -7}, unit(towards), state);
  }
  double value = sqrt(sum / tile.samples) * 255;
  return value > 255 ? 255 : (unsigned char)value;
}

static void* rows(void* unused) {
  for (;;) {
    pthread_mutex_lock(&tile.lock);
    int row = tile.row++;
    pthread_mutex_unlock(&tile.lock);
    if (row >= kTile) return unused;
    unsigned state = tile.seed + 2654435761u * (row + 1);
    for (int i = 0; i < kTile; ++i) tile.grey[row * kTile + i] = pixel(tile.x + i, tile.y + row, &state);
  }
}

static void render(int threads) {
  pthread_t team[64];
  tile.row = 0;
  for (int i = 0; i < threads; ++i) pthread_create(&team[i], NULL, rows, NULL);
  for (int i = 0; i < threads; ++i) pthread_join(team[i], NULL);
}

static long number(const char* line, const char* name) {
  const char* at = strstr(line, name);
  return at ? atol(at + strlen(name)) : 0;
}

static void answer(int fd, long id) {
  static char line[2 * kTile * kTile + 100];
  int n = sprintf(line, "{\"jsonrpc\": \"2.0\", \"id\": %ld, \"result\": {\"pixels\": \"", id);
  for (int i = 0; i < kTile * kTile; ++i) n += sprintf(line + n, "%02x", tile.grey[i]);
  n += sprintf(line + n, "\"}}\n");
  for (int sent = 0, k; sent < n; sent += k)
    if ((k = send(fd, line + sent, n - sent, MSG_NOSIGNAL)) <= 0) exit(4);
}

static int connect_to(const char* host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  for (int tries = 0; tries < 40; ++tries, usleep(500000)) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!connect(fd, (struct sockaddr*)&to, sizeof to)) return fd;
    close(fd);
  }
  perror("render: cannot connect");
  exit(3);
}

int main(int argc, char** argv) {
  if (argc != 4 || atoi(argv[3]) < 1 || atoi(argv[3]) > 64) {
    fprintf(stderr, "usage: render HOST PORT THREADS (1 to 64)\n");
    return 2;
  }
  make_scene();
  int fd = connect_to(argv[1], atoi(argv[2]));
  const char hello[] = "{\"jsonrpc\": \"2.0\", \"method\": \"hello\", \"params\": {\"kind\": \"render\"}}\n";
  if (send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL) < 0) return 4;
  FILE* lines = fdopen(fd, "r");
  char line[4096];
  while (fgets(line, sizeof line, lines)) {
    if (!strstr(line, "\"method\": \"job\"")) continue;
    tile.x = number(line, "\"x\": ");
    tile.y = number(line, "\"y\": ");
    tile.samples = number(line, "\"samples\": ");
    tile.seed = number(line, "\"seed\": ");
    render(atoi(argv[3]));
    answer(fd, number(line, "\"id\": "));
  }
  return 5;
}
