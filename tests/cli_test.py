#!/usr/bin/env python3
"""End to end: scan, watch and record as an operator calls them. Usage: cli_test.py DAVY STAGE [unittest arguments].

STAGE is the program of tests/stage.cc that writes recordings of made-up processes and a model for them."""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

DAVY, STAGE = map(os.path.abspath, sys.argv[1:3])
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="davy-cli-"))
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("DAVY_", "SUDO_"))} | {"DAVY_STORE": "none"}
PROMISED = {"type", "state", "id", "time", "first_seen", "alerted", "host", "workload", "process", "connections",
            "coverage", "score", "score_low", "score_high", "threshold", "release", "base", "reasons_in", "reasons"}
RFC3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def setUpModule():
    subprocess.run([STAGE, FOLDER], check=True)
    FOLDER.chmod(0o755)


def tearDownModule():
    shutil.rmtree(FOLDER)


def davy(*words, env=None, timeout=60, **options):
    """Runs davy to its end; never lets a crash pass for an exit code."""
    done = subprocess.run([DAVY, *map(str, words)], env={**CLEAN, **(env or {})}, text=True, timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=FOLDER, **options)
    if done.returncode < 0 or done.returncode > 3:
        raise AssertionError(f"{words}: ended with {done.returncode}: {done.stderr}")
    return done


def scan(*words, **options):
    return davy("scan", "--model", "model.davym", *words, **options)


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def of_type(kind, text):
    return [line for line in lines_of(text) if line["type"] == kind]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Case(unittest.TestCase):
    def one_clear_line(self, done, code, *parts):
        """Exit code, and exactly one line on standard error that holds each part."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("davy: "), done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)


class Help(Case):
    """What help shows as an example can be typed as it stands."""
    ROOT = pathlib.Path(__file__).resolve().parent.parent

    def examples(self, program):
        for command in ("watch", "record", "scan", "corpus run", "corpus list", "corpus verify", "corpus pack", "dataset build", "dataset audit",
                        "dataset show", "train", "evaluate", "threshold", "detections", "verdict", "allow", "alert", "alert test", "store", "store check",
                        "store backup", "store prune", "export", "features", "doctor"):
            done = subprocess.run([program, *command.split(), "--help"], env=CLEAN, text=True, cwd=self.ROOT,
                                  stdout=subprocess.PIPE, timeout=60, check=True)
            _, examples, text = done.stdout.partition("Examples:\n")
            self.assertTrue(examples, command)
            for line in text.strip().splitlines():
                yield command, line.strip()

    def test_examples_name_the_program_as_it_was_called(self):
        called = os.path.relpath(DAVY, self.ROOT)
        for command, line in self.examples(f"./{called}"):
            self.assertRegex(line, rf"^(sudo )?\./{re.escape(called)} {command} ?")

    def test_files_of_the_checkout_in_examples_are_there(self):
        seen = 0
        for _, line in self.examples(DAVY):
            for word in line.split():
                if word.startswith(("corpus/", "models/")):
                    seen += 1
                    self.assertTrue(list(self.ROOT.glob(word)), line)
        self.assertGreater(seen, 2)


class Scan(Case):
    def test_finds_the_miner_and_says_when(self):
        done = scan("--json", "miner.davy")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stderr, "")
        recording = of_type("recording", done.stdout)[0]
        self.assertTrue(recording["alerted"])
        self.assertEqual(recording["label"], "miner")
        self.assertLessEqual(recording["seconds"], 60)
        self.assertAlmostEqual(recording["seconds_since_first_hash"], recording["seconds"] - 12, places=3)

    def test_as_if_started_later(self):
        recording = of_type("recording", scan("--json", "--late", "50", "miner.davy").stdout)[0]
        self.assertTrue(recording["alerted"])
        self.assertLessEqual(recording["seconds"], 60)
        self.assertEqual(recording["seconds"], recording["seconds_since_first_hash"], "both from when it was first seen")
        nothing = of_type("recording", scan("--json", "--late", "5000", "miner.davy").stdout)[0]
        self.assertFalse(nothing["alerted"])

    def test_an_index_that_is_none_is_passed_over(self):
        for text in ('{"runs": [{"file": 7}]}', '{"runs": [{"file": "nohash.davy", "started": 1e300, "work": {"first_work": 1}}]}',
                     '{"runs": [{"file": "nohash.davy", "started": 1, "work": []}]}', "[" * 5000):
            (FOLDER / "index.json").write_text(text)
            done = scan("--json", "nohash.davy")
            (FOLDER / "index.json").unlink()
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIsNone(of_type("recording", done.stdout)[0]["seconds_since_first_hash"])

    def test_detections_keep_the_contract(self):
        detections = of_type("detection", scan("--json", "miner.davy").stdout)
        self.assertEqual(detections[0]["state"], "opened")
        self.assertEqual(len({one["id"] for one in detections}), 1)
        for one in detections:
            self.assertLessEqual(PROMISED, one.keys())
            for key in ("time", "first_seen", "alerted"):
                self.assertRegex(one[key], RFC3339)
            self.assertRegex(one["process"]["start"], RFC3339)
            self.assertIsInstance(one["process"]["pid"], int)
            self.assertLessEqual({"pid", "comm", "exe", "exe_sha256", "start", "parents"}, one["process"].keys())
            self.assertLessEqual({"id", "container", "image"}, one["workload"].keys())
            self.assertIsNone(one["score_low"])
            self.assertGreaterEqual(one["score"], one["threshold"])
            self.assertRegex(one["release"], "^[0-9a-f]{64}$")
            self.assertTrue(one["reasons"])
            for reason in one["reasons"]:
                self.assertEqual({"group", "contribution", "text"}, reason.keys())
                self.assertNotIn("proof", reason["text"])

    def test_an_honest_recording_is_quiet(self):
        done = scan("honest.davy")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("MINER", done.stdout)

    def test_the_table_fits_eighty_columns_and_sums_up(self):
        done = scan("miner.davy", "honest.davy", "host.davy")
        self.assertEqual(done.returncode, 3)
        self.assertIn("1 of 1 miners alerted, 0 of 1 honest programs alerted", done.stdout)
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_a_single_recording_comes_with_reasons(self):
        text = scan("miner.davy").stdout
        self.assertRegex(text, r"MINES .* score 0\.\d\d \(alert at 0\.50\)")
        self.assertIn("  + ", text)

    def test_only_the_miner_of_a_busy_host_is_found(self):
        opened = [one for one in of_type("detection", scan("--json", "host.davy").stdout) if one["state"] == "opened"]
        self.assertEqual([one["process"]["pid"] for one in opened], [100])

    def test_windows_print_every_score_and_feature(self):
        windows = of_type("window", scan("--json", "--windows", "miner.davy").stdout)
        self.assertGreaterEqual(len(windows), 20)
        for window in windows:
            self.assertGreaterEqual(len(window["features"]), 60)
            self.assertTrue(0 <= window["score"] <= 1)
        self.assertIn("age 60 s", scan("--windows", "miner.davy").stdout)

    def test_bad_files_are_one_line_each_and_the_others_are_scanned(self):
        (FOLDER / "foreign.davy").write_bytes(b"PK\3\4 not a recording at all")
        (FOLDER / "empty.davy").write_bytes(b"")
        self.one_clear_line(scan("nowhere.davy"), 2, "nowhere.davy")
        self.one_clear_line(scan("foreign.davy"), 2, "foreign.davy")
        self.one_clear_line(scan("empty.davy"), 2, "empty.davy")
        self.one_clear_line(scan(FOLDER), 2)
        done = scan("foreign.davy", "miner.davy")
        self.one_clear_line(done, 2, "foreign.davy")
        self.assertIn("MINER", done.stdout)

    def test_a_truncated_recording_gives_what_is_whole(self):
        whole = (FOLDER / "miner.davy").read_bytes()
        (FOLDER / "short.davy").write_bytes(whole[:len(whole) * 3 // 4])
        done = scan("--json", "short.davy")
        self.assertEqual(done.returncode, 3)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("short.davy", done.stderr)
        self.assertTrue(of_type("recording", done.stdout)[0]["warning"])

    def test_bad_models_are_refused(self):
        (FOLDER / "broken.davym").write_bytes((FOLDER / "model.davym").read_bytes()[:-9])
        self.one_clear_line(davy("scan", "--model", "other.davym", "miner.davy"), 2, "other.davym", "schema")
        self.one_clear_line(davy("scan", "--model", "broken.davym", "miner.davy"), 2, "broken.davym")
        self.one_clear_line(davy("scan", "--model", "nowhere.davym", "miner.davy"), 2, "nowhere.davym")

    def test_bad_use_is_one_line_that_points_to_help(self):
        self.one_clear_line(scan("--no-such-flag", "miner.davy"), 2, "--no-such-flag", "davy scan --help")
        self.one_clear_line(scan(), 2, "davy scan --help")
        self.one_clear_line(davy("burn"), 2, "davy --help")
        self.assertEqual(davy("scan", "--help").returncode, 0)

    def test_a_reader_that_goes_away_is_no_crash(self):
        process = subprocess.Popen([DAVY, "scan", "--model", "model.davym", "--json", "--windows", "host.davy"],
                                   cwd=FOLDER, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertIn(process.wait(60), (0, 1, 3, -signal.SIGPIPE))
        process.stderr.close()

    def test_results_that_cannot_be_written_are_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([DAVY, "scan", "--model", "model.davym", "miner.davy"], cwd=FOLDER, env=CLEAN, text=True,
                                  stdout=full, stderr=subprocess.PIPE)
        self.one_clear_line(done, 1, "No space left")


@contextlib.contextmanager
def replaying(*words, env=None, stdout=subprocess.PIPE):
    """A running `davy watch --replay`, ended when left."""
    process = subprocess.Popen([DAVY, "watch", "--model", "model.davym", *map(str, words)], cwd=FOLDER,
                               env={**CLEAN, **(env or {})}, stdout=stdout, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def get(url, patience=20):
    """The body as soon as the server answers."""
    end = time.time() + patience
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            if time.time() > end:
                raise
            time.sleep(0.1)


class Watch(Case):
    def watch(self, *words, **options):
        return davy("watch", "--model", "model.davym", *words, **options)

    def test_a_replay_detects_what_scan_detects(self):
        scanned = of_type("detection", scan("--json", "host.davy").stdout)
        done = self.watch("--replay", "host.davy", "--speed", 0, "--listen", "none", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        for one in scanned:
            del one["file"]
        self.assertEqual(of_type("detection", done.stdout), scanned)
        health = of_type("health", done.stdout)
        self.assertTrue(health)
        for line in health:
            self.assertLessEqual({"time", "not_seen", "counters", "rung", "armed"}, line.keys())

    def test_into_a_pipe_lines_are_appended_without_escapes(self):
        done = self.watch("--replay", "host.davy", "--speed", 0, "--listen", "none", env={"TERM": "xterm-256color"})
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("MINES"), 1)
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def on_terminal(self, env):
        """What a terminal of 80 columns is sent."""
        master, slave = pty.openpty()
        with replaying("--replay", "host.davy", "--speed", "0", "--listen", "none", env=env, stdout=slave) as process:
            os.close(slave)
            text = b""
            while select.select([master], [], [], 20)[0]:
                try:
                    text += os.read(master, 65536)
                except OSError:
                    break
            self.assertEqual(process.wait(20), 0)
        os.close(master)
        return text.decode()

    def test_on_a_terminal_a_table_is_drawn_in_colour(self):
        text = self.on_terminal({"TERM": "xterm"})
        self.assertIn("\x1b[1;31m", text)
        self.assertIn("SCORE", text)

    def test_no_color_is_obeyed(self):
        text = self.on_terminal({"TERM": "xterm", "NO_COLOR": "1"})
        self.assertNotRegex(text, r"\x1b\[[0-9;]*m")
        shown = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
        for line in shown.replace("\r", "").splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_the_page_is_served_and_sigterm_ends_calmly(self):
        port = free_port()
        with replaying("--replay", "host.davy", "--speed", "0", "--json", "--listen", f"127.0.0.1:{port}") as process:
            self.assertIn("<html", get(f"http://127.0.0.1:{port}/").lower())
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0, err)
        self.assertNotIn("closed", {one.get("state") for one in lines_of(out)})

    def test_port_in_use_is_one_clear_line(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = self.watch("--replay", "host.davy", "--listen", address)
        self.one_clear_line(done, 1, address)

    def test_bad_addresses_are_refused(self):
        for address in ("nonsense", "0.0.0.0:7979", "127.0.0.1:99999"):
            self.one_clear_line(self.watch("--replay", "host.davy", "--listen", address), 2, address)

    def test_a_bad_recording_or_model_is_one_clear_line(self):
        (FOLDER / "foreign2.davy").write_bytes(b"\x7fELF")
        self.one_clear_line(self.watch("--replay", "foreign2.davy", "--listen", "none"), 2, "foreign2.davy")
        self.one_clear_line(self.watch("--replay", "nowhere.davy", "--listen", "none"), 2, "nowhere.davy")
        done = davy("watch", "--model", "other.davym", "--replay", "host.davy", "--listen", "none")
        self.one_clear_line(done, 2, "other.davym", "schema")

    def test_it_outlives_whoever_reads_its_lines(self):
        with replaying("--replay", "host.davy", "--speed", "100", "--json", "--listen", "none") as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.wait(30), 0)
            process.stdout = None

    def test_whoever_does_not_read_holds_nothing_up(self):
        port = free_port()
        for kind in ("--json", None):
            readers = [os.pipe(), os.pipe()]
            for reader in readers:
                fcntl.fcntl(reader[1], fcntl.F_SETPIPE_SZ, 4096)
            os.write(readers[1][1], b"x" * 4096)  # standard error is full already
            words = ["--replay", "host.davy", "--speed", 50, "--listen", f"127.0.0.1:{port}", *filter(None, [kind])]
            process = subprocess.Popen([DAVY, "watch", "--model", "model.davym", *map(str, words)], cwd=FOLDER,
                                       env=CLEAN, stdout=readers[0][1], stderr=readers[1][1])
            try:
                url = f"http://127.0.0.1:{port}/api/v1/health"
                end = time.time() + 30
                while json.loads(get(url))["version"] < 30 and time.time() < end:
                    time.sleep(0.2)
                self.assertEqual(json.loads(get(url))["version"], 30, "it did not detect to the end")
                self.assertTrue(json.loads(get(f"http://127.0.0.1:{port}/api/v1/detections"))["open"])
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(10), 0)
            finally:
                process.kill()
                process.wait()
                for reader in readers:
                    os.close(reader[0]), os.close(reader[1])

    def test_seconds_end_it(self):
        began = time.time()
        done = self.watch("--replay", "host.davy", "--speed", 1, "--seconds", 1, "--listen", "none")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(time.time() - began, 8)


class Settings(Case):
    """File, then DAVY_* variables, then flags: the later wins. Told by where the page is said to be."""

    def page(self, *flags, env=None, text=None):
        path = FOLDER / "davy.toml"
        path.write_text(text or "")
        done = davy("watch", "--config", path, "--replay", "miner.davy", "--speed", 0, "--seconds", 0.2, *flags, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.search(r"page http://127\.0\.0\.1:(\d+)|no page", done.stderr).group(1)

    def test_the_later_wins(self):
        ports = [str(free_port()) for _ in range(3)]
        file = f'model = "model.davym"\n[watch]\nlisten = "127.0.0.1:{ports[0]}"\n'
        self.assertEqual(self.page(text=file), ports[0])
        variable = {"DAVY_LISTEN": f"127.0.0.1:{ports[1]}"}
        self.assertEqual(self.page(text=file, env=variable), ports[1])
        self.assertEqual(self.page("--listen", f"127.0.0.1:{ports[2]}", text=file, env=variable), ports[2])
        self.assertIsNone(self.page("--listen", "none", text=file, env=variable))

    def fault(self, text):
        (FOLDER / "bad.toml").write_text(text)
        return davy("watch", "--config", "bad.toml", "--replay", "miner.davy")

    def test_mistakes_in_the_file_are_named(self):
        self.one_clear_line(self.fault("[watch]\nlisen = 'none'\n"), 2, "bad.toml", "lisen")
        self.one_clear_line(self.fault("[watch\n"), 2, "bad.toml:1")
        self.one_clear_line(self.fault("[watch]\nseconds = 'soon'\n"), 2, "bad.toml", "seconds")
        self.one_clear_line(davy("watch", "--config", "nowhere.toml"), 2, "nowhere.toml")

    def test_what_no_command_knows_is_a_mistake(self):
        self.one_clear_line(self.fault("modle = 'x'\n"), 2, "bad.toml", "modle")
        self.one_clear_line(self.fault("[wacth]\nno-argv = true\n"), 2, "bad.toml", "wacth")
        self.one_clear_line(self.fault("[watch.more]\nno-argv = true\n"), 2, "bad.toml", "more")
        self.one_clear_line(self.fault("watch = true\n"), 2, "bad.toml", "watch")
        self.one_clear_line(self.fault("config = 'other.toml'\n"), 2, "bad.toml", "config")
        self.one_clear_line(self.fault("[scan]\nno-argv = true\n"), 2, "bad.toml", "no-argv", "davy scan")
        self.one_clear_line(self.fault("[dataset]\nout = 'x'\n"), 2, "bad.toml", "dataset")

    def test_what_another_command_knows_is_none(self):
        text = 'model = "model.davym"\nlisten = "none"\nlabel = "miner"\n[record]\nout = "x.davy"\n[scan]\nmodel = "x"\n'
        self.assertIsNone(self.page(text=text))


def state_of(pid):
    """R, S, D, Z and so on as /proc says it; None when there is no such process (any more)."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def start_record(*words, env=None):
    return subprocess.Popen([DAVY, "record", "--rung", "proc", *map(str, words)], cwd=FOLDER, env={**CLEAN, **(env or {})},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


BUSY = "import time,os\nend=time.time()+{0}\nif os.fork()==0:\n while time.time()<end: pass\n os._exit(0)\nos.wait()\nraise SystemExit({1})"


class Record(Case):
    """On the lowest rung, which needs no privilege: what is tested is the command, not the collector."""

    def processes_in(self, name):
        done = scan("--json", "--windows", name)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return {window["process"]["comm"] for window in of_type("window", done.stdout) if window["process"]}

    def test_a_command_and_what_it_starts(self):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
            script.write(BUSY.format(11, 7))
            script.flush()
            os.chmod(script.name, 0o644)
            noise = subprocess.Popen(["sh", "-c", "while :; do :; done"])
            try:
                recording = start_record("--out", "command.davy", "--label", "benign", "--program", "spin", "--family",
                                         "spin", "--meta", "quota=none", "--", sys.executable, script.name)
                out, err = recording.communicate(timeout=60)
            finally:
                noise.kill()
                noise.wait()
        self.assertEqual(recording.returncode, 0, err)
        self.assertIn("exit code 7", err)
        self.assertEqual(out, "")
        self.assertEqual({comm[:6] for comm in self.processes_in("command.davy")}, {"python"})
        row = of_type("recording", scan("--json", "command.davy").stdout)[0]
        self.assertEqual((row["label"], row["program"]), ("benign", "spin"))

    def test_kill_minus_nine_leaves_a_readable_file(self):
        recording = start_record("--out", "killed.davy")
        noise = subprocess.Popen(["sh", "-c", "while :; do :; done"])
        try:
            time.sleep(22)
            recording.kill()
            recording.communicate()
        finally:
            noise.kill()
            noise.wait()
        done = scan("--json", "killed.davy")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("sh", self.processes_in("killed.davy"))

    def test_sigterm_finishes_the_file(self):
        recording = start_record("--out", "ended.davy")
        time.sleep(12)
        recording.send_signal(signal.SIGTERM)
        _, err = recording.communicate(timeout=30)
        self.assertEqual(recording.returncode, 0, err)
        self.assertRegex(err, r"Recorded \d+ slices")
        self.assertEqual(scan("ended.davy").stderr, "")

    def test_a_command_dies_with_its_recorder(self):
        recording = start_record("--out", "orphan.davy", "--", "sleep", "4321")
        time.sleep(2)
        recording.kill()
        recording.communicate()
        for _ in range(50):
            if subprocess.run(["pgrep", "-f", "^sleep 4321$"], stdout=subprocess.DEVNULL).returncode == 1:
                return
            time.sleep(0.2)
        self.fail("the command outlived its recorder")

    def test_the_keeper_of_a_command_holds_nothing_but_pipes(self):
        recording = start_record("--out", "held.davy", "--", "sleep", "30")
        try:
            time.sleep(0.5)
            keeper = pathlib.Path(f"/proc/{recording.pid}/task/{recording.pid}/children").read_text().split()[0]
            held = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{keeper}/fd").iterdir() if int(fd.name) > 2]
            self.assertTrue(held)
            self.assertTrue(all(name.startswith("pipe:") for name in held if "pidfd" not in name), held)
        finally:
            recording.send_signal(signal.SIGTERM)
            recording.communicate(timeout=30)

    def test_the_keeper_of_a_command_ends_with_it(self):
        recording = start_record("--out", "keeper.davy", "--", "sh", "-c", "echo $PPID")
        try:
            told = recording.stdout.readline().strip()
            self.assertRegex(told, r"^\d+$", "the command did not say who keeps it")
            # it would have waited 5 s, and then signalled a group that may be another's by then
            until = time.monotonic() + 3
            while time.monotonic() < until:
                if state_of(told) in ("Z", None):
                    return
                time.sleep(0.1)
            self.fail(f"the keeper is still there: {state_of(told)}")
        finally:
            recording.send_signal(signal.SIGTERM)
            recording.communicate(timeout=30)

    def test_nothing_is_overwritten_unasked(self):
        (FOLDER / "there.davy").write_text("precious")
        done = davy("record", "--rung", "proc", "--out", "there.davy", "--seconds", 1)
        self.one_clear_line(done, 2, "there.davy", "--force")
        self.assertEqual((FOLDER / "there.davy").read_text(), "precious")
        done = davy("record", "--rung", "proc", "--out", "there.davy", "--force", "--seconds", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(scan("there.davy").returncode, 0)

    def test_a_full_disk_is_one_clear_line(self):
        done = davy("record", "--rung", "proc", "--out", "/dev/full", "--force", "--seconds", 1)
        self.one_clear_line(done, 1, "/dev/full")

    def test_bad_use(self):
        record = ("record", "--rung", "proc", "--out", "unused.davy")
        self.one_clear_line(davy(*record, "--", "/no/such/program"), 2, "/no/such/program")
        self.one_clear_line(davy(*record, "--label", "evil", "--program", "p", "--family", "f"), 2, "evil")
        self.one_clear_line(davy(*record, "--label", "miner"), 2, "--program")
        self.one_clear_line(davy(*record, "--meta", "nonsense"), 2, "KEY=VALUE")
        self.one_clear_line(davy(*record, "--container", "abc", "--", "true"), 2, "--container")
        self.one_clear_line(davy("record", "--rung", "ladder", "--out", "unused.davy"), 2, "ladder")
        self.one_clear_line(davy("record", "--rung", "proc", "--out", "/no/such/folder/x.davy"), 1, "/no/such/folder")
        self.assertFalse((FOLDER / "unused.davy").exists())


class Kernel(Case):
    """With root and BPF: the same commands on the highest rung."""

    def test_watching_holds_no_privilege(self):
        port = free_port()
        process = subprocess.Popen([DAVY, "watch", "--model", "model.davym", "--json", "--listen", f"127.0.0.1:{port}"],
                                   cwd=FOLDER, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            get(f"http://127.0.0.1:{port}/healthz", patience=30)
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            health = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
        self.assertEqual(process.returncode, 0, err)
        for line in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertRegex(status, rf"{line}:\t0+\n")
        self.assertRegex(status, r"Uid:\t65534\t65534\t65534\t65534\n")
        self.assertRegex(status, r"NoNewPrivs:\t1\n")
        self.assertEqual((health["type"], health["rung"]), ("health", "tracing"))

    @contextlib.contextmanager
    def alarmed(self, store):
        """A running `davy watch` that takes everything for a miner, beside something that computes."""
        busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        process = subprocess.Popen([DAVY, "watch", "--model", "alarmist.davym", "--json", "--listen", "none", "--store", store],
                                   cwd=FOLDER, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            yield (line for line in map(json.loads, process.stdout) if line["type"] == "detection")
        finally:
            process.kill()
            process.communicate()
            busy.kill()
            busy.wait()

    def test_a_kill_loses_nothing_told_and_a_restart_opens_nothing_twice(self):
        store = FOLDER / "kept.db"
        with self.alarmed(store) as told:
            opened = next(line for line in told if line["state"] == "opened")
        kept = {line["id"]: line for line in lines_of(davy("detections", "--open", "--json", "--store", store).stdout)}
        self.assertIn(opened["id"], kept, "it was printed, so it is kept")
        with self.alarmed(store) as told:
            again = next(line for line in told if line["workload"]["id"] == opened["workload"]["id"])
        self.assertEqual((again["id"], again["state"], again["alerted"]), (opened["id"], "updated", opened["alerted"]))
        self.assertEqual(davy("store", "check", "--store", store).returncode, 0)

    def test_the_self_test_raises_an_alert_by_the_model_that_ships(self):
        model = pathlib.Path(__file__).resolve().parent.parent / "models/starter.davym"
        done = davy("doctor", "--self-test", "--json", env={"DAVY_MODEL": str(model)}, timeout=200)
        said = lines_of(done.stdout)[-1]
        self.assertEqual((done.returncode, said["type"], said["alerted"]), (0, "self-test", True), done.stdout + done.stderr)
        self.assertGreaterEqual(len(said["detection"]["reasons"]), 3)

    def test_the_doctor_tells_the_same_to_machines(self):
        done = davy("doctor", "--json")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        (said,) = lines_of(done.stdout)
        self.assertEqual((said["type"], said["rung"], said["not_taken"]), ("doctor", "tracing", []))
        standing = {finding["name"]: finding["standing"] for group in said["groups"] for finding in group["findings"]}
        self.assertEqual((standing["kernel"], standing["BTF"]), ("OK", "OK"))
        self.assertTrue(said["losses"])

    def test_a_full_disk_ends_the_recording_not_the_watching(self):
        disk = FOLDER / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk], check=True)
        noise = [subprocess.Popen(["sh", "-c", "while :; do sleep 0.2; done"]) for _ in range(30)]
        try:
            (disk / "other").write_bytes(bytes(4096))  # one page is left
            done = davy("watch", "--model", "model.davym", "--json", "--listen", "none", "--record", disk / "full.davy", "--seconds", 32, timeout=90)
        finally:
            for one in noise:
                one.kill()
                one.wait()
            subprocess.run(["umount", disk], check=True)
        self.assertIn("watching goes on", done.stderr)
        lost = [line["counters"].get("record_failed", 0) for line in of_type("health", done.stdout)]
        self.assertGreater(lost[-1], 0, lost)

    def test_a_container_that_vanishes_mid_slice_is_in_the_recording(self):
        name = f"davy-vanish-{os.getpid()}"
        folders = [root / name for root in self.hierarchies()]
        recording = start_record("--out", "vanish.davy", "--workload", name)
        try:
            time.sleep(1)
            for folder in folders:
                folder.mkdir()
            busy = subprocess.Popen(["sh", "-c", "while :; do :; done"])
            for folder in folders:
                (folder / "cgroup.procs").write_text(str(busy.pid))
            time.sleep(3)
            busy.kill()
            busy.wait()
            for folder in folders:
                folder.rmdir()
            time.sleep(12)
            recording.send_signal(signal.SIGINT)
            _, err = recording.communicate(timeout=30)
        finally:
            recording.kill()
        self.assertEqual(recording.returncode, 0, err)
        self.assertRegex(err, r"^Recorded [1-9]\d* slices of 1 process")

    @staticmethod
    def hierarchies():
        """Where a cgroup has to be made to be one in each hierarchy that Davy may read."""
        mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
        return [pathlib.Path(words[1]) for words in mounts
                if words[2] == "cgroup2" or words[2] == "cgroup" and {"cpuacct", "cpu"} & set(words[3].split(","))]

    def test_without_privilege_is_one_clear_line(self):
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", DAVY]
        for words in (["watch", "--model", "model.davym", "--json", "--listen", "none", "--rung", "tracing", "--seconds", "1"],
                      ["record", "--rung", "tracing", "--out", "/tmp/unprivileged.davy", "--seconds", "1"]):
            done = subprocess.run(nobody + words, env=CLEAN, text=True, cwd=FOLDER, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.one_clear_line(done, 1, "root")

    def test_a_command_is_recorded_as_the_user_who_called_sudo(self):
        words = ["record", "--out", "sudo.davy", "--", "sh", "-c", "id -u; i=0; while [ $i -lt 3000000 ]; do i=$((i+1)); done; exit 5"]
        done = davy(*words, env={"SUDO_UID": "12345", "SUDO_GID": "12345"}, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("exit code 5", done.stderr)
        self.assertEqual(done.stdout.strip(), "12345")
        self.assertEqual((FOLDER / "sudo.davy").stat().st_uid, 12345)
        windows = of_type("window", scan("--json", "--windows", "sudo.davy").stdout)
        self.assertEqual({window["process"]["comm"] for window in windows if window["process"]}, {"sh"})
        self.assertEqual({window["features"]["calls_counted"] for window in windows if window["process"]}, {1.0})


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
