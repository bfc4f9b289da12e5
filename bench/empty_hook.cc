// Keeps an empty BPF program at the return of every system call until its input ends.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "empty.skel.h"

int main() {
  const std::unique_ptr<empty_bpf, void (*)(empty_bpf*)> hook(empty_bpf__open_and_load(), empty_bpf__destroy);
  if (!hook || empty_bpf__attach(hook.get()) != 0) {
    std::perror("cannot attach the empty program (root, and a kernel with BTF?)");
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  char end = 0;
  while (read(STDIN_FILENO, &end, 1) > 0) {
  }
  return 0;
}
