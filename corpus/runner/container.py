"""One runc container over an overlay of the shared root, as Docker would make it."""
import contextlib
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import threading
import time

CAPABILITIES = ["CAP_" + name for name in (
    "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
    "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE")]
USER = 1000
SCRATCH = "davy-corpus-"   # folders of runs, with the number of the process that made them
PATIENCE = 60              # seconds that a call of runc may take
PERIOD = 100000


def quiet(*words):
    """What has ended with an error is no exception, what has not ended is: subprocess.TimeoutExpired."""
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)


class Container:
    """Created stopped (the program not yet begun), then started. Its output comes line by line to `on_line`."""

    def __init__(self, root, work, name, cgroup, command, namespace, cores, memory, env, on_line):
        self.root, self.name, self.cgroup, self.command = pathlib.Path(root), name, cgroup, command
        self.namespace, self.cores, self.memory, self.env = namespace, cores, memory, env
        self.on_line = on_line
        self.folder = pathlib.Path(work) / name
        self.process = None
        self.started = None
        self.pid = None

    def create(self):
        for part in ("up", "work", "merged"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        options = f"lowerdir={self.root},upperdir={self.folder}/up,workdir={self.folder}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.folder / "merged"], check=True)
        self.write_config()
        reader, writer = os.pipe()
        threading.Thread(target=self.read_lines, args=(reader,), daemon=True).start()
        try:
            subprocess.run(["runc", "create", "-b", self.folder, "--pid-file", self.folder / "pid", self.name],
                           stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, check=True)
        finally:
            os.close(writer)
        self.pid = int((self.folder / "pid").read_text())

    def write_config(self):
        subprocess.run(["runc", "spec", "-b", self.folder], check=True)
        path = self.folder / "config.json"
        config = json.loads(path.read_text())
        process = config["process"]
        process["terminal"] = False
        process["args"] = ["/bin/bash", "-c", self.command]
        process["user"] = {"uid": USER, "gid": USER}
        process["cwd"] = "/tmp"
        process["noNewPrivileges"] = False
        process["env"] = [f"{key}={value}" for key, value in self.env.items()]
        files = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        process["rlimits"] = [{"type": "RLIMIT_NOFILE", "hard": files, "soft": files}]
        for kind in process["capabilities"]:
            process["capabilities"][kind] = [] if kind in ("ambient", "inheritable") else CAPABILITIES
        config["root"] = {"path": str(self.folder / "merged"), "readonly": False}
        config["hostname"] = self.name[:12]
        linux = config["linux"]
        linux["cgroupsPath"] = self.cgroup
        if self.cores < os.cpu_count():   # else it has no quota, as most containers have none
            linux["resources"]["cpu"] = {"quota": int(self.cores * PERIOD), "period": PERIOD}
        linux["resources"]["memory"] = {"limit": self.memory << 20}
        for namespace in linux["namespaces"]:
            if namespace["type"] == "network":
                namespace["path"] = f"/run/netns/{self.namespace}"
        path.write_text(json.dumps(config))

    def read_lines(self, reader):
        with os.fdopen(reader, errors="replace") as stream:
            for line in stream:
                try:
                    self.on_line(line.rstrip("\n"))
                except Exception as error:  # pylint: disable=broad-except  who reads no more blocks the program
                    print(f"{self.name[:12]}: {error} in {line[:80]!r}", file=sys.stderr, flush=True)

    def start(self):
        self.started = time.time()
        subprocess.run(["runc", "start", self.name], check=True, capture_output=True)

    def alive(self):
        """Whether its first process lives; running() asks runc, which costs a process."""
        try:
            return pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def running(self):
        state = quiet("runc", "state", self.name)
        return state.returncode == 0 and json.loads(state.stdout)["status"] == "running"

    def cpu_seconds(self):
        """CPU seconds used so far by everything in the container, or None where neither hierarchy tells."""
        for base in ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/cpu,cpuacct"):
            path = pathlib.Path(base + self.cgroup) / "cpuacct.usage"
            if path.exists():
                return int(path.read_text()) / 1e9
        path = pathlib.Path("/sys/fs/cgroup" + self.cgroup) / "cpu.stat"
        if path.exists():
            return int(path.read_text().split()[1]) / 1e6
        return None

    def close(self):
        """Takes down what there is, each step whatever became of those before; then raises what went wrong."""
        with contextlib.ExitStack() as steps:   # the last one goes first
            steps.callback(shutil.rmtree, self.folder, ignore_errors=True)
            steps.callback(self.unmount)
            steps.callback(quiet, "runc", "delete", "-f", self.name)
            steps.callback(self.kill)

    def kill(self):
        quiet("runc", "kill", "-a", self.name, "KILL")
        for _ in range(50):
            if not self.running():
                break
            time.sleep(0.1)

    def unmount(self):
        merged = self.folder / "merged"
        if quiet("umount", merged).returncode:
            quiet("umount", "-l", merged)
