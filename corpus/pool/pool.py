#!/usr/bin/env python3
"""A mining pool to record miners against: one JSON line an event on standard output, so that a run's work can be verified.

Events: listening, connect, login, job, accepted, rejected, difficulty, disconnect; each with "time" (Unix seconds).
It listens only on loopback or private addresses and pays nobody.
"""
import argparse
import asyncio
import ipaddress
import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from pool import animica, carriers, manners, monero, pacing, stratum_v1  # noqa: E402

LONGEST_LINE = 16384
LOGINS = ("login", "mining.authorize")
JOBS_KEPT = 4          # older jobs are stale, as on a real pool
RETARGET_EVERY = 15.0


def log(event, **fields):
    print(json.dumps({"event": event, "time": round(time.time(), 3), **fields}), flush=True)


class Session:
    """One connection: its jobs, its difficulty, its share counts."""

    def __init__(self, pool, reader, writer):
        self.pool, self.reader, self.writer = pool, reader, writer
        self.dialect = pool.make_dialect()
        self.random = pool.random
        self.ident = self.random.randbytes(8).hex()
        self.difficulty = pacing.Difficulty(self.random, pool.difficulty)
        self.clock = pacing.JobClock(self.random)
        self.jobs, self.worker, self.agent = {}, None, ""
        self.began = time.time()
        self.accepted = self.rejected = 0

    def give_job(self):
        if not self.jobs:
            self.difficulty.begin(time.time())
            log("login", session=self.ident, worker=self.worker, agent=self.agent, share_rate=round(self.difficulty.rate, 3))
        job = self.dialect.new_job(self.difficulty.value)
        self.jobs[job["id"]] = job
        while len(self.jobs) > JOBS_KEPT:
            del self.jobs[next(iter(self.jobs))]
        log("job", session=self.ident, job=job["id"], difficulty=round(job["difficulty"], 1))
        return job

    def judge(self, job_id, check):
        """Checks and counts one share; "" or the reason it is refused."""
        job = self.jobs.get(job_id)
        problem = check(job) if job else "Stale share"
        if not problem and self.pool.manners.refuses_share():
            problem = "Unauthenticated"
        if problem:
            self.rejected += 1
            log("rejected", session=self.ident, job=job_id, reason=problem)
        else:
            self.accepted += 1
            self.difficulty.accept(time.time())
            log("accepted", session=self.ident, job=job_id, difficulty=round(job["difficulty"], 1), count=self.accepted)
        return problem

    async def send(self, messages):
        """Answers arrive after a little network time, never exactly at once; of a pool that has fallen silent, not at all."""
        if messages and not self.pool.manners.is_silent(time.time() - self.began):
            await asyncio.sleep(self.random.uniform(0.005, 0.12))
            self.writer.write(b"".join(json.dumps(m).encode() + b"\n" for m in messages))
            await self.writer.drain()

    async def push_jobs(self):
        due = time.time() + self.clock.next_gap()
        checked = time.time()
        while True:
            await asyncio.sleep(0.5)
            now = time.time()
            if self.pool.manners.hangs_up(now - self.began):
                self.writer.close()
                return
            if not self.jobs:
                due = checked = now + 0.0
                due += self.clock.next_gap()
                continue
            clean = now >= due
            changed = False
            if now - checked >= RETARGET_EVERY or clean:
                before, checked = self.difficulty.value, now
                changed = not 0.5 < self.difficulty.retarget(now) / before < 2
            if clean or changed:
                due = now + self.clock.next_gap() if clean else due
                await self.send(self.dialect.announce(self.give_job(), clean))

    async def serve(self):
        log("connect", session=self.ident, peer=self.writer.get_extra_info("peername")[0])
        pusher = asyncio.create_task(self.push_jobs())
        why = "closed"
        try:
            while line := await self.reader.readline():
                message = json.loads(line)
                if not isinstance(message, dict):
                    raise ValueError("not an object")
                if message.get("method") in LOGINS and self.pool.manners.refuses_login():
                    why = "login refused"
                    await self.send([{"id": message.get("id"), "jsonrpc": "2.0", "result": None, "error": {"code": -1, "message": "Your IP is banned"}}])
                    break
                await self.send(self.dialect.handle(self, message))
        except (ValueError, ConnectionError) as error:
            why = f"{type(error).__name__}: {error}"[:120]
        finally:
            pusher.cancel()
            self.writer.close()
            log("disconnect", session=self.ident, why=why, accepted=self.accepted, rejected=self.rejected)


class Pool:
    def __init__(self, options):
        self.random = random.Random(options.seed)
        self.difficulty = options.difficulty
        self.manners = manners.of(options, self.random)
        self.options = options

    def make_dialect(self):
        if self.options.dialect == "monero":
            return monero.Dialect(self.random, self.options.algorithm or "rx/0")
        if self.options.dialect == "animica":
            return animica.Dialect(self.random)
        return stratum_v1.Dialect(self.random, self.options.algorithm or "scrypt")

    async def connected(self, reader, writer):
        await Session(self, reader, writer).serve()

    async def run(self):
        _, port = await carriers.listen(self.options.carrier, self.connected, self.options.host, self.options.port, LONGEST_LINE)
        log("listening", host=self.options.host, port=port, dialect=self.options.dialect, carrier=self.options.carrier)
        await asyncio.Event().wait()


def private_address(text):
    address = ipaddress.ip_address(text)
    if not (address.is_loopback or address.is_private) or address.is_unspecified:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback or private address; the pool serves nothing else")
    return text


def parse(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", type=private_address, default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3333)
    parser.add_argument("--dialect", choices=("animica", "monero", "stratum-v1"), default="monero")
    parser.add_argument("--algorithm", help="monero: the name sent to the miner (rx/0); stratum-v1: scrypt or sha256d")
    parser.add_argument("--difficulty", type=float, default=1000, help="expected hashes of the first shares (default 1000)")
    parser.add_argument("--carrier", choices=carriers.CARRIERS, default="tcp", help="what the lines come in (default tcp)")
    manners.add_arguments(parser)
    parser.add_argument("--seed", type=int, default=None, help="makes jobs and pacing repeatable")
    return parser.parse_args(words)


if __name__ == "__main__":
    try:
        asyncio.run(Pool(parse()).run())
    except KeyboardInterrupt:
        pass
    except OSError as problem:
        sys.exit(f"pool: cannot listen: {problem.strerror}")
