/* A factoring worker in the manner of volunteer projects: a range of large numbers is pushed, threads try elliptic curves (Montgomery
 * form, first stage) and send the factors that they find. Build: gcc -O2 -pthread ecm.c -lgmp */
#include <gmp.h>

#include "link.h"

enum { kCurves = 12, kLeastDigits = 12 };
static char start[256];
static int bound, primes[100000], known;

typedef struct { mpz_t n, a24, x, z, x0, x1, z1, sum, dif, t, u, v; } Curve;

static void double_point(Curve* c, mpz_t x, mpz_t z) {
  mpz_add(c->sum, x, z), mpz_mul(c->sum, c->sum, c->sum), mpz_mod(c->sum, c->sum, c->n);
  mpz_sub(c->dif, x, z), mpz_mul(c->dif, c->dif, c->dif), mpz_mod(c->dif, c->dif, c->n);
  mpz_sub(c->t, c->sum, c->dif);
  mpz_mul(x, c->sum, c->dif), mpz_mod(x, x, c->n);
  mpz_mul(c->u, c->t, c->a24), mpz_add(c->u, c->u, c->dif), mpz_mul(z, c->t, c->u), mpz_mod(z, z, c->n);
}

/* (x1 : z1) += (x : z), whose difference is (x0 : v). */
static void add_point(Curve* c, mpz_t x1, mpz_t z1, mpz_t x, mpz_t z) {
  mpz_sub(c->sum, x1, z1), mpz_add(c->t, x, z), mpz_mul(c->sum, c->sum, c->t);
  mpz_add(c->dif, x1, z1), mpz_sub(c->t, x, z), mpz_mul(c->dif, c->dif, c->t);
  mpz_add(c->t, c->sum, c->dif), mpz_mul(c->t, c->t, c->t), mpz_mod(c->t, c->t, c->n);
  mpz_sub(c->u, c->sum, c->dif), mpz_mul(c->u, c->u, c->u), mpz_mod(c->u, c->u, c->n);
  mpz_mul(x1, c->t, c->v), mpz_mod(x1, x1, c->n);
  mpz_mul(z1, c->u, c->x0), mpz_mod(z1, z1, c->n);
}

static void multiply(Curve* c, unsigned k) {
  mpz_set(c->x0, c->x), mpz_set(c->v, c->z);
  mpz_set(c->x1, c->x), mpz_set(c->z1, c->z);
  double_point(c, c->x1, c->z1);
  for (int bit = 30 - __builtin_clz(k); bit >= 0; --bit) {
    if (k >> bit & 1) {
      add_point(c, c->x, c->z, c->x1, c->z1);
      double_point(c, c->x1, c->z1);
    } else {
      add_point(c, c->x1, c->z1, c->x, c->z);
      double_point(c, c->x, c->z);
    }
  }
}

static int inverse_of_product(Curve* c, mpz_t into, unsigned long k, const mpz_t other) {
  mpz_mul_ui(into, other, k);
  return mpz_invert(into, into, c->n);
}

/* Suyama's parametrisation: a curve whose order is divisible by twelve. Leaves gcd(z, n) in t. */
static void one_curve(Curve* c, unsigned sigma) {
  mpz_set_ui(c->u, sigma), mpz_mul(c->u, c->u, c->u), mpz_sub_ui(c->u, c->u, 5);
  mpz_set_ui(c->v, 4ul * sigma);
  mpz_powm_ui(c->x, c->u, 3, c->n), mpz_powm_ui(c->z, c->v, 3, c->n);
  mpz_sub(c->t, c->v, c->u), mpz_powm_ui(c->t, c->t, 3, c->n);
  mpz_mul_ui(c->sum, c->u, 3), mpz_add(c->sum, c->sum, c->v), mpz_mul(c->t, c->t, c->sum);
  mpz_mul(c->dif, c->x, c->v);
  if (!inverse_of_product(c, c->sum, 16, c->dif)) return mpz_gcd(c->t, c->dif, c->n);
  mpz_mul(c->a24, c->t, c->sum), mpz_mod(c->a24, c->a24, c->n);
  for (int i = 0; i < known && primes[i] <= bound; ++i)
    for (long power = primes[i]; power <= bound; power *= primes[i]) multiply(c, primes[i]);
  mpz_gcd(c->t, c->z, c->n);
}

static void* search(void* unused) {
  Curve c;
  mpz_inits(c.n, c.a24, c.x, c.z, c.x0, c.x1, c.z1, c.sum, c.dif, c.t, c.u, c.v, NULL);
  for (;;) {
    long mine = current_job();
    unsigned long index = 2 * atomic_fetch_add(&taken, 1);
    mpz_set_str(c.n, start, 10);
    mpz_add_ui(c.n, c.n, index);
    if (mpz_probab_prime_p(c.n, 5)) continue;
    for (int k = 0; k < kCurves && mine == atomic_load(&job); ++k) {
      one_curve(&c, 6 + 97 * k);
      if (!mpz_cmp_ui(c.t, 1) || !mpz_cmp(c.t, c.n) || !mpz_cmp_ui(c.t, 0)) continue;
      if (mpz_sizeinbase(c.t, 10) > kLeastDigits && mpz_probab_prime_p(c.t, 10)) {
        char* found = mpz_get_str(NULL, 10, c.t);
        say("{\"jsonrpc\": \"2.0\", \"id\": %ld, \"result\": {\"index\": %lu, \"factor\": \"%s\"}}", mine, index, found);
        free(found);
      }
      mpz_divexact(c.n, c.n, c.t);
      if (mpz_probab_prime_p(c.n, 5)) break;
    }
  }
  return unused;
}

static void take(const char* line) {
  text(line, "start", start, sizeof start);
  bound = number(line, "bound");
}

int main(int argc, char** argv) {
  if (argc != 4) return fprintf(stderr, "usage: ecm HOST PORT THREADS\n"), 2;
  for (int n = 2; known < 100000 && n < 1000000; ++n) {
    int composite = 0;
    for (int i = 0; i < known && primes[i] * primes[i] <= n && !composite; ++i) composite = n % primes[i] == 0;
    if (!composite) primes[known++] = n;
  }
  link_open(argv[1], atoi(argv[2]), "ecm");
  work(atoi(argv[3]), search, take);
}
