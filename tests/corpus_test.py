#!/usr/bin/env python3
"""End to end: `davy corpus` on a copy of a few committed recordings, each fault planted and named.  corpus_test.py DAVY"""
import hashlib
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


class Case(unittest.TestCase):
    def setUp(self):
        self.corpus = pathlib.Path(tempfile.mkdtemp(prefix="davy-corpus-"))
        self.addCleanup(shutil.rmtree, self.corpus)

    def davy(self, *words, cwd=None, env=None):
        return subprocess.run([DAVY, "corpus", *map(str, words)], capture_output=True, text=True, timeout=120, cwd=cwd or self.corpus, env=env)


class Verify(Case):
    """One honest and one mining program, on two shelves."""

    def setUp(self):
        super().setUp()
        rows = [row for row in json.loads((ROOT / "corpus/recordings/index.json").read_text())["runs"] if row["status"] == "ok"]
        miner = next(row for row in rows if row["label"] == "miner")
        honest = next(row for row in rows if row["label"] == "benign")
        (self.corpus / "catalogue").mkdir()
        for shelf, row in (("recordings", miner), ("sealed", honest)):
            (self.corpus / shelf).mkdir()
            shutil.copy(ROOT / "corpus/recordings" / row["file"], self.corpus / shelf)
            shutil.copy(ROOT / f"corpus/catalogue/{row['program']}.toml", self.corpus / "catalogue")
            row["sha256"] = hashlib.sha256((self.corpus / shelf / row["file"]).read_bytes()).hexdigest()
        self.miner, self.honest = miner, honest
        self.file = self.corpus / "recordings" / miner["file"]
        self.seal(honest["family"])
        self.write()

    def seal(self, *families, candidates=None):
        names = {"miner": [], "benign": families, "trick": []}
        told = {"seed": "s", "share": 1, "sealed": names, "candidates": {**names, "benign": candidates or families}}
        (self.corpus / "holdout.json").write_text(json.dumps(told))

    def write(self):
        for shelf, row in (("recordings", self.miner), ("sealed", self.honest)):
            (self.corpus / shelf / "index.json").write_text(json.dumps({"runs": [row]}))

    def problems(self):
        done = self.davy("verify", "--corpus", self.corpus, "--json")
        *found, last = map(json.loads, done.stdout.splitlines())
        self.assertEqual(done.returncode, 3 if found else 0, done.stderr)
        self.assertEqual(last["problems"], len(found))
        self.last = last
        return [f"{one['file']}: {one['what']}" for one in found]

    def one_problem(self, *said):
        found = self.problems()
        self.assertEqual(len(found), 1, found)
        for words in said:
            self.assertIn(words, found[0])

    def test_a_whole_corpus_is_sound(self):
        self.assertEqual(self.problems(), [])
        self.assertEqual((self.last["verdict"], self.last["recordings"]), ("sound", 2))
        self.assertRegex(self.davy("verify", "--corpus", self.corpus).stdout, r"^2 recordings, 0\.\d MiB: sound\n$")

    def test_a_row_without_a_digest(self):
        del self.miner["sha256"]
        self.write()
        self.one_problem(self.miner["file"], "has no sha256 in index.json")

    def test_a_missing_file(self):
        self.file.unlink()
        self.one_problem(self.miner["file"], "is missing", "davy corpus run")

    def test_an_altered_file_by_both_digests(self):
        data = bytearray(self.file.read_bytes())
        data[len(data) // 2] ^= 1
        self.file.write_bytes(data)
        found = self.problems()
        self.assertEqual(len(found), 2, found)
        self.assertIn("its sha256 is not that of index.json", found[0])
        self.assertIn("damaged", found[1])

    def test_a_file_of_another_schema(self):
        data = bytearray(self.file.read_bytes())
        data[8] = 99
        self.file.write_bytes(data)
        self.one_problem(self.miner["file"], "schema version 99")

    def test_a_header_at_odds_with_the_index(self):
        self.miner["family"] = "elsewhere"
        self.write()
        found = self.problems()
        self.assertEqual(len(found), 2, found)
        self.assertIn("its family is not what index.json says", found[0])
        self.assertIn("index.json says elsewhere", found[1])

    def test_a_second_run_at_odds_with_the_catalogue(self):
        second = {**self.miner, "name": "second", "file": "second.davy", "core": "another"}
        shutil.copy(self.file, self.file.with_name("second.davy"))
        (self.corpus / "recordings/index.json").write_text(json.dumps({"runs": [self.miner, second]}))
        self.assertIn(f"{self.miner['program']}.toml says core {self.miner['core']}, index.json says another", " ".join(self.problems()))

    def test_provenance_at_odds_with_the_index(self):
        self.miner["provenance"]["port"] = 1
        self.write()
        self.one_problem("its port is not what index.json says")

    def test_a_file_without_a_row(self):
        shutil.copy(self.file, self.file.with_name("stray.davy"))
        self.one_problem("stray.davy", "no verified run")

    def test_a_failed_run_has_no_file(self):
        self.miner["status"] = "failed"
        self.write()
        self.one_problem(self.miner["file"], "no verified run")

    def test_a_program_without_a_catalogue_file(self):
        (self.corpus / f"catalogue/{self.miner['program']}.toml").unlink()
        self.one_problem("its program has no", self.miner["program"] + ".toml")

    def test_a_catalogue_that_says_another_label(self):
        path = self.corpus / f"catalogue/{self.miner['program']}.toml"
        path.write_text(path.read_text().replace('label = "miner"', 'label = "benign"'))
        self.one_problem(self.miner["file"], "says label benign", "index.json says miner")

    def test_what_lies_on_the_other_shelf(self):
        self.seal(self.honest["family"], self.miner["family"])
        self.one_problem(self.miner["file"], "is of the hold-out and lies in recordings")
        self.seal()
        self.one_problem(self.honest["file"], "is not of the hold-out and lies in sealed")
        (self.corpus / "holdout.json").write_text("[]")
        self.assertIn("holdout.json: is no hold-out", self.problems()[0])

    def test_a_hold_out_that_was_altered(self):
        self.seal(self.honest["family"], candidates=[self.honest["family"], "another"])
        self.assertIn("holdout.json: does not hold what its rule draws", self.problems()[0])

    def test_an_index_that_is_none(self):
        for text in ("", "[]", '{"runs": [{"status": "ok"}]}'):
            (self.corpus / "sealed/index.json").write_text(text)
            self.one_problem("sealed/index.json", "no index of runs")

    def test_no_corpus_cannot_be_verified(self):
        done = self.davy("verify", "--corpus", self.corpus / "nowhere")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"^davy: .*nowhere: .*--corpus\n$")


class Pack(Case):
    def setUp(self):
        super().setUp()
        source = next((ROOT / "corpus/recordings").glob("*.davy"))
        self.file = self.corpus / "one.davy"
        shutil.copy(source, self.file)

    def scan(self):
        return subprocess.run([DAVY, "scan", self.file, "--json"], capture_output=True, text=True, timeout=120).stdout

    def test_a_packed_recording_is_scanned_alike(self):
        before = self.file.read_bytes()
        scanned = self.scan()
        done = self.davy("pack", self.file)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        size = self.file.stat().st_size
        self.assertEqual(done.stdout, f"{self.file}: {size} bytes, {len(before)} before\n")
        self.assertLessEqual(size, len(before))
        self.assertEqual(self.scan(), scanned)
        self.assertEqual(json.loads(scanned.splitlines()[-1])["type"], "recording")

    def test_what_is_damaged_stays_as_it_is(self):
        damaged = self.file.read_bytes()[:-1]
        self.file.write_bytes(damaged)
        done = self.davy("pack", self.file)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"^davy: .*one\.davy is not whole from byte \d+ on: only a whole recording is packed\n$")
        self.assertEqual(self.file.read_bytes(), damaged)


class Runner(Case):
    """What is handed to corpus/run."""

    def setUp(self):
        super().setUp()
        (self.corpus / "run").write_text("import sys; print(sys.argv[1:]); sys.exit(7)")

    def given(self, *words):
        done = self.davy(*words)
        self.assertEqual(done.returncode, 7, done.stderr)
        return eval(done.stdout)

    def test_running_records_with_this_very_program(self):
        self.assertEqual(self.given("run", "--corpus", self.corpus, "--only", "list", "--jobs", "2"),
                         ["--recorder", os.path.realpath(DAVY), "--only", "list", "--jobs", "2"])

    def test_another_recorder_is_left_as_it_is(self):
        self.assertEqual(self.given("run", "--only", "x", "--recorder", "other", "--corpus", self.corpus), ["--only", "x", "--recorder", "other"])
        self.assertEqual(self.given("run", "--corpus", self.corpus, "--recorder=other"), ["--recorder=other"])

    def test_listing(self):
        self.assertEqual(self.given("list", "--corpus", self.corpus, "--json"), ["--list", "--json"])

    def test_the_folder_beside_is_found(self):
        self.corpus.joinpath("corpus").mkdir()
        shutil.move(self.corpus / "run", self.corpus / "corpus/run")
        self.assertEqual(self.given("list"), ["--list"])

    def test_without_python(self):
        done = self.davy("list", "--corpus", self.corpus, env={"PATH": "/nowhere"})
        self.assertEqual((done.returncode, done.stderr), (1, f"davy: python3 is not installed: the runner {self.corpus}/run needs it\n"))

    def test_without_a_runner(self):
        done = self.davy("list", "--corpus", "/nowhere")
        self.assertEqual((done.returncode, done.stderr), (2, "davy: /nowhere: there is no corpus with run here: name its folder with --corpus\n"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
