#!/bin/bash
# A CI worker: waits for jobs on a Redis queue, builds and tests what they ask for, pushes the result. Usage: ci.sh HOST PORT
redis() { redis-cli -h "$HOST" -p "$PORT" "$@"; }
HOST=$1 PORT=$2
cd /tmp || exit 1
until redis ping >/dev/null 2>&1; do sleep 0.5; done
while job=$(redis blpop jobs 0 | tail -n 1); do
  cat >unit.cc <<C
#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <vector>
int main() {
  std::vector<unsigned> v; unsigned x = $job;
  for (int i = 0; i < 400000; ++i) v.push_back(x = x * 1664525u + 1013904223u);
  std::sort(v.begin(), v.end());
  std::map<std::string, int> seen; std::regex digits("[0-9]+7");
  for (int i = 0; i < 20000; ++i) if (std::regex_match(std::to_string(v[i]), digits)) ++seen[std::to_string(v[i] % 100)];
  return !(std::is_sorted(v.begin(), v.end()) && seen.size() > 3);
}
C
  g++ -O2 unit.cc -o unit && ./unit && state=passed || state=failed
  redis rpush results "$job $state $(sha256sum <unit | cut -c1-16)" >/dev/null
done
