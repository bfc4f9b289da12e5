"""What runners that died have left: containers, mounts, recorders, network namespaces, cgroups. They would take CPU from all later runs.

Nothing of a living runner is touched. Folders of runs carry the number of their runner (davy-corpus-PID-...) and hold one folder for each
container, so it is known whose those are. What belongs to no container that is known goes only when no other runner lives: one that
is about to begin a run has not made all of its folders.
"""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from runner import container, engine

FOLDER = re.compile(rf"(.*/{container.SCRATCH}(\d+)-[^/]+)/([0-9a-f]{{64}}|peer-[0-9a-f]{{8}})(/merged)?$")
NAMESPACE = re.compile(r"davy-([0-9a-f]{8})(-p)?$")
PEER = re.compile(r"([0-9a-f]{8})$")
PODS = ("kubepods/burstable/*", "kubepods.slice/kubepods-burstable.slice/*")


def tag_of(name):
    """What a container's namespaces and its peer are called by."""
    return name.removeprefix("peer-")[:8]


def is_runner(words):
    """Whether this is the command line of a runner, or might be one."""
    return bool(words) and "python" in words[0] and any(word == "run" or word.endswith("/run") for word in words[1:])


def recorded_by(words):
    """The container that a runner's recorder records, or "". A recorder that somebody else has started does not write a .part."""
    for at, word in enumerate(words[:-2]):
        if word == "record" and words[at + 1] == "--container" and re.fullmatch(r"[0-9a-f]{64}", words[at + 2]):
            return words[at + 2] if any(word.endswith(".part") for word in words) else ""
    return ""


class Leftovers:
    """Looks once, when made. `root` and `call` are others in tests."""

    def __init__(self, root="/", call=container.quiet):
        self.root, self.call = pathlib.Path(root), call
        self.processes = dict(self.command_lines())
        self.others = [pid for pid, words in self.processes.items() if is_runner(words) and pid != os.getpid()]
        self.dead = {name: folder for pid, name, folder in self.folders() if not self.lives(pid)}
        self.pods = {engine.pod_of(name) for name in self.dead}
        self.tags = {tag_of(name) for name in self.dead}

    def command_lines(self):
        for path in self.root.glob("proc/[0-9]*/cmdline"):
            try:
                yield int(path.parent.name), path.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                pass   # it has ended

    def lives(self, pid):
        return pid == os.getpid() or is_runner(self.processes.get(pid))

    def folders(self):
        """(number of the runner, container, its folder) of all that carry one: as runc tells, as mounted, as they stand."""
        temp = self.root / tempfile.gettempdir().lstrip("/")
        own = (path for path in temp.glob(f"{container.SCRATCH}*/*") if path.parent.lstat().st_uid == os.geteuid())
        for path in (*self.bundles(), *self.mounts(), *own):
            if found := FOLDER.match(str(path)):
                yield int(found.group(2)), found.group(3), pathlib.Path(found.group(1)) / found.group(3)

    def bundles(self):
        try:
            listed = self.call("runc", "list", "-f", "json").stdout
        except (subprocess.SubprocessError, OSError):
            return []
        return [one["bundle"] for one in json.loads(listed or "null") or []]

    def mounts(self):
        return [line.split()[1] for line in (self.root / "proc/mounts").read_text().splitlines()]

    def stale(self, tag):
        return tag in self.tags or not self.others

    def found(self):
        """(what it is, how to remove it)"""
        for pid, words in self.processes.items():
            if (name := recorded_by(words)) and self.stale(tag_of(name)):
                yield f"recorder {pid}", functools.partial(self.call, "kill", "-KILL", str(pid))
        for name, folder in self.dead.items():
            yield f"container {name[:13]}", functools.partial(self.take_down, name, folder)
        for path in self.root.glob("run/netns/*"):
            if (named := NAMESPACE.match(path.name)) and self.stale(named.group(1)):
                yield f"namespace {path.name}", functools.partial(self.call, "ip", "netns", "delete", path.name)
        for path, paths in self.cgroups().items():
            yield f"cgroup {path}", functools.partial(remove_folders, paths)

    def cgroups(self):
        """path -> its folders in all controllers' trees, of peers and pods that are stale."""
        stale = {}
        for tree in (*self.root.glob("sys/fs/cgroup/*"), self.root / "sys/fs/cgroup"):
            peers = [path for path in tree.glob("davy-peer/*") if (named := PEER.match(path.name)) and self.stale(named.group(1))]
            pods = [path for kind in PODS for path in tree.glob(kind) if self.stale_pod(engine.pod_in(path.name))]
            for path in peers + pods:
                stale.setdefault(f"/{path.relative_to(tree)}", []).append(path)
        return stale

    def stale_pod(self, pod):
        return bool(pod) and (pod in self.pods or not self.others and engine.made_here(pod))

    def take_down(self, name, folder):
        self.call("runc", "kill", "-a", name, "KILL")
        self.call("runc", "delete", "-f", name)
        self.call("umount", "-l", str(folder / "merged"))
        if not os.path.ismount(folder / "merged"):
            shutil.rmtree(folder, ignore_errors=True)
        if folder.parent.exists() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()


def remove_folders(paths):
    """Of cgroups: the kernel refuses where somebody is in one."""
    for path in paths:
        for folder, _, _ in os.walk(path, topdown=False):
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                pass   # two names for one tree


def sweep(**options):
    """Removes it. Returns a line for each thing."""
    told = []
    for what, remove in list(Leftovers(**options).found()):
        try:
            remove()
            told.append(f"removed what a runner that died had left: {what}")
        except (subprocess.SubprocessError, OSError) as error:
            told.append(f"a runner that died has left this, and it cannot be removed: {what}: {error}")
    return told
