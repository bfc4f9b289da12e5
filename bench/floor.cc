// Keeps one program of floor.bpf.c, "empty" or "counter", at the return of every system call until its input ends.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include "floor.skel.h"

int main(int argc, char** argv) {
  const std::string_view wanted = argc == 2 ? argv[1] : "";
  if (wanted != "empty" && wanted != "counter") {
    std::fputs("use: bench_floor empty|counter\n", stderr);
    return 2;
  }
  const std::unique_ptr<floor_bpf, void (*)(floor_bpf*)> hook(floor_bpf__open(), floor_bpf__destroy);
  if (hook) bpf_program__set_autoload(wanted == "empty" ? hook->progs.empty : hook->progs.counter, true);
  if (!hook || floor_bpf__load(hook.get()) != 0 || floor_bpf__attach(hook.get()) != 0) {
    std::perror("cannot attach the program (root, and a kernel with BTF?)");
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  char end = 0;
  while (read(STDIN_FILENO, &end, 1) > 0) {
  }
  return 0;
}
