"""The shared root file system: debootstrap once, then packages and registry artefacts as the catalogue asks.

One root for all programs, so that the image tells nothing about the label. Nothing of it is ever committed.
"""
import fcntl
import filecmp
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

from runner import catalogue

HERE = pathlib.Path(__file__).resolve().parent.parent
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
TOOLS = ("python3", "python3-websockets", "openssl", "procps", "iproute2")   # what the pool, the peers and the workers need
OWN_PARTS = ("pool", "peers", "workers", "tricks", "scenarios")
EXACT = {"npm": r"@?[^@]+@\d+\.\d+\.\d+[\w.+-]*", "go": r"[^@]+@v\d+\.\d+\.\d+[\w.+-]*", "cargo": r"[^@]+@\d+\.\d+\.\d+[\w.+-]*",
         "maven": r"[^:]+:[^:]+:\d[\w.+-]*", "pypi": r"[^=<>~!]+==\d[\w.+!]*"}   # what an `install` step of a registry may name
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>davy</groupId><artifactId>throw-away</artifactId><version>1</version><dependencies>{}</dependencies></project>
"""


class RootError(Exception):
    """The root could not be made; the text says which step failed and where its log is."""


class Root:
    """Shared by all containers of all runners: prepare() leaves a shared lock on it until release() or the end of the process,
    and only who holds the exclusive one changes it."""

    def __init__(self, cache, say=print, stopped=lambda: False):
        self.cache = pathlib.Path(cache)
        self.path = self.cache / "root"
        self.log = self.cache / "build.log"
        self.say = say
        self.stopped = stopped
        self.held = None

    def prepare(self, programs):
        """Installs what `programs` need and is missing. While another runner's containers use the root, waits with that.

        Returns {name of a program: why it cannot be used}, for those whose package does not exist, whose installation failed, or
        whose family is none of its packages'. RootError when the root itself cannot be made.
        """
        self.cache.mkdir(parents=True, exist_ok=True)
        self.held = open(self.cache / "lock", "w")
        self.lock(fcntl.LOCK_SH, "another runner is changing the root file system: waiting until it is done")
        problems = {}
        if not self.complete(programs):
            self.lock(fcntl.LOCK_EX, "something is to be installed into the root file system, but containers of another runner use it: "
                                     "waiting until it has ended")
            problems = self.change(programs)
            self.lock(fcntl.LOCK_SH, "another runner is changing the root file system: waiting until it is done")
        return {**self.contradictions(programs), **problems}

    def release(self):
        """No container of ours uses the root any more."""
        if self.held:
            self.held.close()
        self.held = None

    def lock(self, kind, when_waiting):
        """Not one blocking call: that would go on after a signal."""
        said = False
        while True:
            try:
                return fcntl.flock(self.held, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if not said:
                    self.say(when_waiting)
                said = True
            if self.stopped():
                raise RootError("ended while waiting for the root file system")
            time.sleep(0.2)

    def complete(self, programs):
        """Nothing is to be changed for these."""
        if not (self.path / "etc/debian_version").exists() or not self.own_parts_are_there():
            return False
        have = self.installed()
        return all(name in have for name in self.packages(programs)) and all(map(self.is_installed, self.steps(programs)))

    def change(self, programs):
        """As prepare()."""
        self.make_base()
        self.settle()
        unknown = self.unknown_packages(self.packages(programs))
        problems = {program.program: f"there is no package {name} in Debian {SUITE}" for program in programs for name in program.packages
                    if name in unknown}
        usable = [program for program in programs if program.program not in problems]
        self.install_packages(self.packages(usable))
        self.copy_own()
        failed = {}
        for step in self.steps(usable):
            if not self.is_installed(step):
                try:
                    self.install_artefact(step)
                except RootError as error:
                    self.say(str(error))
                    failed[json.dumps(step, sort_keys=True)] = str(error)
        for program in usable:
            for step in program.install:
                if (key := json.dumps(step, sort_keys=True)) in failed:
                    problems[program.program] = failed[key]
        return problems

    @staticmethod
    def packages(programs):
        return sorted(set(TOOLS).union(*(p.packages for p in programs)))

    @staticmethod
    def steps(programs):
        """Each `install` step once."""
        return list({json.dumps(step, sort_keys=True): step for program in programs for step in program.install}.values())

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

    def apt(self, *words):
        return ["chroot", self.path, "apt-get", "-o", "Acquire::Check-Valid-Until=false", *words]

    def unknown_packages(self, wanted):
        """Those that are neither installed nor to be had."""
        missing = sorted(set(wanted) - set(self.installed()))
        if not missing:
            return set()
        self.run(self.apt("update"), "apt-get update")
        told = subprocess.run(["chroot", self.path, "apt-cache", "policy", *missing], capture_output=True, text=True, check=True).stdout
        known, name = set(), ""
        for line in told.splitlines():
            name = line[:-1] if line and not line[0].isspace() else name
            if line.strip().startswith("Candidate:") and "(none)" not in line:
                known.add(name)
        return set(missing) - known

    def install_packages(self, wanted):
        have = self.installed()
        missing = [name for name in wanted if name not in have]
        if not missing:
            return
        self.say(f"installing {len(missing)} Debian packages into the root: {' '.join(missing)[:300]}")
        with kernel_mounts(self.path):
            self.run(self.apt("install", "-y", "--no-install-recommends") + missing, "apt-get install",
                     env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        self.run(self.apt("clean"), "apt-get clean")

    def origins(self):
        """package -> (its source package, the packages it depends on), of what is installed; virtual packages are left out."""
        told = subprocess.run(["chroot", self.path, "dpkg-query", "-W", "-f", "${Package}\t${source:Package}\t${Depends}, ${Pre-Depends}\n"],
                              capture_output=True, text=True, check=True).stdout
        rows = (line.split("\t") for line in told.splitlines())
        return {name: (source, re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]*)", depends)) for name, source, depends in rows}

    def contradictions(self, programs):
        """Programs from Debian whose family is no source package of theirs, nor of what these need within two steps."""
        if not any(map(of_debian, programs)):
            return {}
        origins = self.origins()
        return {program.program: f"its family {program.family} is no source package of {', '.join(program.packages)}: "
                                 f"they come from {', '.join(sorted(sources_of(program.packages, origins, 0)))}"
                for program in programs if of_debian(program) and program.family not in sources_of(program.packages, origins, 2)}

    def own_parts(self):
        """(source, copy in the root) of each file of the pool, the peers and the workers."""
        for part in OWN_PARTS:
            for source in sorted((HERE / part).rglob("*")):
                if source.is_file() and "__pycache__" not in source.parts and not source.name.endswith("_test.py"):
                    yield source, self.path / "opt/corpus" / source.relative_to(HERE)

    def own_parts_are_there(self):
        return all(copy.exists() and filecmp.cmp(source, copy, shallow=False) for source, copy in self.own_parts())

    def copy_own(self):
        """They go into the image: they run from there like any other program."""
        for source, copy in self.own_parts():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)

    def stamp(self, step):
        return self.cache / "stamps" / hashlib.sha256(self.identity(step).encode()).hexdigest()

    def target(self, step):
        return self.path / step["to"].lstrip("/")

    def is_installed(self, step):
        """And not older than fresh_hours."""
        stamp = self.stamp(step)
        return (self.target(step).exists() and stamp.exists()
                and time.time() - stamp.stat().st_mtime < step.get("fresh_hours", 1e6) * 3600)

    def install_artefact(self, step):
        """One step of `install`: {npm|go|cargo|maven|pypi|build = ..., to = path in the root, ...}."""
        target, stamp = self.target(step), self.stamp(step)
        kind = kind_of(step)
        check_versions(step)
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
        if isinstance(step["npm"], str):
            return self.install_npm_file(step, target)
        return self.install_npm_tree(step, target)

    def install_npm_file(self, step, target):
        """Takes one file out of the packed package. Nothing of the package is run, neither scripts nor wrapper."""
        work = self.fresh_folder()
        self.run(["npm", "pack", "--silent", "--ignore-scripts", step["npm"]], "npm pack", cwd=work)
        archive = next(work.glob("*.tgz"))
        self.run(["tar", "-xzf", archive, "-C", work, step["file"]], "unpacking")
        check_digest(work / step["file"], step["sha256"])
        shutil.copy(work / step["file"], target)
        target.chmod(0o755)

    def install_npm_tree(self, step, target):
        """The packages with their dependencies below node_modules. Install scripts run for those in `rebuild` only."""
        empty(target)
        (target / "package.json").write_text('{"private": true}\n')
        self.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", target] + step["npm"], "npm install", cwd=target)
        if names := step.get("rebuild"):
            self.run(["npm", "rebuild", "--prefix", target] + names, "npm rebuild", cwd=target)

    def install_go(self, step, target):
        """A command as `go install` makes it; with `package` (its folder in the module) as a dependency of a throw-away module, which
        `go install` refuses to build when the module replaces others."""
        work = self.fresh_folder()
        go = {**os.environ, "GOBIN": str(work / "bin"), "GOFLAGS": "-p=1", "CGO_ENABLED": step.get("cgo", "0")}
        flags = ["-trimpath"] + step.get("flags", [])
        if "package" not in step:
            self.run(["go", "install"] + flags + [step["go"]], "go install", env=go)
            shutil.copy(next((work / "bin").iterdir()), target)
            return
        module, version = step["go"].split("@")
        package = os.path.normpath(os.path.join(module, step["package"]))
        self.run(["go", "mod", "init", "throwaway"], "go mod init", env=go, cwd=work)
        for other in step.get("replace", ()):
            self.run(["go", "mod", "edit", "-replace", other], "go mod edit", env=go, cwd=work)
        self.run(["go", "get", f"{package}@{version}"], "go get", env=go, cwd=work)
        self.run(["go", "build"] + flags + ["-o", target, package], "go build", env=go, cwd=work)

    def install_cargo(self, step, target):
        work = self.fresh_folder()
        features = ["--features", ",".join(step["features"])] if step.get("features") else []
        self.run(["cargo", "install", "--locked", "--root", work, "--bin", step["bin"]] + features + [step["cargo"]], "cargo install",
                 env={**os.environ, "CARGO_TARGET_DIR": str(work / "target")})
        shutil.copy(work / "bin" / step["bin"], target)

    def install_maven(self, step, target):
        """The jars and those they need at run time, in one folder: a class path of `TO/*`."""
        empty(target)
        work = self.fresh_folder()
        names = (name.split(":") for name in step["maven"])
        (work / "pom.xml").write_text(POM.format("".join(
            f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
            for group, artifact, version in names)))
        self.run(["mvn", "-q", "-B", "-f", work / "pom.xml", "dependency:copy-dependencies", "-DincludeScope=runtime",
                  f"-DoutputDirectory={target}"], "mvn dependency:copy-dependencies")

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
        empty(work)
        return work


def of_debian(program):
    """Nothing but packages of Debian, and not written by us."""
    return bool(program.packages) and not program.install and program.source == "legitimate"


def sources_of(packages, origins, steps):
    """Source packages of `packages` and of what they need within so many steps."""
    reached = set(packages) & set(origins)
    for _ in range(steps):
        reached |= {name for package in reached for name in origins[package][1] if name in origins}
    return {origins[package][0] for package in reached}


def kind_of(step):
    return next(kind for kind in catalogue.INSTALLERS if kind in step)


def check_versions(step):
    """What comes from a registry is named with one version, or the next root would be another one."""
    kind = kind_of(step)
    named = step[kind] if isinstance(step[kind], list) else [step[kind]]
    for name in named if kind in EXACT else ():
        if not re.fullmatch(EXACT[kind], name):
            raise RootError(f"{name}: an install step names one exact version")


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


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
            if os.path.ismount(self.root / point):  # of a runner that was killed
                continue
            subprocess.run(["mount", "-t", kind, kind, self.root / point], check=True)

    def __exit__(self, *_):
        for point in ("proc", "sys"):
            subprocess.run(["umount", "-l", self.root / point], check=False)
