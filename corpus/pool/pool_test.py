"""Tests of the pool: targets against the definition, known blocks of Bitcoin and Litecoin, refusals, pacing, a whole session."""
import asyncio
import contextlib
import importlib.util
import io
import json
import pathlib
import random
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from pool import animica, carriers, monero, pacing, pool, stratum_v1  # noqa: E402
from peers import hop  # noqa: E402


def quiet():
    return contextlib.redirect_stdout(io.StringIO())


class Targets(unittest.TestCase):
    def test_monero_target_is_2_to_32_over_difficulty(self):
        for difficulty in (1, 2, 1000, 120001, 2 ** 31):
            value = int.from_bytes(bytes.fromhex(monero.target_hex(difficulty)), "little")
            self.assertAlmostEqual(value * difficulty / 2 ** 32, 1, delta=0.001 if difficulty < 1e6 else 0.5)

    def test_wide_target_lets_one_hash_in_difficulty_pass(self):
        self.assertAlmostEqual(monero.target64(5000) / 2 ** 64 * 5000, 1, delta=0.001)

    def test_difficulty_below_one_is_everything(self):
        self.assertEqual(monero.target_hex(0), "ffffffff")


class KnownBlocks(unittest.TestCase):
    """The header of a real block, taken apart as a pool sends it and put together again, has the block's own hash."""

    def test_genesis_of_bitcoin_by_sha256d(self):
        root = bytes.fromhex("3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a")
        raw = (1).to_bytes(4, "little") + bytes(32) + root + (1231006505).to_bytes(4, "little") + bytes.fromhex("ffff001d") + (2083236893).to_bytes(4, "little")
        self.assertEqual(stratum_v1.sha256d(raw)[::-1].hex(), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")

    def test_scrypt_against_its_published_vector(self):
        self.assertEqual(stratum_v1.hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, dklen=16).hex(), "fdbabe1c9d3472007856e7190d01e9fe")

    def test_header_of_bitcoin_block_1_from_its_parts(self):
        coinbase = bytes.fromhex("01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff001d0104ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000")
        previous = bytes.fromhex("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")[::-1]
        job = {"coinb1": coinbase[:40].hex(), "coinb2": coinbase[48:].hex(), "branch": [], "version": "00000001",
               "prevhash": stratum_v1.swap_words(previous).hex(), "nbits": "1d00ffff"}
        header = stratum_v1.header(job, coinbase[40:44], coinbase[44:48], bytes.fromhex("4966bc61"), bytes.fromhex("9962e301"))
        self.assertEqual(stratum_v1.sha256d(header)[::-1].hex(), "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048")


class Refusals(unittest.TestCase):
    def setUp(self):
        self.dialect = monero.Dialect(random.Random(1))
        self.job = self.dialect.new_job(1000.0)
        self.good = {"nonce": "01020304", "result": (bytes(24) + bytes(8)).hex()}

    def test_good_then_duplicate(self):
        self.assertEqual(self.dialect.check(self.job, self.good), "")
        self.assertEqual(self.dialect.check(self.job, self.good), "Duplicate share")

    def test_too_easy(self):
        self.assertEqual(self.dialect.check(self.job, {**self.good, "result": "ff" * 32}), "Low difficulty share")

    def test_malformed(self):
        for wrong in ({}, {"nonce": "zz", "result": "00" * 32}, {"nonce": "00", "result": "00" * 32}, {"nonce": 7, "result": None}):
            self.assertEqual(self.dialect.check(self.job, wrong), "Malformed share")


def solve(dialect, session, job):
    """Mines one share the slow way."""
    target = stratum_v1.DIFF1[dialect.algorithm] / dialect.wire_difficulty(job)
    for n in range(1 << 20):
        ntime, nonce = bytes.fromhex(job["fields"]["ntime"]), n.to_bytes(4, "big")
        header = stratum_v1.header(job["fields"], session.extranonce1, bytes(4), ntime, nonce)
        if int.from_bytes(stratum_v1.HASH[dialect.algorithm](header), "little") <= target:
            return ["w", job["id"], "00000000", job["fields"]["ntime"], nonce.hex()]
    raise AssertionError("no share found")


class StratumV1(unittest.TestCase):
    def test_mined_share_is_accepted_once_and_a_changed_one_refused(self):
        for algorithm in ("sha256d", "scrypt"):
            dialect = stratum_v1.Dialect(random.Random(2), algorithm)
            job = dialect.new_job(64.0)
            session = types.SimpleNamespace(extranonce1=bytes(4))
            share = solve(dialect, session, job)
            self.assertEqual(dialect.check(job, session, share), "")
            self.assertEqual(dialect.check(job, session, share), "Duplicate share")
            refused = sum(dialect.check(job, session, share[:4] + [f"{n:08x}"]) == "Low difficulty share" for n in range(1 << 24, (1 << 24) + 200))
            self.assertGreater(refused, 180)
            self.assertEqual(dialect.check(job, session, ["w", job["id"], "00", "00", "zz"]), "Malformed share")


class Animica(unittest.TestCase):
    def test_a_share_in_about_so_many_hashes_is_accepted_once_and_malformed_ones_are_not(self):
        dialect = animica.Dialect(random.Random(1))
        job = dialect.new_job(100.0)
        said = {nonce: dialect.check(job, {"hashshare": {"nonce": hex(nonce)}}) for nonce in range(5000)}
        good = [nonce for nonce, problem in said.items() if not problem]
        self.assertTrue(30 < len(good) < 80, len(good))
        self.assertEqual(set(said.values()), {"", "Low difficulty share"})
        self.assertEqual(dialect.check(job, {"hashshare": {"nonce": hex(good[0])}}), "Duplicate share")
        for rubbish in ({}, {"hashshare": None}, {"hashshare": {"nonce": "xyz"}}, {"hashshare": {"nonce": hex(1 << 64)}}):
            self.assertEqual(dialect.check(job, rubbish), "Malformed share")


class Pacing(unittest.TestCase):
    def test_jobs_come_every_20_to_120_seconds(self):
        gaps = [pacing.JobClock(random.Random(seed)).next_gap() for seed in range(500)]
        self.assertTrue(all(20 <= gap <= 120 for gap in gaps))
        self.assertGreater(max(gaps) - min(gaps), 60)

    def test_difficulty_finds_the_share_rate_of_fast_and_slow_miners(self):
        for hash_rate in (50, 400, 20000):
            for seed in range(5):
                source = random.Random(seed)
                steer = pacing.Difficulty(source, 1000)
                now, late = 0.0, 0
                steer.begin(now)
                checked = 0.0
                while now < 6000:
                    now += source.expovariate(hash_rate / steer.value)
                    steer.accept(now)
                    late += now > 3000
                    if now - checked > 15:
                        steer.retarget(now)
                        checked = now
                self.assertTrue(0.05 <= steer.rate <= 1)
                self.assertAlmostEqual(late / (now - 3000) / steer.rate, 1, delta=0.8)

    def test_silence_lowers_difficulty(self):
        steer = pacing.Difficulty(random.Random(1), 1e9)
        steer.begin(0)
        for second in range(60, 6000, 60):
            steer.retarget(second)
        self.assertLess(steer.value, 1e6)


class WholeSession(unittest.TestCase):
    def converse(self, dialect, lines):
        """What the pool answers to `lines`, and its log."""
        async def talk():
            server = pool.Pool(pool.parse(["--dialect", dialect, "--algorithm", "rx/0" if dialect == "monero" else "sha256d", "--seed", "5", "--port", "0", "--difficulty", "8"]))
            listener = await asyncio.start_server(server.connected, "127.0.0.1", 0, limit=pool.LONGEST_LINE)
            reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname()[:2])
            answers = []
            for line in lines:
                writer.write((line if isinstance(line, str) else json.dumps(line)).encode() + b"\n")
                got = await asyncio.wait_for(reader.readline(), 5)
                answers.append(json.loads(got) if got else None)
                if callable(getattr(self, "after", None)):
                    lines.extend(self.after(answers))
            writer.close()
            await asyncio.sleep(0.2)
            listener.close()
            return answers
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            answers = asyncio.run(talk())
        return answers, [json.loads(line) for line in said.getvalue().splitlines()]

    def test_monero_login_submit_keepalive_and_events(self):
        def after(answers):
            if len(answers) != 1:
                return []
            job = answers[0]["result"]["job"]["job_id"]
            return [{"id": 2, "method": "submit", "params": {"id": "x", "job_id": job, "nonce": "0a0b0c0d", "result": "00" * 32}},
                    {"id": 3, "method": "submit", "params": {"id": "x", "job_id": "gone", "nonce": "0a0b0c0d", "result": "00" * 32}},
                    {"id": 4, "method": "keepalived", "params": {"id": "x"}}, {"id": 5, "method": "nonsense"}]
        self.after = after
        answers, events = self.converse("monero", [{"id": 1, "method": "login", "params": {"login": "w", "agent": "t"}}])
        self.assertEqual(answers[1]["result"]["status"], "OK")
        self.assertEqual(answers[2]["error"]["message"], "Stale share")
        self.assertEqual(answers[3]["result"]["status"], "KEEPALIVED")
        self.assertEqual(answers[4]["error"]["message"], "Unknown method")
        names = [event["event"] for event in events]
        self.assertEqual([names.count(n) for n in ("connect", "login", "accepted", "rejected", "disconnect")], [1] * 5)
        self.assertTrue(all(event["time"] > 1.7e9 for event in events))

    def test_rubbish_ends_the_session_and_is_logged(self):
        self.after = None
        for rubbish in ("not json", "[1,2]", "\x00\x01"):
            answers, events = self.converse("stratum-v1", [rubbish])
            self.assertEqual(answers, [None])
            self.assertIn("Error", events[-1]["why"])

    def test_only_private_addresses(self):
        for address in ("0.0.0.0", "8.8.8.8"):
            with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                pool.parse(["--host", address])


class Conversation(unittest.TestCase):
    """A miner's first words over each carrier, hop and manner; `ways` are hops in a row from the miner to the pool."""

    LOGIN = {"id": 1, "method": "login", "params": {"login": "w", "agent": "t"}}

    def talk(self, flags, script, carrier="tcp", ways=()):
        async def run():
            options = pool.parse(["--seed", "5", "--port", "0", "--carrier", carrier, *flags])
            server, port = await carriers.listen(carrier, pool.Pool(options).connected, "127.0.0.1", 0, pool.LONGEST_LINE)
            hops = []
            for way in ways:
                handle = hop.handler(hop.parse([way, "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{port}"]))
                hops.append(await asyncio.start_server(handle, "127.0.0.1", 0))
                if way != "socks":
                    port = hops[-1].sockets[0].getsockname()[1]
            try:
                return await asyncio.wait_for(script(port, hops), 20)
            finally:
                await asyncio.sleep(0.1)   # what was closed is closed at all hops
                for one in (server, *hops):
                    one.close()
        with quiet():
            return asyncio.run(run())

    async def say(self, streams, message):
        reader, writer = streams
        writer.write(json.dumps(message).encode() + b"\n")
        line = await asyncio.wait_for(reader.readline(), 5)
        return json.loads(line) if line else None

    async def login(self, port, _hops=()):
        streams = await asyncio.open_connection("127.0.0.1", port)
        answer = await self.say(streams, self.LOGIN)
        streams[1].close()
        return answer

    def test_tls_through_a_hop_that_speaks_it(self):
        self.assertEqual(self.talk([], self.login, "tls", ["tls"])["result"]["status"], "OK")

    def test_a_plain_miner_gets_nothing_from_a_tls_pool(self):
        async def plain(port, _):
            try:
                return await self.login(port)
            except (OSError, ValueError):
                return None
        self.assertIsNone(self.talk([], plain, "tls"))

    @unittest.skipUnless(importlib.util.find_spec("websockets"), "needs python3-websockets")
    def test_websocket_through_two_hops(self):
        self.assertEqual(self.talk([], self.login, "websocket", ["websocket", "relay"])["result"]["status"], "OK")

    def test_socks(self):
        async def by_proxy(port, hops):
            reader, writer = await asyncio.open_connection("127.0.0.1", hops[0].sockets[0].getsockname()[1])
            writer.write(b"\x05\x01\x00")
            self.assertEqual(await reader.readexactly(2), b"\x05\x00")
            writer.write(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + port.to_bytes(2, "big"))
            self.assertEqual((await reader.readexactly(10))[:2], b"\x05\x00")
            answer = await self.say((reader, writer), self.LOGIN)
            writer.close()
            return answer
        self.assertEqual(self.talk([], by_proxy, "tcp", ["socks"])["result"]["status"], "OK")

    def test_hops_reach_nothing_public(self):
        for host in ("8.8.8.8", "0.0.0.0"):
            with self.assertRaises(OSError):
                hop.address_of(f"{host}:80")

    def test_first_logins_are_refused(self):
        async def thrice(port, _):
            return [await self.login(port) for _ in range(3)]
        answers = self.talk(["--refuse-logins", "2"], thrice)
        self.assertEqual([bool(answer.get("error")) for answer in answers], [True, True, False])

    def test_good_shares_are_refused_as_often_as_asked(self):
        async def submit(port, _):
            streams = await asyncio.open_connection("127.0.0.1", port)
            job = (await self.say(streams, self.LOGIN))["result"]["job"]["job_id"]
            share = {"id": 2, "method": "submit", "params": {"id": "x", "job_id": job, "nonce": "0a0b0c0d", "result": "00" * 32}}
            return await self.say(streams, share)
        self.assertEqual(self.talk(["--refuse-shares", "1"], submit)["error"]["message"], "Unauthenticated")

    def test_silence_and_hanging_up(self):
        async def wait(port, _):
            streams = await asyncio.open_connection("127.0.0.1", port)
            await self.say(streams, self.LOGIN)
            await asyncio.sleep(0.3)
            streams[1].write(b'{"id": 3, "method": "keepalived"}\n')
            try:
                return await asyncio.wait_for(streams[0].readline(), 1.5)
            except asyncio.TimeoutError:
                return "silence"
        self.assertEqual(self.talk(["--silent-after", "0.2"], wait), "silence")

        async def until_closed(port, _):
            streams = await asyncio.open_connection("127.0.0.1", port)
            await self.say(streams, self.LOGIN)
            return await asyncio.wait_for(streams[0].readline(), 5)
        self.assertEqual(self.talk(["--close-after", "0.5"], until_closed), b"")


if __name__ == "__main__":
    unittest.main()
