"""The shared root file system: debootstrap once, then packages and registry artefacts as the catalogue asks.

One root for all programs, so that the image tells nothing about the label. Nothing of it is ever committed.
"""
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent.parent
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
TOOLS = ("python3", "procps", "iproute2")   # what the pool, the peers and the workers need


class RootError(Exception):
    """The root could not be made; the text says which step failed and where its log is."""


class Root:
    def __init__(self, cache, say=print):
        self.cache = pathlib.Path(cache)
        self.path = self.cache / "root"
        self.log = self.cache / "build.log"
        self.say = say

    def prepare(self, programs):
        """Installs what `programs` need and is missing. Never while containers of another runner use the root."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with open(self.cache / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.make_base()
            wanted = set(TOOLS).union(*(p.packages for p in programs))
            self.install_packages(sorted(wanted))
            self.copy_own()
            seen = set()
            for program in programs:
                for step in program.install:
                    key = json.dumps(step, sort_keys=True)
                    if key not in seen:
                        self.install_artefact(step)
                    seen.add(key)

    def run(self, words, what, **options):
        with open(self.log, "a") as log:
            log.write(f"\n== {what}: {' '.join(map(str, words))}\n")
            log.flush()
            done = subprocess.run(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **options)
        if done.returncode:
            raise RootError(f"{what} failed (exit {done.returncode}); see the end of {self.log}")

    def make_base(self):
        if (self.path / "etc/debian_version").exists():
            return
        self.say(f"making the root file system in {self.path} (debootstrap {SUITE}, about 220 MB)")
        fresh = self.cache / "root.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self.run(["debootstrap", "--variant=minbase", SUITE, fresh, MIRROR], "debootstrap")
        fresh.rename(self.path)

    def settle(self):
        """What every root needs: no daemons at install, all suites, a user for the programs."""
        policy = self.path / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        (self.path / "etc/apt/sources.list").write_text(
            f"deb {MIRROR} {SUITE} main\ndeb {MIRROR} {SUITE}-updates main\ndeb {SECURITY} {SUITE}-security main\n")
        shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")
        if "\nworker:" not in (self.path / "etc/passwd").read_text():
            self.run(["chroot", self.path, "useradd", "-m", "-u", "1000", "worker"], "adding the user")

    def installed(self):
        listing = subprocess.run(["chroot", self.path, "dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package} ${Version}\n"],
                                 capture_output=True, text=True, check=True).stdout
        rows = (line.split() for line in listing.splitlines())
        return {row[1]: row[2] for row in rows if row[0] == "ii"}

    def versions(self, packages):
        have = self.installed()
        return {name: have[name] for name in packages if name in have}

    def install_packages(self, wanted):
        self.settle()
        have = self.installed()
        missing = [name for name in wanted if name not in have]
        if not missing:
            return
        self.say(f"installing {len(missing)} Debian packages into the root: {' '.join(missing)[:300]}")
        apt = ["chroot", self.path, "apt-get", "-o", "Acquire::Check-Valid-Until=false"]
        self.run(apt + ["update"], "apt-get update")
        with kernel_mounts(self.path):
            self.run(apt + ["install", "-y", "--no-install-recommends"] + missing, "apt-get install",
                     env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        self.run(apt + ["clean"], "apt-get clean")

    def copy_own(self):
        """The pool, the peers and the workers go into the image: they run from there like any other program."""
        for part in ("pool", "peers", "workers"):
            shutil.copytree(HERE / part, self.path / "opt/corpus" / part, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("__pycache__", "*_test.py"))

    def install_artefact(self, step):
        """One step of `install`: {npm|go|pypi|build = ..., to = path in the root, ...}; done again when older than fresh_hours."""
        target = self.path / step["to"].lstrip("/")
        stamp = self.cache / "stamps" / hashlib.sha256(self.identity(step).encode()).hexdigest()
        if target.exists() and stamp.exists() and time.time() - stamp.stat().st_mtime < step.get("fresh_hours", 1e6) * 3600:
            return
        kind = next(kind for kind in ("npm", "go", "pypi", "build") if kind in step)
        self.say(f"installing {step[kind]} into the root at {step['to']}")
        target.parent.mkdir(parents=True, exist_ok=True)
        getattr(self, "install_" + kind)(step, target)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(json.dumps(step) + "\n")

    def identity(self, step):
        """A build step is done again when a source of ours that it names has changed."""
        text = json.dumps(step, sort_keys=True)
        for name in step.get("sources", ()):
            text += hashlib.sha256((HERE / name).read_bytes()).hexdigest()
        return text

    def install_npm(self, step, target):
        """Takes one file out of the packed package. Nothing of the package is run, neither scripts nor wrapper."""
        work = self.fresh_folder()
        self.run(["npm", "pack", "--silent", "--ignore-scripts", step["npm"]], "npm pack", cwd=work)
        archive = next(work.glob("*.tgz"))
        self.run(["tar", "-xzf", archive, "-C", work, step["file"]], "unpacking")
        check_digest(work / step["file"], step["sha256"])
        shutil.copy(work / step["file"], target)
        target.chmod(0o755)

    def install_go(self, step, target):
        work = self.fresh_folder()
        words = ["go", "install", "-trimpath"] + step.get("flags", []) + [step["go"]]
        self.run(words, "go install", env={**os.environ, "GOBIN": str(work), "GOFLAGS": "-p=1", "CGO_ENABLED": step.get("cgo", "0")})
        shutil.copy(next(work.iterdir()), target)

    def install_pypi(self, step, target):
        self.run(["python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
                  "--python-version", "3.11", "--upgrade", "--target", target] + step["pypi"], "pip install")

    def install_build(self, step, target):
        with kernel_mounts(self.path):
            self.run(["chroot", self.path, "/bin/bash", "-ec", step["build"]], "building")
        if not target.exists():
            raise RootError(f"the build step for {step['to']} made nothing there")

    def fresh_folder(self):
        work = self.cache / "fetch"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        return work


def check_digest(path, expected):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != expected:
        raise RootError(f"{path.name}: sha256 is {digest}, the catalogue says {expected}; not used")


class kernel_mounts:
    """/proc and /sys inside the root while package scripts and build steps run."""

    def __init__(self, root):
        self.root = root

    def __enter__(self):
        for kind, point in (("proc", "proc"), ("sysfs", "sys")):
            subprocess.run(["mount", "-t", kind, kind, self.root / point], check=True)

    def __exit__(self, *_):
        for point in ("proc", "sys"):
            subprocess.run(["umount", "-l", self.root / point], check=False)
