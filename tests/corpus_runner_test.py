#!/usr/bin/env python3
"""End to end: a stranger's corpus, recorded in real containers.  corpus_runner_test.py DAVY

A copy of the corpus without recordings gets one program more, by one file; four programs are recorded at a time (a miner of
ours, a job in CI, a server under load, and that one), and programs that cannot be used are named. What was recorded is verified,
and becomes a dataset. Needs root, BPF, runc, debootstrap and Debian's packages; elsewhere it is skipped (exit code 77)."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

DAVY = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = pathlib.Path(tempfile.gettempdir()) / f"davy-corpus-test-{os.getpid()}"   # made when the tests begin
CORPUS = FOLDER / "corpus"
FOUR = ("stratum-scrypt.plain", "git-churn.plain", "redis.plain", "digests.plain")

FILE = """program = "{name}"
family = "{family}"
category = "crypto-cpu"
label = "benign"
source = "legitimate"
likeness = "It hashes, on one thread."
packages = ["{package}"]
command = '''{command}'''
throttled = false
[progress]
pattern = 'hashed'
unit = "megabytes hashed"
"""
GOOD = "while :; do head -c 1000000 /dev/zero | sha256sum >/dev/null && echo hashed; done"


def write(name, family="coreutils", package="coreutils", command=GOOD):
    (CORPUS / "catalogue" / f"{name}.toml").write_text(FILE.format(name=name, family=family, package=package, command=command))


def run(*words, timeout=1200):
    return subprocess.run([DAVY, "corpus", *map(str, words)], text=True, capture_output=True, timeout=timeout, cwd=FOLDER)


def record(*names):
    only = [word for name in names for word in ("--only", name)]
    return run("run", *only, "--runs", 1, "--short", "--seconds", 24, "--jobs", 4, "--cache", FOLDER / "cache")


def rows():
    return {row["program"]: row for row in json.loads((CORPUS / "recordings/index.json").read_text())["runs"]}


def setUpModule():
    FOLDER.mkdir(mode=0o700)
    shutil.copytree(ROOT / "corpus", CORPUS, ignore=shutil.ignore_patterns("recordings", "sealed", "__pycache__"))
    miner = CORPUS / "catalogue/stratum-scrypt.toml"
    # A share every second or so: in a run this short a pause of chance between rarer ones would look like a miner that stopped.
    miner.write_text(miner.read_text().replace("--difficulty 8000", "--difficulty 1000"))
    write("digests")


def tearDownModule():
    shutil.rmtree(FOLDER, ignore_errors=True)


class Corpus(unittest.TestCase):
    """In the order of their names: the second looks at what the first has recorded."""

    def test_1_four_programs_are_recorded_and_verified(self):
        done = record(*FOUR)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("4 recorded and verified, 0 failed", done.stdout)
        found = rows()
        self.assertEqual(sorted(found), sorted(name.split(".")[0] for name in FOUR))
        for row in found.values():
            self.assertEqual(row["status"], "ok", row)
            self.assertTrue(row["work"]["verified"] and row["sha256"] and row["provenance"]["engine"], row)
        again = record(*FOUR)
        self.assertIn("4 already recorded, 0 to do", again.stdout)

    def test_2_what_was_recorded_holds_and_what_is_altered_is_named(self):
        self.assertEqual(run("verify").returncode, 0, run("verify").stdout)
        listed = [json.loads(line) for line in run("list", "--json", "--only", "digests").stdout.splitlines()]
        self.assertEqual([(one["program"], one["runs"], one["label"]) for one in listed], [("digests", 1, "benign")])
        data = subprocess.run([DAVY, "dataset", "build", *CORPUS.glob("recordings/*.davy"), "--out", FOLDER / "four.davyset"], capture_output=True, text=True)
        self.assertEqual(data.returncode, 0, data.stderr)
        altered = CORPUS / "recordings" / rows()["digests"]["file"]
        whole = altered.read_bytes()
        altered.write_bytes(whole[:-40] + b"x" + whole[-39:])
        told = run("verify")
        self.assertEqual(told.returncode, 3, told.stdout)
        self.assertIn(altered.name, told.stdout)
        altered.write_bytes(whole)

    def test_3_what_cannot_be_used_is_named_and_not_used(self):
        write("does-nothing", command="sleep 600")
        write("dies", command="echo hashed; exit 3")
        write("forks-away", command="(while :; do echo hashed; sleep 1; done) >/dev/null 2>&1 & disown; exit 0")
        write("lacks-its-package", package="no-such-package-anywhere")
        write("of-another-family", family="nginx")
        names = ("does-nothing", "dies", "forks-away", "lacks-its-package", "of-another-family")
        done = record(*names)
        told = done.stdout + done.stderr
        self.assertEqual(done.returncode, 1, told)
        for name, words in (("does-nothing", "no megabytes hashed seen"), ("dies", "the program ended after"), ("forks-away", "the program ended after"),
                            ("lacks-its-package", "there is no package no-such-package-anywhere"), ("of-another-family", "its family nginx is no source package")):
            self.assertTrue(any(name in line and words in line for line in told.splitlines()), f"{name}: {words}\n{told}")
        self.assertEqual([path.name for name in names for path in (CORPUS / "recordings").glob(f"{name}.*.davy")], [])
        (CORPUS / "catalogue/dies.toml").write_text((CORPUS / "catalogue/dies.toml").read_text() + "wrong = 1\n")
        broken = run("list")
        self.assertNotEqual(broken.returncode, 0)
        self.assertIn("not used: dies.toml", broken.stderr)
        self.assertIn("digests", broken.stdout)


if __name__ == "__main__":
    if os.geteuid() != 0 or not all(map(shutil.which, ("runc", "debootstrap", "ip"))) or not os.path.exists("/sys/kernel/btf/vmlinux"):
        print("needs root, BPF, runc, debootstrap and iproute2")
        sys.exit(77)
    unittest.main(argv=sys.argv[1:], verbosity=2)
