"""Stratum v1: mining.subscribe, authorize, set_difficulty, notify, submit. Every share's hash is recomputed."""
import hashlib
import time

EXTRANONCE2 = 4
DIFF1 = {"sha256d": 0xFFFF << 208, "scrypt": 0xFFFF << 224}   # target of difficulty 1


def sha256d(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def scrypt(data):
    return hashlib.scrypt(data, salt=data, n=1024, r=1, p=1, dklen=32)


HASH = {"sha256d": sha256d, "scrypt": scrypt}


def swap_words(data):
    """Reverses the bytes of each four-byte word, as the protocol does for the previous hash."""
    return b"".join(data[i:i + 4][::-1] for i in range(0, len(data), 4))


def header(job, extranonce1, extranonce2, ntime, nonce):
    """The 80-byte block header that a submit stands for."""
    coinbase = bytes.fromhex(job["coinb1"]) + extranonce1 + extranonce2 + bytes.fromhex(job["coinb2"])
    root = sha256d(coinbase)
    for branch in job["branch"]:
        root = sha256d(root + bytes.fromhex(branch))
    previous = swap_words(bytes.fromhex(job["prevhash"]))
    little = [bytes.fromhex(job["version"])[::-1], previous, root, ntime[::-1], bytes.fromhex(job["nbits"])[::-1], nonce[::-1]]
    return b"".join(little)


class Dialect:
    name = "stratum-v1"

    def __init__(self, random, algorithm="scrypt"):
        self.random, self.algorithm = random, algorithm
        self.hashes_at_1 = (1 << 256) / DIFF1[algorithm]

    def new_job(self, hashes):
        """`hashes`: expected hashes a share; on the wire it is a difficulty in units of the algorithm's difficulty 1."""
        random = self.random
        fields = {"prevhash": random.randbytes(32).hex(), "coinb1": random.randbytes(58).hex(), "coinb2": random.randbytes(50).hex(),
                  "branch": [random.randbytes(32).hex() for _ in range(random.randrange(1, 11))],
                  "version": "20000000", "nbits": "1a01aa3d", "ntime": f"{int(time.time()):08x}"}
        return {"id": random.randbytes(4).hex(), "difficulty": hashes, "fields": fields, "seen": set()}

    def wire_difficulty(self, job):
        return job["difficulty"] / self.hashes_at_1

    def announce(self, job, clean):
        f = job["fields"]
        return [{"id": None, "method": "mining.set_difficulty", "params": [self.wire_difficulty(job)]},
                {"id": None, "method": "mining.notify",
                 "params": [job["id"], f["prevhash"], f["coinb1"], f["coinb2"], f["branch"], f["version"], f["nbits"], f["ntime"], clean]}]

    def handle(self, session, message):
        method, params, ident = message.get("method"), message.get("params") or [], message.get("id")
        if method == "mining.subscribe":
            session.agent = str(params[0])[:80] if params else ""
            session.extranonce1 = self.random.randbytes(4)
            subscriptions = [["mining.set_difficulty", session.ident], ["mining.notify", session.ident]]
            return [{"id": ident, "result": [subscriptions, session.extranonce1.hex(), EXTRANONCE2], "error": None}]
        if method == "mining.authorize":
            session.worker = str(params[0])[:40] if params else ""
            return [{"id": ident, "result": True, "error": None}] + self.announce(session.give_job(), True)
        if method == "mining.submit":
            problem = session.judge(params[1] if len(params) > 1 else None, lambda job: self.check(job, session, params))
            return [{"id": ident, "result": not problem, "error": [20, problem, None] if problem else None}]
        if method in ("mining.extranonce.subscribe", "mining.suggest_difficulty"):
            return [{"id": ident, "result": True, "error": None}]
        return [{"id": ident, "result": None, "error": [20, "Unknown method", None]}]

    def check(self, job, session, params):
        try:
            extranonce2, ntime, nonce = (bytes.fromhex(field) for field in params[2:5])
        except (TypeError, ValueError):
            return "Malformed share"
        if (len(extranonce2), len(ntime), len(nonce)) != (EXTRANONCE2, 4, 4) or not getattr(session, "extranonce1", None):
            return "Malformed share"
        if (extranonce2, ntime, nonce) in job["seen"]:
            return "Duplicate share"
        value = int.from_bytes(HASH[self.algorithm](header(job["fields"], session.extranonce1, extranonce2, ntime, nonce)), "little")
        if value > DIFF1[self.algorithm] / self.wire_difficulty(job):
            return "Low difficulty share"
        job["seen"].add((extranonce2, ntime, nonce))
        return ""
