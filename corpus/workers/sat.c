/* A satisfiability worker: jobs are seeds of random 3-SAT problems, pushed like a pool's blocks; threads take problem after problem and
 * send each model that they find. WalkSAT. Build: gcc -O2 -pthread sat.c */
#include "link.h"

enum { kMaxVariables = 1000, kMaxClauses = 5000, kMaxOccurs = 64 };
typedef struct { int literal[3]; } Clause;
typedef struct {
  int variables, clauses, unsolved, occurs[2 * kMaxVariables][kMaxOccurs], count[2 * kMaxVariables];
  int open[kMaxClauses], at[kMaxClauses], truths[kMaxClauses];
  Clause clause[kMaxClauses];
  char value[kMaxVariables];
} Problem;

static int variables, clauses, flips;
static uint64_t seed;

static void make(Problem* p, uint64_t state) {
  p->variables = variables, p->clauses = clauses;
  memset(p->count, 0, sizeof p->count);
  for (int c = 0; c < p->clauses; ++c)
    for (int k = 0; k < 3; ++k) {
      int literal = draw(&state) % (2 * p->variables);
      p->clause[c].literal[k] = literal;
      if (p->count[literal] < kMaxOccurs) p->occurs[literal][p->count[literal]++] = c;
    }
}

static int holds(const Problem* p, int literal) { return p->value[literal >> 1] != (literal & 1); }

static void open_clause(Problem* p, int c) { p->open[p->at[c] = p->unsolved++] = c; }

static void close_clause(Problem* p, int c) {
  int last = p->open[--p->unsolved];
  p->open[p->at[last] = p->at[c]] = last;
}

static void flip(Problem* p, int variable) {
  int was = 2 * variable + !p->value[variable], is = was ^ 1;
  p->value[variable] ^= 1;
  for (int i = 0; i < p->count[was]; ++i)
    if (!--p->truths[p->occurs[was][i]]) open_clause(p, p->occurs[was][i]);
  for (int i = 0; i < p->count[is]; ++i)
    if (!p->truths[p->occurs[is][i]]++) close_clause(p, p->occurs[is][i]);
}

/* Clauses that only this variable holds true. */
static int cost(const Problem* p, int variable) {
  int literal = 2 * variable + !p->value[variable], broken = 0;
  for (int i = 0; i < p->count[literal]; ++i) broken += p->truths[p->occurs[literal][i]] == 1;
  return broken;
}

static int solve(Problem* p, uint64_t state, long mine) {
  for (int v = 0; v < p->variables; ++v) p->value[v] = draw(&state) & 1;
  p->unsolved = 0;
  for (int c = 0; c < p->clauses; ++c) {
    p->truths[c] = 0;
    for (int k = 0; k < 3; ++k) p->truths[c] += holds(p, p->clause[c].literal[k]);
    if (!p->truths[c]) open_clause(p, c);
  }
  for (int n = 0; n < flips && p->unsolved; ++n) {
    if (n % 4096 == 0 && mine != atomic_load(&job)) return 0;
    const Clause* c = &p->clause[p->open[draw(&state) % p->unsolved]];
    int best = -1, least = 1 << 30;
    for (int k = 0; k < 3; ++k) {
      int broken = cost(p, c->literal[k] >> 1);
      if (broken < least) least = broken, best = k;
    }
    if (least && draw(&state) % 100 < 50) best = draw(&state) % 3;
    flip(p, c->literal[best] >> 1);
  }
  return !p->unsolved;
}

static void* search(void* unused) {
  Problem* p = malloc(sizeof *p);
  for (;;) {
    long mine = current_job();
    unsigned index = atomic_fetch_add(&taken, 1);
    make(p, seed + index);
    if (!solve(p, index + 1, mine)) continue;
    char model[kMaxVariables + 1];
    for (int v = 0; v < p->variables; ++v) model[v] = '0' + p->value[v];
    model[p->variables] = 0;
    say("{\"jsonrpc\": \"2.0\", \"id\": %ld, \"result\": {\"index\": %u, \"model\": \"%s\"}}", mine, index, model);
  }
  return unused;
}

static void take(const char* line) {
  variables = number(line, "variables");
  clauses = number(line, "clauses");
  flips = number(line, "flips");
  seed = number(line, "seed");
  if (variables < 3 || variables > kMaxVariables || clauses > kMaxClauses) exit(6);
}

int main(int argc, char** argv) {
  if (argc != 4) return fprintf(stderr, "usage: sat HOST PORT THREADS\n"), 2;
  link_open(argv[1], atoi(argv[2]), "sat");
  work(atoi(argv[3]), search, take);
}
