"""What the measurements start beside the load, and what the kernel says they used."""
import contextlib
import os
import pathlib
import signal
import subprocess
import time

PROC = pathlib.Path("/proc")


def on(processor):
    """For Popen: keeps the program on one processor."""
    return lambda: os.sched_setaffinity(0, {processor})


@contextlib.contextmanager
def until_left(words, ready=None, settle=0.0, **popen):
    """A program that works until its input ends (or it is asked to); `ready`: the line that says it has begun."""
    program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE if ready else subprocess.DEVNULL,
                               stderr=popen.pop("stderr", subprocess.DEVNULL), text=True, **popen)
    try:
        if ready:
            for line in program.stdout:
                if ready in line:
                    break
            else:
                raise RuntimeError(f"{words[0]} ended before it was ready")
        time.sleep(settle)
        if program.poll() is not None:
            raise RuntimeError(f"{' '.join(map(str, words))} ended with exit code {program.returncode}")
        yield program
    finally:
        if program.poll() is None:
            program.stdin.close()
            program.send_signal(signal.SIGINT)
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


@contextlib.contextmanager
def fed(words):
    """As until_left, but ends by the end of its input alone; its last line is what it made: used with .result()."""
    program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if "ready" not in program.stdout.readline():
        raise RuntimeError(f"{' '.join(map(str, words))} did not start")
    program.result = lambda: program.communicate()[0].strip()
    try:
        yield program
    finally:
        if program.poll() is None:
            program.communicate()


def family(pid):
    """pid and all that descend from it."""
    found = [pid]
    for one in found:
        for children in PROC.glob(f"{one}/task/*/children"):
            with contextlib.suppress(OSError):
                found.extend(map(int, children.read_text().split()))
    return found


def cpu_ns(pids):
    """CPU time of all threads of these processes, by the scheduler."""
    total = 0
    for pid in pids:
        for path in PROC.glob(f"{pid}/task/*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(path.read_text().split()[0])
    return total


def memory_mb(pids, file, field):
    """Sum over processes of one field of a file in /proc/PID, in MB."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            lines = (PROC / str(pid) / file).read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith(field + ":"))
    return total / 1024


def rss_mb(pids):
    """Resident memory, each page once for each process that has it."""
    return memory_mb(pids, "status", "VmRSS")


def own_memory_mb(pids):
    """Proportional memory (Pss): a page shared by n processes counts 1/n in each."""
    return memory_mb(pids, "smaps_rollup", "Pss")


def kernel_kb():
    """Memory of the kernel that grows with what BPF keeps for each thread."""
    lines = dict(line.split(":") for line in (PROC / "meminfo").read_text().splitlines())
    return sum(int(lines[name].split()[0]) for name in ("SUnreclaim", "Percpu") if name in lines)
