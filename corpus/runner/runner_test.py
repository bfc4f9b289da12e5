"""Tests of the runner's parts that need no container: catalogue, work meter, plan; and that the committed catalogue holds its promises."""
import collections
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import types
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE / "workers"))
from runner import catalogue, container, datasheet, engine, holdout, leftovers, listing, network, plan, rootfs, work  # noqa: E402
import jobs  # noqa: E402
import searches  # noqa: E402
import wire  # noqa: E402

GOOD = '''program = "x"
family = "f"
category = "c"
label = "benign"
source = "legitimate"
likeness = "l"
command = "true"
[progress]
pattern = 'n=(\\d+)'
unit = "units"
[variants.slow]
cores = 0.4
env = { A = "1" }
'''


def meter(**fields):
    return work.WorkMeter(catalogue.Progress(**{"pattern": "done", "unit": "units", **fields}))


class Catalogue(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.toml"
            path.write_text(text)
            return catalogue.read_file(path)

    def test_variants_override_their_program(self):
        plain, throttled, slow = self.read(GOOD)
        self.assertEqual((plain.name, plain.cores, plain.env), ("x.plain", 0, {}))
        self.assertEqual((throttled.name, throttled.cores, throttled.threads), ("x.throttled", catalogue.THROTTLED_CORES, 1))
        self.assertLess(throttled.progress.least_per_minute, plain.progress.least_per_minute)
        self.assertEqual((slow.name, slow.cores, slow.env), ("x.slow", 0.4, {"A": "1"}))

    def test_mistakes_are_named(self):
        for change, word in (('label = "benign"', "label"), ('family = "f"', "family"), ('likeness = "l"', "likeness")):
            with self.assertRaisesRegex(catalogue.CatalogueError, word):
                self.read(GOOD.replace(change, ""))
        for old, new in (("benign", "good"), ("(\\d+)", "("), ('program = "x"', 'program = "y"'), ('category = "c"', 'category = "c"\nwrong = 1')):
            with self.assertRaises(catalogue.CatalogueError):
                self.read(GOOD.replace(old, new))

    def test_values_of_a_wrong_kind_are_named_with_file_and_field(self):
        for field, value in (("packages", '"gcc"'), ("packages", "[1]"), ("twin", '"false"'), ("threads", '"two"'), ("threads", "0"), ("threads", "true"),
                             ("threads", "1.5"), ("env", '"A"'), ("env", "{ A = true }"), ("peer", "3"), ("cores", "-1"), ("cores", "nan"), ("peer_cores", "0"),
                             ("memory", "-1"), ("warmup", '"long"'), ("place", '"moon"'), ("also", '"tls"'), ("core", "1"), ("plain", '"no"'),
                             ("tricks", '"memfd"'), ("install", '"x"'), ("install", "[{ to = '/x' }]"), ("install", "[{ go = 'x@v1.0.0' }]"),
                             ("install", "[{ cargo = 'x@1.0.0', to = '/x' }]"), ("install", "[{ npm = 'x@1.0.0', to = '/x' }]"),
                             ("install", "[{ pypi = ['x==1'], to = '/x', versoin = '9' }]"), ("install", "[{ go = 'x@v1.0.0', to = '/x', bin = 'x' }]")):
            self.assert_refused(f"{field} = {value}\n{GOOD}", field)
            self.assert_refused(f"{GOOD}[variants.other]\n{field} = {value}\n", field)
        for field, value in (("pattern", "3"), ("from", '"moon"'), ("kind", '"sum"'), ("least_per_minute", '"2"'), ("longest_gap", "0"), ("begin", "1")):
            own = "\n".join(line for line in GOOD.splitlines() if not line.startswith(f"{field} ="))
            self.assert_refused(own.replace("[progress]", f"[progress]\n{field} = {value}"), field)
            self.assert_refused(GOOD + f"[variants.slow.progress]\n{field} = {value}\n", field)
        for field in ("program", "family", "label", "source", "likeness", "command", "category"):
            self.assert_refused("\n".join(f"{field} = 3" if line.startswith(f"{field} =") else line for line in GOOD.splitlines()), field)
        self.assert_refused("variants = 3\n" + GOOD.partition("[variants")[0], "variants")
        self.assert_refused(GOOD.replace("variants.slow", "variants.'a/b'"), "a/b")

    def test_a_variant_is_of_its_program(self):
        for field in catalogue.OF_THE_PROGRAM:
            value = {"label": '"miner"', "source": '"malware"', "twin": "true", "waits": "true"}.get(field, '"zz"')
            self.assert_refused(f"{GOOD}[variants.other]\n{field} = {value}\n", f"variant other: {field}")

    def assert_refused(self, text, word):
        with self.assertRaisesRegex(catalogue.CatalogueError, rf"^x\.toml: .*{word}") as caught:
            self.read(text)
        self.assertEqual(len(str(caught.exception).splitlines()), 1)

    def test_fields_that_contradict_each_other_are_refused(self):
        miner = GOOD.replace("benign", "miner").replace("legitimate", "public-miner")
        self.assertEqual(self.read('core = "scrypt"\n' + miner)[0].label, "miner")
        self.assert_refused(miner, "core")
        self.assert_refused('core = "scrypt"\n' + miner.replace("public-miner", "legitimate"), "source")
        self.assert_refused('core = "scrypt"\ntwin = true\n' + miner, "twin")
        self.assert_refused(GOOD.replace("[progress]", '[progress]\nfrom = "peer"'), "peer")

    def test_a_bad_file_is_named_and_the_others_are_used(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "x.toml").write_text(GOOD)
            (folder / "bad.toml").write_text("program = ")
            (folder / "worse.toml").write_bytes(b"\xff")
            programs, problems = catalogue.read_usable(folder)
            self.assertEqual({p.program for p in programs}, {"x"})
            self.assertEqual([line.partition(":")[0] for line in problems], ["bad.toml", "worse.toml"])
            with self.assertRaisesRegex(catalogue.CatalogueError, "bad.toml.*worse.toml"):
                catalogue.read_catalogue(folder)

    def test_the_committed_catalogue(self):
        programs = catalogue.read_catalogue(HERE / "catalogue")
        honest = [p for p in programs if p.label == "benign"]
        public = [p for p in programs if p.label == "miner" and p.source == "public-miner"]
        tricks = {p.trick for p in programs if p.trick}
        self.assertGreaterEqual(len({p.program for p in honest}), 150)
        self.assertGreaterEqual(len({p.family for p in honest}), 100)
        self.assertGreaterEqual(len({p.program for p in programs if p.twin}), 30)
        self.assertGreaterEqual(len({p.program for p in public}), 10)
        self.assertGreaterEqual(len({p.family for p in public}), 8)
        self.assertGreaterEqual(len(tricks), 12)
        self.assertGreaterEqual(len({p.core for p in programs if p.trick}), 3)
        self.assertGreaterEqual(len({p.program for p in programs if p.source == "malware"}), 10)
        throttled = {p.program for p in programs if p.throttled or p.source == "malware"}
        self.assertEqual({p.program for p in programs if p.label == "miner"} - throttled, set())


class Meter(unittest.TestCase):
    def test_counts_and_spans(self):
        m = meter(longest_gap=20)
        for second in range(5, 140, 10):
            m.feed("program", "done", second)
        report = m.report(140, 120)
        self.assertTrue(report["verified"], report)
        self.assertEqual((report["units"], report["first_work"], report["span"]), (14, 5, 130))

    def test_nothing_done_is_not_verified(self):
        self.assertIn("no units", meter().report(140, 120)["problem"])

    def test_a_hole_is_not_verified(self):
        m = meter(longest_gap=20)
        for second in list(range(0, 60, 5)) + list(range(100, 150, 5)):
            m.feed("program", "done", second)
        self.assertIn("45 s without", m.report(150, 120)["problem"])

    def test_an_early_stop_is_not_verified(self):
        m = meter(longest_gap=200)
        for second in range(0, 60, 5):
            m.feed("program", "done", second)
        self.assertIn("work seen for 55 s", m.report(140, 120)["problem"])

    def test_the_other_side_does_not_count(self):
        m = meter(source="peer")
        m.feed("program", "done", 1)
        self.assertEqual(m.report(10, 5)["units"], 0)

    def test_running_totals_may_begin_again(self):
        m = meter(pattern=r"frame=(\d+)", kind="cumulative")
        for second, line in enumerate(("frame=10", "frame=30", "frame=30", "frame=5", "frame=9")):
            m.feed("program", line, second)
        self.assertEqual((m.units, m.times), (39, [0, 1, 3, 4]))

    def test_first_hash_is_the_earlier_of_begin_and_share(self):
        m = meter(begin="READY", dataset=r"ready \((\d+) ms", rate="speed [1-9]")
        m.feed("program", "dataset ready (1500 ms)", 3)
        m.feed("program", "READY", 4)
        m.feed("program", "speed 0.0", 5)
        m.feed("program", "speed 350.1", 14)
        m.feed("program", "done", 9)
        self.assertEqual((m.first_work, m.dataset_ms, m.first_rate), (4, 1500, 14))


class Cpu(unittest.TestCase):
    def test_the_busiest_minute(self):
        cpu = work.CpuMeter()
        used = 0.0
        for second in range(0, 200, 2):
            cpu.add(second, used)
            used += 2 * (1.5 if 50 <= second < 120 else 0.1)
        self.assertAlmostEqual(cpu.busiest_minute(), 1.5, delta=0.02)
        short = work.CpuMeter()
        for second in range(0, 50):
            short.add(second, second)
        self.assertEqual(short.busiest_minute(), 0)


class Datasheet(unittest.TestCase):
    def test_the_committed_figures_are_those_of_the_committed_corpus(self):
        programs = catalogue.read_catalogue(HERE / "catalogue")
        rows = [row for name in ("recordings", "sealed") if (HERE / name / "index.json").exists()
                for row in json.loads((HERE / name / "index.json").read_text())["runs"]]
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "DATASHEET.md"
            copy.write_text((HERE / "DATASHEET.md").read_text())
            datasheet.rewrite(copy, programs, HERE, rows, holdout.read(HERE / "holdout.json"))
            self.assertEqual(copy.read_text(), (HERE / "DATASHEET.md").read_text(), "run corpus/run --datasheet and commit DATASHEET.md")

    def test_who_is_busy_is_counted_by_program_and_by_what_was_to_be_had(self):
        def row(program, busiest, **made):
            return {"status": "ok", "label": "benign", "program": program, "busiest_minute": busiest, "provenance": {"cores": 1.0, "host_cores": 2, "jobs": 2, **made}}
        rows = [row("half", 0.5), row("half", 0.6), row("nearly", 0.4), row("crowded", 0.22, jobs=7), row("idle", 0.1, jobs=7), row("narrow", 0.2, cores=0.25)]
        self.assertEqual(datasheet.busy(rows), 1)
        self.assertEqual(datasheet.busy(rows, datasheet.three_quarters), 4)
        self.assertEqual(datasheet.busy([{**rows[0], "label": "miner"}, {**rows[0], "status": "failed"}]), 0)


class Plan(unittest.TestCase):
    def setUp(self):
        self.programs = [p for p in catalogue.read_catalogue(HERE / "catalogue") if not p.live_only]
        self.wished = plan.wishes(self.programs, 2, 1)
        self.plan = plan.make_plan(self.wished, 1)
        self.short = [run for run in self.plan if run.seconds < plan.WHOLE]

    def test_miners_run_each_variant_and_honest_programs_as_often_as_asked(self):
        runs = collections.Counter((run.program.label, run.program.name if run.program.label == "miner" else run.program.program) for run in self.short)
        self.assertEqual(len({run.name for run in self.plan}), len(self.plan))
        self.assertEqual(set(runs.values()), {2})
        wanted = {p.name if p.label == "miner" else p.program for p in self.programs}
        self.assertEqual({name for _, name in runs}, wanted)

    def test_both_labels_are_throttled_alike(self):
        share = {label: statistics.mean(run.program.throttled for run in self.short if run.program.label == label) for label in ("miner", "benign")}
        self.assertLess(abs(share["miner"] - share["benign"]), 0.1, share)

    def test_each_miner_family_and_twins_fill_a_whole_window_once(self):
        whole = [run for run in self.plan if run.seconds == plan.WHOLE]
        miners = collections.Counter(run.program.family for run in whole if run.program.label == "miner")
        self.assertEqual(miners, collections.Counter({p.family for p in self.programs if p.label == "miner"}))
        twins = {run.program.program for run in whole if run.program.label == "benign"}
        self.assertEqual(len(twins), min(plan.WHOLE_TWINS, len({p.program for p in self.programs if p.twin})))
        self.assertTrue(all(run.program.twin and not run.program.throttled for run in whole if run.program.label == "benign"))

    def test_repeatable(self):
        self.assertEqual(self.plan, plan.make_plan(self.wished, 1))
        self.assertNotEqual([r.name for r in self.plan], [r.name for r in plan.make_plan(self.wished, 2)])

    def test_another_program_changes_nothing_of_what_is_wished_of_the_others(self):
        fewer = plan.wishes([p for p in self.programs if p.program != "nginx"], 2, 1)
        names = {wish.name for wish in self.wished if wish.program.program != "nginx" and not wish.whole}
        self.assertEqual({wish.name for wish in fewer if not wish.whole}, names)

    def test_part_k_holds_the_parts_before_it_and_the_last_one_everything(self):
        parts = [plan.first_parts(self.wished, part, 4) for part in range(1, 5)]
        names = [{wish.name for wish in part} for part in parts]
        self.assertTrue(names[0] < names[1] < names[2] < names[3])
        self.assertEqual(sorted(wish.name for wish in parts[3]), sorted(wish.name for wish in self.wished))
        self.assertEqual([len(part) for part in parts], [len(part) for part in names])

    def test_each_part_has_its_share_of_miners(self):
        def share(wished):
            return statistics.mean(wish.label == "miner" for wish in wished)
        for parts in (2, 4, 10):
            before = set()
            for part in range(1, parts + 1):
                held = plan.first_parts(self.wished, part, parts)
                own = [wish for wish in held if wish.name not in before]
                before = {wish.name for wish in held}
                for wished in (held, own):
                    self.assertLess(abs(share(wished) - share(self.wished)), 0.06, (part, parts))

    def test_runs_of_a_program_are_in_one_part_and_honest_ones_that_churn_in_the_last(self):
        first = collections.defaultdict(list)
        for part in range(10, 0, -1):
            for wish in plan.first_parts(self.wished, part, 10):
                first[wish.name].append(part)
        places, churns = collections.defaultdict(set), collections.defaultdict(list)
        for wish in self.wished:
            part = min(first[wish.name])
            places[wish.program.name if wish.label == "miner" else wish.program.program].add(part)
            if wish.label == "benign":
                churns[wish.program.churns].append(part)
        self.assertEqual({len(place) for place in places.values()}, {1})
        self.assertLessEqual(max(churns[False]), min(churns[True]))

    def test_what_failed_is_tried_again_as_it_was(self):
        failed = next(run for run in self.plan if run.cores == 0.6 and not run.program.place)
        told = {"cores": 0.6, "engine": failed.engine, "place": "veth", "net": "172.28.1", "port": 9999, "offset": 5.5, "alone": failed.alone}
        again = plan.make_plan(self.wished, 2, kept={failed.name: told})
        tried = next(run for run in again if run.name == failed.name)
        self.assertEqual((tried.cores, tried.engine, tried.place, tried.net, tried.port, tried.offset), (0.6, failed.engine, "veth", "172.28.1", 9999, 5.5))
        for net in ({"net": "127.0.0.1"}, {"net": None}, {}):   # on loopback; by a runner that did not tell
            again = plan.as_before(failed, {**{key: told[key] for key in told if key != "net"}, **net, "place": "loopback"})
            self.assertEqual((again.place, again.net), ("loopback", failed.net))

    def test_what_is_left_goes_into_blocks_of_its_own(self):
        done = {run.name for run in self.plan[:40]}
        rest = plan.make_plan([wish for wish in self.wished if wish.name not in done], 1, 7, 40)
        self.assertEqual({run.name for run in rest} | done, {wish.name for wish in self.wished})
        self.assertEqual(min(run.block for run in rest), 7)
        self.assertEqual([run.order for run in rest], list(range(40, 40 + len(rest))))

    def test_each_block_holds_its_share_of_miners(self):
        for whole in (False, True):
            blocks = collections.defaultdict(lambda: [0, 0])
            for run in self.plan:
                if (run.seconds == plan.WHOLE) == whole:
                    blocks[run.block][run.program.label == "miner"] += 1
            for counts in zip(*blocks.values()):
                self.assertLessEqual(max(counts) - min(counts), 1)

    def test_all_of_a_block_are_recorded_equally_long_and_long_enough(self):
        for block in {run.block for run in self.plan}:
            self.assertEqual(len({run.seconds for run in self.plan if run.block == block}), 1)
        for run in self.plan:
            self.assertFalse(plan.takes_long(run.program, run.cores) and run.seconds < plan.LONG, run.name)

    def test_quota_engine_place_and_company_do_not_tell_the_label(self):
        for what in (lambda run: run.seconds, lambda run: run.cores, lambda run: run.engine, lambda run: run.alone, lambda run: run.place):
            self.assert_alike(what, self.short, 0.15)
        self.assert_alike(lambda run: round(run.offset / 4), self.short, 0.2)
        self.assertEqual({run.port for run in self.plan} - set(plan.network.PORTS), set())

    def assert_alike(self, what, runs, allowed):
        counts = {label: collections.Counter(what(run) for run in runs if run.program.label == label) for label in catalogue.LABELS}
        for value in set().union(*counts.values()):
            parts = [counter[value] / sum(counter.values()) for counter in counts.values()]
            self.assertLess(abs(parts[0] - parts[1]), allowed, value)


class Engines(unittest.TestCase):
    def test_each_puts_a_container_somewhere_else_and_always_at_the_same_place(self):
        name = "0123456789abcdef" * 4
        paths = [engine.cgroup_path(one, name) for one in engine.ENGINES]
        self.assertEqual(len(set(paths)), len(engine.ENGINES))
        self.assertEqual(paths, [engine.cgroup_path(one, name) for one in engine.ENGINES])
        self.assertTrue(all(name in path for path in paths))


def variant(**fields):
    return types.SimpleNamespace(**{"label": "benign", "source": "legitimate", "family": "f", "trick": "", "also": (), **fields})


class Sealing(unittest.TestCase):
    def test_routes_that_lead_out_are_refused(self):
        link = network.Network("t", "veth", "10.77.4", 9000)
        for route, nowhere in (("10.77.4.0/30 dev eth0 proto kernel scope link src 10.77.4.2", True), ("local 127.0.0.1 dev lo table local", True),
                               ("fe80::/64 dev eth0", True), ("default via 10.77.4.1 dev eth0", False), ("0.0.0.0/1 via 10.77.4.1 dev eth0", False),
                               ("unicast default dev eth0", False), ("10.0.0.0/8 dev eth0", False), ("10.77.4.0/30 via 10.77.4.1 dev eth0", False)):
            self.assertEqual(link.leads_nowhere(route), nowhere, route)


class HoldOut(unittest.TestCase):
    def setUp(self):
        self.programs = [variant(family=f"honest-{n}") for n in range(40)] + [
            variant(family=f"miner-{n}", label="miner", source="public-miner", trick=f"t{n}") for n in range(8)]

    def test_a_quarter_of_each_kind(self):
        drawn = holdout.draw(holdout.candidates(self.programs))
        self.assertEqual({kind: len(names) for kind, names in drawn.items()}, {"miner": 2, "benign": 10, "trick": 2})

    def test_no_family_of_the_first_corpus_and_none_of_our_own(self):
        more = [variant(family="xmrig", label="miner"), variant(family="nginx"), variant(family="davy-x", source="own-worker")]
        self.assertEqual(holdout.candidates(self.programs + more), holdout.candidates(self.programs))

    def test_a_family_with_both_labels_is_a_miners(self):
        names = holdout.candidates(self.programs + [variant(family="miner-1")])
        self.assertIn("miner-1", names["miner"])
        self.assertNotIn("miner-1", names["benign"])

    def test_an_altered_file_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "holdout.json"
            self.assertEqual(holdout.read(path).families, frozenset())
            holdout.write(path, self.programs, "2026-11-27")
            sealed = holdout.read(path)
            self.assertEqual(len(sealed.families), 12)
            self.assertEqual([sealed.why(variant(family=sorted(sealed.families)[0])), sealed.why(variant(trick=sorted(sealed.tricks)[0])), sealed.why(variant())],
                             ["family", "trick", ""])
            path.write_text(path.read_text().replace('"sealed": {', '"sealed": {"more": [],'))
            with self.assertRaisesRegex(ValueError, "altered"):
                holdout.read(path)

    def test_the_committed_one_is_what_the_rule_gives(self):
        holdout.read(HERE / "holdout.json")

    def test_the_committed_one_is_the_one_that_was_drawn(self):
        digest = hashlib.sha256((HERE / "holdout.json").read_bytes()).hexdigest()
        self.assertEqual(digest, "9a16d4b4be11d815dde34d3c5a09ea91604d51c43fc34eb55ba770bf1faccb61",
                         "it is drawn once: whoever changes it changes this line, too, and says why")

    def test_a_shelf_without_what_sealed_it_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "sealed").mkdir()
            self.assertEqual(holdout.read(folder / "holdout.json").families, frozenset())
            (folder / "sealed/index.json").write_text('{"runs": []}')
            for path, shelves in ((folder / "holdout.json", ()), (folder / "elsewhere/holdout.json", (folder / "sealed",))):
                with self.assertRaisesRegex(ValueError, "missing.*restore it"):
                    holdout.read(path, *shelves)
            holdout.write(folder / "holdout.json", self.programs, "2026-11-27")
            self.assertEqual(len(holdout.read(folder / "holdout.json").families), 12)


class Listing(unittest.TestCase):
    def test_counts_what_is_recorded_and_verified(self):
        programs = [p for p in catalogue.read_catalogue(HERE / "catalogue") if p.program in ("nginx", "xmrig")]
        rows = [{"program": "nginx", "status": "ok"}, {"program": "nginx", "status": "failed"}]
        sealed = holdout.Sealed(frozenset(["nginx"]), frozenset())
        objects = [json.loads(line) for line in listing.lines(programs, rows, sealed, True)]
        self.assertEqual([(one["program"], one["runs"], one["sealed"]) for one in objects], [("nginx", 1, True), ("xmrig", 0, False)])
        text = "\n".join(listing.lines(programs, rows, sealed, False))
        self.assertIn("randomx", text)
        self.assertTrue(all(len(line) <= 80 for line in text.splitlines()))


class Install(unittest.TestCase):
    def test_a_changed_file_is_refused(self):
        with tempfile.NamedTemporaryFile() as file:
            with self.assertRaisesRegex(rootfs.RootError, "not used"):
                rootfs.check_digest(pathlib.Path(file.name), "0" * 64)

    def test_a_build_step_is_done_again_when_its_source_changes(self):
        root = rootfs.Root("/nonexistent")
        one = root.identity({"build": "x", "to": "/y", "sources": ["workers/render.c"]})
        self.assertNotEqual(one, root.identity({"build": "x", "to": "/y", "sources": ["workers/primes.c"]}))


class Written(rootfs.Root):
    """A root that writes down what it would run; `makes` are the files that each command leaves in the fetch folder."""

    def __init__(self, cache, makes=()):
        super().__init__(cache, say=lambda text: None)
        self.cache.mkdir(exist_ok=True)
        self.makes, self.ran = list(makes), []

    def run(self, words, what, **options):
        self.ran.append([str(word) for word in words])
        for name in self.makes:
            (self.cache / "fetch" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.cache / "fetch" / name).write_text("made")


class Registries(unittest.TestCase):
    def install(self, step, makes=()):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Written(folder.name, makes)
        self.root.install_artefact(step)
        return self.root.ran

    def test_an_npm_tree_runs_no_scripts_but_of_those_named(self):
        words, = self.install({"npm": ["terser@5.36.0", "@babel/core@7.26.0"], "to": "/opt/x"})
        self.assertEqual(words[:2] + words[-2:], ["npm", "install", "terser@5.36.0", "@babel/core@7.26.0"])
        self.assertIn("--ignore-scripts", words)
        self.assertEqual(words[words.index("--prefix") + 1], str(self.root.path / "opt/x"))
        again = self.install({"npm": ["sharp@0.33.5"], "to": "/opt/x", "rebuild": ["sharp"]})
        self.assertEqual((len(again), again[1][:2], again[1][-1]), (2, ["npm", "rebuild"], "sharp"))

    def test_an_npm_tree_is_not_laid_over_an_older_one(self):
        self.install({"npm": ["terser@5.36.0"], "to": "/opt/x"})
        (self.root.path / "opt/x/old").write_text("")
        self.root.install_artefact({"npm": ["terser@5.37.0"], "to": "/opt/x"})
        self.assertEqual([p.name for p in (self.root.path / "opt/x").iterdir()], ["package.json"])

    def test_a_cargo_binary_is_built_as_locked(self):
        words, = self.install({"cargo": "oxipng@9.1.3", "to": "/opt/x/o", "bin": "oxipng", "features": ["a", "b"]}, ["bin/oxipng"])
        self.assertEqual((words[:2], words[-1]), (["cargo", "install"], "oxipng@9.1.3"))
        self.assertIn("--locked", words)
        self.assertEqual(words[words.index("--features") + 1], "a,b")
        self.assertEqual((self.root.path / "opt/x/o").read_text(), "made")

    def test_maven_jars_come_by_a_throw_away_pom(self):
        words, = self.install({"maven": ["com.h2database:h2:2.3.232"], "to": "/opt/h2"})
        self.assertEqual(words[:3], ["mvn", "-q", "-B"])
        self.assertIn(f"-DoutputDirectory={self.root.path / 'opt/h2'}", words)
        self.assertIn("<artifactId>h2</artifactId><version>2.3.232</version>", (self.root.cache / "fetch/pom.xml").read_text())

    def test_a_go_command_is_installed_or_built_in_a_throw_away_module(self):
        words, = self.install({"go": "github.com/x/y/cmd/z@v1.2.3", "to": "/opt/z"}, ["bin/z"])
        self.assertEqual((words[:2], words[-1]), (["go", "install"], "github.com/x/y/cmd/z@v1.2.3"))
        ran = self.install({"go": "github.com/x/y@v1.2.3", "package": "./cmd/z", "to": "/opt/z", "replace": ["a=b@v1.0.0"]})
        self.assertEqual([words[:3] for words in ran[:2]], [["go", "mod", "init"], ["go", "mod", "edit"]])
        self.assertEqual(ran[2], ["go", "get", "github.com/x/y/cmd/z@v1.2.3"])
        self.assertEqual((ran[3][:2], ran[3][-1]), (["go", "build"], "github.com/x/y/cmd/z"))
        self.assertEqual(self.install({"go": "github.com/x/y@v1.2.3", "package": ".", "to": "/opt/z"})[-1][-1], "github.com/x/y")

    def test_versions_are_exact(self):
        for step in ({"npm": ["terser"]}, {"npm": ["terser@^5.0.0"]}, {"npm": ["@babel/core@latest"]}, {"cargo": "oxipng", "bin": "oxipng"},
                     {"go": "github.com/x/y@latest"}, {"maven": ["a:b:[1,2)"]}, {"maven": ["a:b"]}, {"pypi": ["numpy>=1"]}):
            with self.assertRaisesRegex(rootfs.RootError, "exact"):
                self.install({**step, "to": "/opt/x"})
            self.assertEqual(self.root.ran, [])

    def test_the_committed_catalogue_names_exact_versions(self):
        for program in catalogue.read_catalogue(HERE / "catalogue"):
            for step in program.install:
                rootfs.check_versions(step)


class Families(unittest.TestCase):
    ORIGINS = {"g++": ("gcc-defaults", ["g++-12"]), "g++-12": ("gcc-12", ["libc6"]), "libc6": ("glibc", []), "redis-server": ("redis", ["libc6", "gone"])}

    def test_the_family_is_a_source_package_of_its_packages_or_of_what_they_need(self):
        self.assertEqual(rootfs.sources_of(["g++"], self.ORIGINS, 0), {"gcc-defaults"})
        self.assertEqual(rootfs.sources_of(["g++"], self.ORIGINS, 2), {"gcc-defaults", "gcc-12", "glibc"})
        root = rootfs.Root("/nonexistent")
        root.origins = lambda: self.ORIGINS

        def program(name, family, **more):
            return types.SimpleNamespace(**{"program": name, "family": family, "packages": ("redis-server",), "install": (), "source": "legitimate", **more})
        named = root.contradictions([program("a", "redis"), program("b", "postgresql"), program("c", "upstream", install=({},)),
                                     program("d", "davy-d", source="own-worker"), program("e", "gcc-12", packages=("g++",))])
        self.assertEqual(list(named), ["b"])
        self.assertIn("postgresql is no source package of redis-server: they come from redis", named["b"])


class TakingDown(unittest.TestCase):
    def test_each_step_is_done_whatever_became_of_those_before(self):
        called = []

        def call(*words):
            called.append(words[1] if words[0] == "runc" else words[0])
            if called[-1] in ("kill", "umount"):
                raise subprocess.TimeoutExpired(words, 60)
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(container, "quiet", call):
            box = container.Container("/nonexistent", folder, "n", "/c", "true", "davy-n", 1, 64, {}, print)
            (box.folder / "up").mkdir(parents=True)
            with self.assertRaises(subprocess.TimeoutExpired):
                box.close()
            self.assertEqual(called, ["kill", "delete", "umount"])
            self.assertFalse(box.folder.exists())


class Leftovers(unittest.TestCase):
    """Of a machine that is a folder: runner 100 lives, runner 200 died, 300 is no runner any more but somebody else's process."""
    LIVING, DEAD, REUSED, UNKNOWN = (digit * 64 for digit in "abcd")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.temp = self.root / tempfile.gettempdir().lstrip("/")
        self.called = []
        for pid, name in ((100, self.LIVING), (200, self.DEAD), (300, self.REUSED)):
            for part in (name, f"peer-{name[:8]}"):
                (self.temp / f"davy-corpus-{pid}-x/{part}/merged").mkdir(parents=True)
        for tag in (name[:8] for name in (self.LIVING, self.DEAD, self.UNKNOWN)):
            for controller in ("cpu", "memory"):
                (self.root / "sys/fs/cgroup" / controller / "davy-peer" / tag).mkdir(parents=True)
            for name in (f"davy-{tag}", f"davy-{tag}-p", f"somebody-{tag}"):
                (self.root / "run/netns" / name).mkdir(parents=True)
        self.pods = {name: self.root / f"sys/fs/cgroup{engine.cgroup_path(kind, name)}" for kind, name in
                     (("kubernetes", self.LIVING), ("kubernetes-systemd", self.DEAD), ("kubernetes", self.UNKNOWN))}
        self.kubelets = self.root / "sys/fs/cgroup/kubepods/burstable/pod6c84fb90-12c4-41e1-840d-de25b8a4e5a1"
        for pod in (*(pod.parent for pod in self.pods.values()), self.kubelets):
            pod.mkdir(parents=True)
        self.process(300, "vim", "corpus/run")
        self.process(400, "davy", "record", "--container", self.LIVING, "--out", "a.part")
        self.process(500, "davy", "record", "--container", self.DEAD, "--out", "b.part")
        self.process(600, "davy", "record", "--container", self.UNKNOWN, "--out", "c.part")
        self.process(700, "davy", "record", "--container", self.UNKNOWN, "--out", "of-somebody.davy")
        (self.root / "proc/mounts").write_text(f"overlay {self.root}/elsewhere/davy-corpus-200-y/peer-eeeeeeee/merged overlay rw 0 0\nproc /proc proc rw 0 0\n")

    def process(self, pid, *words):
        (self.root / f"proc/{pid}").mkdir(parents=True, exist_ok=True)
        (self.root / f"proc/{pid}/cmdline").write_bytes("\0".join((*words, "")).encode())

    def call(self, *words):
        self.called.append(" ".join(words))
        listed = [{"id": self.DEAD, "bundle": f"/tmp/davy-corpus-200-x/{self.DEAD}"}, {"id": "of-somebody", "bundle": "/run/somebody"}]
        return types.SimpleNamespace(stdout=json.dumps(listed) if words[:2] == ("runc", "list") else "", returncode=0)

    def sweep(self):
        return leftovers.sweep(root=self.root, call=self.call)

    def test_what_a_living_runner_has_or_might_have_stays(self):
        self.process(100, "/usr/bin/python3", "corpus/run", "--runs", "2")
        told = self.sweep()
        self.assertFalse([line for line in self.called + told if self.LIVING[:8] in line or self.UNKNOWN[:8] in line or "somebody" in line])
        self.assertEqual({line for line in self.called if line.startswith(("kill", "ip"))},
                         {"kill -KILL 500", "ip netns delete davy-bbbbbbbb", "ip netns delete davy-bbbbbbbb-p"})
        self.assertEqual({line.split()[3] for line in self.called if line.startswith("runc kill")},
                         {self.DEAD, self.REUSED, "peer-bbbbbbbb", "peer-cccccccc", "peer-eeeeeeee"})
        self.assertIn(f"umount -l {self.root}/elsewhere/davy-corpus-200-y/peer-eeeeeeee/merged", self.called)
        self.assertEqual([path.name for path in self.temp.glob("davy-corpus-*")], ["davy-corpus-100-x"])
        self.assertEqual(sorted(path.name for path in self.root.glob("sys/fs/cgroup/*/davy-peer/*")), ["aaaaaaaa"] * 2 + ["dddddddd"] * 2)
        self.assertEqual({name for name, pod in self.pods.items() if pod.parent.exists()}, {self.LIVING, self.UNKNOWN})
        self.assertTrue(all(line.startswith("removed") for line in told), told)

    def test_where_no_other_runner_lives_all_of_it_goes(self):
        self.sweep()
        self.assertEqual(sorted(line for line in self.called if line.startswith("kill")), ["kill -KILL 400", "kill -KILL 500", "kill -KILL 600"])
        self.assertEqual(sum(line.startswith("ip netns delete davy-") for line in self.called), 6)
        self.assertEqual(list(self.temp.glob("davy-corpus-*")) + list(self.root.glob("sys/fs/cgroup/*/davy-peer/*")), [])
        self.assertFalse([name for name, pod in self.pods.items() if pod.parent.exists()])
        self.assertTrue(self.kubelets.exists())
        self.assertFalse([line for line in self.called if "somebody" in line])

    def test_what_cannot_be_removed_is_named_and_the_rest_goes(self):
        self.process(100, "python3", "./run")
        (self.root / "sys/fs/cgroup/cpu/davy-peer/bbbbbbbb/emptied").mkdir()
        busy = self.root / "sys/fs/cgroup/cpu/davy-peer/bbbbbbbb/still-in-it"
        busy.touch()   # a folder that is not empty stands for one with processes in it
        usual = self.call

        def call(*words):
            if words[:2] == ("runc", "kill"):
                raise subprocess.TimeoutExpired(words, 60)
            return usual(*words)
        self.call = call
        told = self.sweep()
        self.assertTrue(busy.exists())
        self.assertEqual(sum("cannot be removed" in line for line in told), 6, told)
        self.assertIn("ip netns delete davy-bbbbbbbb", self.called)

    def test_a_folder_that_another_user_made_says_nothing(self):
        self.process(100, "python3", "corpus/run")
        with mock.patch.object(leftovers.os, "geteuid", lambda: os.getuid() + 1):
            self.sweep()
        self.assertFalse([line for line in self.called if self.REUSED in line])

    def test_command_lines_of_runners(self):
        for words, runner in ((["python3", "corpus/run", "--runs"], True), (["/usr/bin/python3.11", "-u", "/x/corpus/run"], True), (["python3", "run"], True),
                              (["bash", "./run"], False), (["python3", "-m", "unittest"], False), ([""], False), ([], False), (None, False)):
            self.assertEqual(leftovers.is_runner(words), runner, words)


class Shared(rootfs.Root):
    """A root of one file; a program is a name that has to stand in it."""

    def contradictions(self, programs):
        return {}

    def complete(self, programs):
        return self.path.exists() and set(programs) <= set(self.path.read_text().split())

    def change(self, programs):
        self.path.write_text(" ".join(programs))
        return {}


class Locks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.said = []
        self.stop = threading.Event()
        self.first, self.second = (Shared(folder.name, say=self.said.append, stopped=self.stop.is_set) for _ in range(2))
        self.addCleanup(self.first.release)
        self.addCleanup(self.second.release)

    def begin(self, *programs):
        """The second one's prepare(), in a thread."""
        self.outcome = []

        def prepare():
            try:
                self.outcome.append(self.second.prepare(programs))
            except rootfs.RootError as error:
                self.outcome.append(str(error))
        thread = threading.Thread(target=prepare)
        thread.start()
        return thread

    def test_who_changes_nothing_shares_the_root(self):
        self.first.prepare(["nginx", "redis"])
        thread = self.begin("redis")
        thread.join(10)
        self.assertEqual((self.outcome, self.said), ([{}], []))

    def test_the_root_does_not_change_under_containers(self):
        self.first.prepare(["nginx"])
        thread = self.begin("xmrig")
        thread.join(1)
        self.assertEqual(self.first.path.read_text(), "nginx")
        self.assertEqual(len(self.said), 1, self.said)
        self.assertIn("another runner", self.said[0])
        self.first.release()
        thread.join(10)
        self.assertEqual(self.first.path.read_text(), "xmrig")

    def test_waiting_ends_when_asked_to(self):
        self.first.prepare(["nginx"])
        thread = self.begin("xmrig")
        self.stop.set()
        thread.join(10)
        self.assertIn("waiting", self.outcome[0])
        self.assertEqual(self.first.path.read_text(), "nginx")


class OwnParts(unittest.TestCase):
    def test_are_copied_without_their_tests_and_again_when_they_differ(self):
        with tempfile.TemporaryDirectory() as folder:
            root = rootfs.Root(folder)
            self.assertFalse(root.own_parts_are_there())
            root.copy_own()
            self.assertTrue(root.own_parts_are_there())
            copies = [copy for _, copy in root.own_parts()]
            self.assertGreater(len(copies), 5)
            self.assertFalse([copy for copy in copies if copy.name.endswith("_test.py")])
            copies[0].write_text("changed")
            self.assertFalse(root.own_parts_are_there())


class Jobs(unittest.TestCase):
    def test_wrong_answers_are_no_work(self):
        job = {"start": 10 ** 17, "pattern": [0, 2, 6, 8]}
        self.assertEqual(jobs.primes_check(job, {"found": 10 ** 17 + 1}), 0)
        self.assertEqual(jobs.primes_check({"start": 2, "pattern": [0, 2, 6, 8]}, {"found": 11}), 1)
        option = {"spot": 100.0, "strike": 100.0, "rate": 0.05, "volatility": 0.2, "years": 1.0, "paths": 9}
        self.assertAlmostEqual(jobs.black_scholes(option), 10.4506, places=3)
        self.assertEqual(jobs.options_check(option, {"price": 11.0}), 0)
        self.assertEqual(jobs.fold_energy("HHHH", "RUL"), -1)
        self.assertIsNone(jobs.fold_energy("HHH", "RL"))
        self.assertEqual(jobs.fold_check({"chain": "HHHH"}, {"moves": "RUL", "energy": -2, "steps": 5}), 0)

    def test_primality_against_trial_division(self):
        slow = [n for n in range(2, 3000) if all(n % d for d in range(2, int(n ** 0.5) + 1))]
        self.assertEqual([n for n in range(3000) if jobs.is_prime(n)], slow)

    def test_models_factors_and_gaps_are_checked(self):
        job = {"variables": 3, "clauses": 1, "seed": 5}
        draw = searches.numbers(5)
        literals = [next(draw) % 6 for _ in range(3)]
        good = ["1"] * 3
        good[literals[0] >> 1] = "0" if literals[0] & 1 else "1"
        self.assertEqual(searches.sat_check(job, {"index": 0, "model": "".join(good)}), 1)
        self.assertEqual(searches.sat_check({**job, "clauses": 200}, {"index": 0, "model": "".join(good)}), 0)
        number = {"start": str(1000000000039 * 1000000000061)}
        self.assertEqual(searches.ecm_check(number, {"index": 0, "factor": "1000000000039"}), 1)
        self.assertEqual(searches.ecm_check(number, {"index": 2, "factor": "1000000000039"}), 0)
        check = jobs.KINDS["gaps"][1]
        self.assertEqual(check({"start": 100, "least": 14}, {"prime": 113, "gap": 14}), 14)
        self.assertEqual(check({"start": 100, "least": 4}, {"prime": 103, "gap": 10}), 0)

    def test_stamps_tours_and_designs_are_checked(self):
        job, n = {"mailing": "m", "bits": 8, "date": "261231"}, 0
        while not searches.stamp_check(job, {"recipient": 1, "stamp": f"1:8:261231:member1@m::{n}"}):
            n += 1
        self.assertEqual(searches.stamp_check(job, {"recipient": 2, "stamp": f"1:8:261231:member1@m::{n}"}), 0)
        self.assertEqual(searches.stamp_check({**job, "bits": 60}, {"recipient": 1, "stamp": f"1:60:261231:member1@m::{n}"}), 0)
        self.assertEqual(searches.routes_check({"cities": 300, "seed": 1}, {"index": 0, "tour": list(range(300)), "length": 1.0}), 0)
        self.assertIsNone(searches.lens_spot([0.05, 0.04, 0.05, 0.05], 100, 60))
        self.assertEqual(searches.lens_check({"focus": 100, "aperture": 9, "limit": 0.01}, {"curves": [0.001] * 4}), 0)

    def test_a_token_that_does_not_follow_is_no_work(self):
        prompt = list(range(searches.CONTEXT))
        token = searches.next_token(prompt)
        self.assertEqual(searches.tokens_check({"prompt": prompt, "steps": 1}, {"tokens": [token], "samples": 3}), 3)
        self.assertEqual(searches.tokens_check({"prompt": prompt, "steps": 1}, {"tokens": [token + 1], "samples": 3}), 0)

    def test_alignment_of_a_sequence_with_itself(self):
        job = {"query": 7, "length": 200, "library": 7, "count": 1}
        self.assertEqual(searches.align_check(job, {"index": 0, "score": 1200}), 1)
        self.assertEqual(searches.align_check(job, {"index": 0, "score": 1199}), 0)

    def test_frames(self):
        for size in (0, 5, 125, 126, 70000):
            for mask in (False, True):
                made = wire.frame(b"x" * size, mask)
                at, length, masked = wire.frame_size(made)
                self.assertEqual((length, masked, len(made) - at), (size, mask, size))
        self.assertEqual(wire.accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

    def test_every_kind_makes_a_job_that_survives_json(self):
        for make, _ in jobs.KINDS.values():
            job = make(plan.random.Random(1))
            self.assertEqual(json.loads(json.dumps(job)), job)


if __name__ == "__main__":
    unittest.main()
