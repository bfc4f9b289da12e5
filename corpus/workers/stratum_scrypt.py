#!/usr/bin/env python3
"""A CPU miner of our own: scrypt (1024,1,1) over Stratum v1, one process a core. It talks to loopback and private addresses only, by construction."""
import hashlib
import ipaddress
import json
import multiprocessing
import multiprocessing.connection
import random
import signal
import socket
import sys
import time

BATCH = 128          # nonces between two looks at the pipe
SILENCE = 180        # seconds without a word from the pool that count as a lost connection
REPORT = 10
DIFF1 = 0xFFFF << 224
ALLOWED = [ipaddress.ip_network(n) for n in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


def mine(pipe, others, sleep):
    """Hashes one range of nonces until there is a new job; sends ("share", job, nonce) and ("hashes", count)."""
    others.close()
    job, nonce, hashes, told = None, 0, 0, time.monotonic()
    while True:
        while not job or pipe.poll():
            job = pipe.recv()
            nonce = job["from"] if job else 0
        for n in range(nonce, nonce + BATCH):
            data = job["header"] + n.to_bytes(4, "little")
            if int.from_bytes(hashlib.scrypt(data, salt=data, n=1024, r=1, p=1, dklen=32), "little") <= job["target"]:
                pipe.send(("share", job["id"], n))
        nonce += BATCH
        hashes += BATCH
        if time.monotonic() - told >= 1:
            pipe.send(("hashes", hashes))
            hashes, told = 0, time.monotonic()
        if sleep:
            time.sleep(0.04 * sleep)


def sha256d(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def swap_words(text):
    data = bytes.fromhex(text)
    return b"".join(data[i:i + 4][::-1] for i in range(0, len(data), 4))


def header(params, extranonce):
    """The block header without its nonce."""
    _, previous, coinb1, coinb2, branches, version, nbits, ntime, _ = params
    root = sha256d(bytes.fromhex(coinb1 + extranonce + coinb2))
    for branch in branches:
        root = sha256d(root + bytes.fromhex(branch))
    return swap_words(version + previous) + root + swap_words(ntime + nbits)


class Miner:
    def __init__(self, host, port, threads, sleep):
        self.host, self.port = host, port
        self.counter = random.randrange(1 << 16)
        self.hashes = self.accepted = self.rejected = 0
        self.reported = time.monotonic()
        self.pipes = []
        for _ in range(threads):
            ours, theirs = multiprocessing.Pipe()
            multiprocessing.Process(target=mine, args=(theirs, ours, sleep), daemon=True).start()
            theirs.close()
            self.pipes.append(ours)

    def run(self):
        self.pause = 1
        while True:
            try:
                self.session()
            except (OSError, ValueError) as error:
                print(f"stratum: {error}; again in {self.pause} s")
            self.jobs = {}
            self.give(lambda _: None)
            self.wait(time.monotonic() + self.pause)
            self.pause = min(2 * self.pause, 30)

    def session(self):
        self.ident, self.waiting, self.jobs, self.difficulty = 0, {}, {}, 1.0
        with socket.create_connection((self.host, self.port), SILENCE) as self.link:
            self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.ask("mining.subscribe", ["scrypt-python/1.0"], self.subscribed)
            held, heard = b"", time.monotonic()
            while time.monotonic() - heard < SILENCE:
                if self.wait(time.monotonic() + 1, self.link):
                    chunk = self.link.recv(16384)
                    if not chunk:
                        raise ConnectionError("connection lost")
                    *lines, held = (held + chunk).split(b"\n")
                    heard = time.monotonic()
                    for line in lines:
                        self.take(json.loads(line))
            raise ConnectionError("no word from the pool")

    def wait(self, until, link=None):
        """Hears the processes until `link` has something to read (then true) or the time has come."""
        while True:
            left = min(until, self.reported + REPORT) - time.monotonic()
            ready = multiprocessing.connection.wait(self.pipes + ([link] if link else []), max(0, left))
            for pipe in ready:
                if pipe is not link:
                    self.hear(*pipe.recv())
            if time.monotonic() >= self.reported + REPORT:
                self.report()
            if link in ready or time.monotonic() >= until:
                return link in ready

    def ask(self, method, params, answered):
        self.ident += 1
        self.waiting[self.ident] = answered
        self.link.sendall(json.dumps({"id": self.ident, "method": method, "params": params}).encode() + b"\n")

    def subscribed(self, result, _):
        _, self.extranonce1, self.size = result
        self.ask("mining.authorize", ["corpus.python", "x"], self.authorized)

    def authorized(self, result, _):
        self.pause = 1
        if not result:
            print("stratum: not authorized")

    def answered(self, result, error):
        if result:
            self.accepted += 1
            print(f"accepted {self.accepted}/{self.accepted + self.rejected}")
        else:
            self.rejected += 1
            print(f"rejected: {error and error[1]}")

    def take(self, message):
        method = message.get("method")
        if method == "mining.set_difficulty":
            self.difficulty = message["params"][0]
        elif method == "mining.notify":
            self.begin(message["params"])
        elif message.get("id") in self.waiting:
            self.waiting.pop(message["id"])(message.get("result"), message.get("error"))

    def begin(self, params):
        self.counter += 1
        extranonce2 = f"{self.counter:0{2 * self.size}x}"
        if params[8]:
            self.jobs.clear()
        self.jobs[params[0]] = extranonce2, params[7]
        job = {"id": params[0], "header": header(params, self.extranonce1 + extranonce2), "target": int(DIFF1 / self.difficulty)}
        self.give(lambda i: {**job, "from": i * (1 << 32) // len(self.pipes)})
        print(f"hashing job {params[0]} at difficulty {self.difficulty}")

    def give(self, make):
        for i, pipe in enumerate(self.pipes):
            pipe.send(make(i))

    def hear(self, kind, what, nonce=0):
        if kind == "hashes":
            self.hashes += what
        elif what in self.jobs:
            extranonce2, ntime = self.jobs[what]
            self.ask("mining.submit", ["corpus.python", what, extranonce2, ntime, f"{nonce:08x}"], self.answered)

    def report(self):
        now = time.monotonic()
        print(f"hashrate {self.hashes / (now - self.reported):.1f} H/s, {self.accepted} accepted, {self.rejected} rejected")
        self.hashes, self.reported = 0, now


def private_address(host):
    try:
        return any(ipaddress.ip_address(host) in network for network in ALLOWED)
    except ValueError:
        return False


def main(words):
    if len(words) < 3:
        sys.exit("usage: stratum_scrypt.py HOST PORT THREADS [SLEEP_SHARE]")
    if not private_address(words[0]):
        sys.exit(f"stratum_scrypt: {words[0]} is not a loopback or private address")
    sys.stdout.reconfigure(line_buffering=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    Miner(words[0], int(words[1]), int(words[2]), float(words[3]) if len(words) > 3 else 0.0).run()


if __name__ == "__main__":
    main(sys.argv[1:])
