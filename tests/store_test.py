#!/usr/bin/env python3
"""End to end: what is kept, as an analyst sees and judges it. Usage: store_test.py DAVY KEPT

KEPT is the program of tests/kept.cc, which writes a store with three detections."""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

DAVY, KEPT = map(os.path.abspath, sys.argv[1:3])
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("DAVY_", "SUDO_"))}
DAY = r"\d{4}-\d\d-\d\d \d\d:\d\d"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="davy-store-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = self.folder / "davy.db"
        subprocess.run([KEPT, self.store], check=True)

    def davy(self, *words, env=None, store=None):
        """Runs davy to its end; never lets a crash, nor a byte that a terminal would obey, pass."""
        named = {**CLEAN, "DAVY_STORE": str(store or self.store), "DAVY_CONFIG": "/dev/null", **(env or {})}
        done = subprocess.run([DAVY, *map(str, words)], env=named, capture_output=True, timeout=60, cwd=self.folder)
        self.assertIn(done.returncode, range(4), done.stderr)
        for stream in (done.stdout, done.stderr):
            self.assertNotRegex(stream, rb"[\x00-\x09\x0b-\x1f\x7f]")
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def fine(self, *words, **options):
        done = self.davy(*words, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def refused(self, code, *parts_and_words, **options):
        """One clear line that holds `parts_and_words[0]`."""
        done = self.davy(*parts_and_words[1:], **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, r"\Adavy: [^\n]+\n\Z")
        self.assertIn(parts_and_words[0], done.stderr)

    def objects(self, *words):
        return [json.loads(line) for line in self.fine(*words, "--json").splitlines()]


class Explain(Case):
    def test_it_says_why_in_80_columns(self):
        told = self.fine("explain", "ab12000000000001")
        self.assertLessEqual(max(map(len, told.splitlines())), 80)
        flat = " ".join(told.split())
        for words in ("computing: 96 % of the CPU time it may use", "it is most like the miner dig\\x1b[1mger (83 %), and of honest ones like simulator (21 %)",
                      "below the threshold if as in ordinary programs: memory and rounding mode (then 0.31)",
                      "between 62 and 98 %", "4242 x\\x1b[2J\\xff 1.50 CPUs, talks".replace("\\xff", "\ufffd"), "port 3333", "and 2 more", "(0.50 alerts, at the bar)",
                      "prove nothing", "davy verdict ab120000"):
            self.assertIn(words, flat)
        rows = [line for line in told.splitlines() if line.strip().endswith("#") or "|" in line and " s  " in line]
        self.assertEqual(len(rows), 12, told)
        self.assertIn("      0 s     0.00      0.00  ", rows[0])
        self.assertIn("    390 s     0.97      0.97  ", rows[-1])

    def test_as_one_object(self):
        told, = self.objects("explain", "ab12000000000001")
        self.assertEqual(told["type"], "explanation")
        self.assertEqual(told["otherwise"], {"groups": ["memory", "rounding mode"], "score": 0.31})
        self.assertEqual(told["nearest_honest"], {"program": "simulator", "family": "science", "likeness": 0.21})
        self.assertEqual((len(told["timeline"]), told["timeline"][1]), (40, [10, 0.025, 0.025]))

    def test_what_an_older_davy_kept_is_told_as_far_as_it_goes(self):
        with sqlite3.connect(self.store) as store:
            report, = store.execute("SELECT report FROM detections WHERE id = 'ab12000000000001'").fetchone()
            older = {key: value for key, value in json.loads(report).items() if key not in ("nearest_miner", "nearest_honest", "otherwise", "timeline", "parts")}
            older["connections"] = ["odd", {"address": 7}]
            store.execute("UPDATE detections SET report = ? WHERE id = 'ab12000000000001'", (json.dumps(older),))
        told = self.fine("explain", "ab12000000000001")
        self.assertIn("96 % of the CPU time", told)
        self.assertNotIn("most like", told)
        self.assertIsNone(self.objects("explain", "ab12000000000001")[0]["timeline"])

    def test_bad_use_is_one_line(self):
        self.refused(2, "ID is required", "explain")
        self.refused(2, "ffff", "explain", "ffff")
        self.refused(2, "give more digits", "explain", "ab12")
        self.refused(2, "there is no store", "explain", "ab12", store=self.folder / "none.db")

    def test_a_report_that_somebody_made_up_breaks_nothing(self):
        with sqlite3.connect(self.store) as store:
            report, = store.execute("SELECT report FROM detections WHERE id = 'ab12000000000001'").fetchone()
        deep = "[" * 100_000 + "]" * 100_000
        for key, made_up in (("connections", f'[{{"a":{deep}}}]'), ("timeline", deep), ("timeline", "[[1e300,1e300,-1],[0,0.5,7],3,[1]]"),
                             ("nearest_miner", '{"program":"' + 5000 * "x" + '","likeness":1e300}'), ("score_low", "-1e300"), ("otherwise", '{"groups":7,"score":"x"}'),
                             ("parts", '[{"pid":1e300,"cpus":-1e300,"comm":7}, 1]')):
            text = json.dumps({**json.loads(report), key: "@"}).replace('"@"', made_up)
            with sqlite3.connect(self.store) as store:
                store.execute("UPDATE detections SET report = ? WHERE id = 'ab12000000000001'", (text,))
            self.assertLessEqual(max(map(len, self.fine("explain", "ab12000000000001").splitlines())), 80, key)
            for words in (("explain", "ab12000000000001"), ("detections",)):
                self.assertTrue(self.objects(*words), key)


class Detections(Case):
    def test_a_table_of_80_columns_newest_first(self):
        lines = self.fine("detections").splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertRegex(lines[1], rf"^ab120000  open    {DAY}   0\.91  registry\.example/team/x")
        self.assertRegex(lines[2], rf"^cd340000  open    {DAY}   0\.91  reg/\[evil\]\*:\\x1b\[31m")
        self.assertRegex(lines[3], rf"^ab120000  closed  {DAY}   0\.91  bench$")

    def test_json_lines_are_the_reports_with_what_was_said(self):
        newest, evil, _ = self.objects("detections")
        self.assertEqual((newest["type"], newest["id"], newest["host"]), ("detection", "ab12000000000001", "edge-7"))
        self.assertEqual((newest["verdict"], newest["allowed_by"]), (None, None))
        self.assertEqual(evil["workload"]["image"], "reg/[evil]*:\x1b[31m")
        self.fine("verdict", "ab12000000000001", "miner", "--why", "a pool", "--who", "ann")
        self.assertEqual(self.objects("detections")[0]["verdict"], "miner")
        self.assertIn("  miner", self.fine("detections").splitlines()[1])

    def test_filters(self):
        ids = lambda *words: [one["id"][-1] for one in self.objects("detections", *words)]
        self.assertEqual(ids("--open"), ["1", "3"])
        self.assertEqual(ids("--closed"), ["2"])
        self.assertEqual(ids("--since", "7d"), ["1"])
        self.assertEqual(ids("--since", "2020-01-01"), ["1", "3", "2"])
        self.assertEqual(ids("--since", "2020-01-01T00:00:00Z", "--limit", "2"), ["1", "3"])
        self.assertEqual(ids("--image", "registry.example/*"), ["1"])
        self.refused(2, "neither a time span", "detections", "--since", "yesterday")
        self.refused(2, "--closed", "detections", "--open", "--closed")

    def test_the_whole_of_one(self):
        text = " ".join(self.fine("detections", "ab12000000000001").split())
        for part in ("detection ab12000000000001 on edge-7", "MINES docker cccccccccccc score 0.91 (alert at 0.50)",
                     "x\\x1b[2J? (4242)", "image registry.example/team/x:1.2", "+ computing: 96 % of the CPU",
                     "- libraries: uses a browser's", "not evaluated: arguments of calls", "No verdict yet"):
            self.assertIn(part, text)
        closed = self.fine("detections", "ab12000000000002")
        self.assertRegex(closed, rf"closed  {DAY} UTC: every process seen in it has ended")
        self.assertEqual(self.objects("detections", "cd34")[0]["id"], "cd34000000000003")

    def test_a_beginning_that_several_have(self):
        self.refused(2, "ab12 may be any of ab12000000000001, ab12000000000002", "detections", "ab12")
        self.refused(2, "there is no detection", "detections", "ffff")
        self.refused(2, "first 4 or more digits", "detections", "ab1")

    def test_no_store_is_said(self):
        self.refused(2, "no.db: there is no store here yet", "detections", store=self.folder / "no.db")
        self.assertFalse((self.folder / "no.db").exists())

    def test_the_store_may_stand_in_the_configuration(self):
        settings = self.folder / "davy.toml"
        settings.write_text(f'store = "{self.store}"\n[detections]\nlimit = 1\n')
        done = subprocess.run([DAVY, "detections", "--json", "--config", settings], env=CLEAN, capture_output=True, text=True)
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 1), done.stderr)


class Verdicts(Case):
    def test_the_newest_counts_and_all_stay(self):
        self.assertIn("miner, by ann", self.fine("verdict", "cd34", "miner", "--why", "a pool", "--who", "ann"))
        self.fine("verdict", "cd34", "allowed", "--why", "ours after all", env={"SUDO_USER": "bob"})
        first, second = self.objects("verdict", "--list", "cd34")
        self.assertEqual((first["verdict"], first["who"], first["why"]), ("allowed-here", "bob", "ours after all"))
        self.assertEqual((second["verdict"], second["who"]), ("miner", "ann"))
        self.assertIn("allowed-here, by bob: ours after all", self.fine("detections", "cd34"))
        self.assertRegex(self.fine("verdict", "--list", "cd34"), rf"^  {DAY} UTC, allowed-here, by bob")

    def test_what_says_too_little_is_refused(self):
        self.refused(2, "--why is missing", "verdict", "cd34", "miner")
        self.refused(2, "must not be blank", "verdict", "cd34", "miner", "--why", " ")
        self.refused(2, "control characters", "verdict", "cd34", "miner", "--why", "x\x1b[2J")
        self.refused(2, "is no verdict", "verdict", "cd34", "maybe", "--why", "x")
        self.refused(2, "which?", "verdict", "cd34", "--why", "x")
        self.refused(2, "there is no detection", "verdict", "ffff", "miner", "--why", "x")
        self.assertEqual(self.objects("verdict", "--list", "cd34"), [])

    def test_a_slip_in_the_name_makes_no_store(self):
        self.refused(2, "there is no store here yet", "verdict", "cd34", "miner", "--why", "x", store=self.folder / "no.db")
        self.assertFalse((self.folder / "no.db").exists())


class Allow(Case):
    SAID = ("--owner", "team-x", "--reason", "a benchmark")

    def test_made_listed_revoked(self):
        made = self.fine("allow", "--image", "registry.example/x:*", *self.SAID, "--for", "30d", "--who", "ann")
        self.assertRegex(made, rf"^allow entry 1: image registry\.example/x:\*; until {DAY} UTC, owner team-x\n$")
        entry, = self.objects("allow", "--list")
        self.assertEqual((entry["id"], entry["image"], entry["exe"], entry["created_by"]), (1, "registry.example/x:*", None, "ann"))
        self.assertTrue(entry["in_force"])
        listed = self.fine("allow", "--list")
        self.assertIn("a benchmark", listed)
        self.assertLessEqual(max(map(len, listed.splitlines())), 80)
        self.refused(2, "--why is missing", "allow", "--revoke", "1")
        self.fine("allow", "--revoke", "1", "--why", "a miner after all", "--who", "bob")
        self.assertEqual(self.objects("allow", "--list"), [])
        entry, = self.objects("allow", "--list", "--all")
        self.assertEqual((entry["revoked"]["who"], entry["revoked"]["why"]), ("bob", "a miner after all"))
        self.assertIn("revoked", self.fine("allow", "--list", "--all"))
        self.refused(2, "has been revoked before", "allow", "--revoke", "1", "--why", "x")
        self.refused(2, "there is no allow entry 9", "allow", "--revoke", "9", "--why", "x")

    def test_from_a_detection_names_just_that(self):
        self.fine("allow", "--from-detection", "cd34", *self.SAID, "--for", "2w")
        entry, = self.objects("allow", "--list")
        self.assertEqual(entry["exe_sha256"], "5" * 64)
        self.assertEqual(entry["image"], "reg/\\[evil\\]\\*:\x1b\\[31m", "a hostile name stays a name")
        self.assertIn("\\x1b\\[31m", self.fine("allow", "--list"))
        self.refused(2, "neither program nor image", "allow", "--from-detection", "ab12000000000002", *self.SAID, "--for", "1d")

    def test_what_would_allow_too_much_is_refused(self):
        for words in ((), ("--image", "*"), ("--image", "*", "--host", "**"), ("--workload", "/*")):
            self.refused(2, "everything", "allow", *words, *self.SAID, "--for", "1d")
        self.refused(2, "no entry holds for ever", "allow", "--image", "x", *self.SAID)
        self.refused(2, "366 days at most", "allow", "--image", "x", *self.SAID, "--for", "367d")
        self.refused(2, "is past", "allow", "--image", "x", *self.SAID, "--until", "2020-01-01")
        self.refused(2, "owner must not be blank", "allow", "--image", "x", "--reason", "y", "--for", "1d")
        self.refused(2, "reason must not be blank", "allow", "--image", "x", "--owner", "y", "--for", "1d")
        self.refused(2, "is no time span", "allow", "--image", "x", *self.SAID, "--for", "soon")
        self.assertEqual(self.objects("allow", "--list", "--all"), [])

    def test_says_what_a_name_alone_is_worth(self):
        done = self.davy("allow", "--comm", "bench", *self.SAID, "--for", "1d")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"\Adavy: a program can call itself so")

    def test_makes_the_store_when_it_is_the_first(self):
        first = self.folder / "new" / "davy.db"
        self.fine("allow", "--image", "x", *self.SAID, "--for", "1d", store=first)
        self.assertEqual((first.parent.stat().st_mode & 0o777, first.stat().st_mode & 0o777), (0o700, 0o600))


class Store(Case):
    def test_check_backup_prune(self):
        self.assertEqual(self.fine("store", "check"), f"{self.store}: whole\n")
        self.fine("store", "backup", "copy.db")
        self.assertIn("1 closed detections", self.fine("store", "prune", "--keep-days", "9"))
        self.assertEqual(len(self.objects("detections")), 2)
        copy = self.folder / "copy.db"
        self.assertEqual(len(self.fine("detections", "--json", "--store", copy).splitlines()), 3)
        self.fine("store", "check", "--store", copy)

    def test_verdicts_outlive_their_detection(self):
        self.fine("verdict", "ab12000000000002", "not-miner", "--why", "a benchmark")
        self.fine("store", "prune", "--keep-days", "1")
        self.assertEqual(len(self.objects("verdict", "--list", "ab12000000000002")), 1)

    def test_damage_is_one_line(self):
        self.store.write_bytes(b"x" * 10000)
        for words in (("store", "check"), ("detections",), ("verdict", "--list", "abcd")):
            self.refused(2, "is not a database", *words)


class Examples(Case):
    def test_help_shows_them(self):
        for command in ("detections", "verdict", "allow", "store", "store check", "store backup", "store prune"):
            text = self.fine(*command.split(), "--help")
            self.assertRegex(text, rf"Examples:\n  sudo {re.escape(DAVY)} {command}", command)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
