"""The Monero dialect: login, job, submit, keepalived, one JSON object a line.

A share is checked for job, nonce and target. The RandomX hash itself is not recomputed (nothing in Python's library does
RandomX), so the miner's own `result` is compared with the target; XMRig stops on a wrong one of its own.
"""
BLOB = 76            # bytes of a hashing blob
NONCE_AT = 39        # where XMRig writes its four bytes of nonce


def target_hex(difficulty):
    """The four-byte little-endian target pools send: 2^32 / difficulty."""
    value = min(0xFFFFFFFF, max(1, int(0xFFFFFFFF / max(1.0, difficulty))))
    return value.to_bytes(4, "little").hex()


def target64(difficulty):
    """The same target as miners widen it: compared with the top eight bytes of the hash."""
    value = int.from_bytes(bytes.fromhex(target_hex(difficulty)), "little")
    return 0xFFFFFFFFFFFFFFFF // (0xFFFFFFFF // value)


class Dialect:
    name = "monero"

    def __init__(self, random, algorithm="rx/0"):
        self.random, self.algorithm = random, algorithm
        self.seed = random.randbytes(32).hex()
        self.height = random.randrange(2_500_000, 3_000_000)

    def new_job(self, difficulty):
        self.height += 1
        blob = bytearray(self.random.randbytes(BLOB))
        blob[0:2] = b"\x10\x10"
        blob[NONCE_AT:NONCE_AT + 4] = bytes(4)
        job = {"blob": blob.hex(), "job_id": self.random.randbytes(8).hex(), "target": target_hex(difficulty),
               "algo": self.algorithm, "height": self.height, "seed_hash": self.seed}
        return {"id": job["job_id"], "difficulty": difficulty, "wire": job, "seen": set()}

    def announce(self, job, _clean):
        return [{"jsonrpc": "2.0", "method": "job", "params": job["wire"]}]

    def handle(self, session, message):
        """Replies to one request; submits go through session.judge."""
        method, params, ident = message.get("method"), message.get("params") or {}, message.get("id")
        if method == "login":
            session.worker = str(params.get("login", ""))[:40]
            session.agent = str(params.get("agent", ""))[:80]
            job = session.give_job()
            result = {"id": session.ident, "job": job["wire"], "extensions": ["algo", "keepalive"], "status": "OK"}
            return [{"id": ident, "jsonrpc": "2.0", "error": None, "result": result}]
        if method == "submit":
            problem = session.judge(params.get("job_id"), lambda job: self.check(job, params))
            if problem:
                return [{"id": ident, "jsonrpc": "2.0", "error": {"code": -1, "message": problem}}]
            return [{"id": ident, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}]
        if method == "keepalived":
            return [{"id": ident, "jsonrpc": "2.0", "error": None, "result": {"status": "KEEPALIVED"}}]
        return [{"id": ident, "jsonrpc": "2.0", "error": {"code": -32601, "message": "Unknown method"}}]

    def check(self, job, params):
        """"" when the share is good, else why not."""
        try:
            nonce, result = bytes.fromhex(params["nonce"]), bytes.fromhex(params["result"])
        except (KeyError, TypeError, ValueError):
            return "Malformed share"
        if len(nonce) != 4 or len(result) != 32:
            return "Malformed share"
        if nonce in job["seen"]:
            return "Duplicate share"
        if int.from_bytes(result[24:], "little") >= target64(job["difficulty"]):
            return "Low difficulty share"
        job["seen"].add(nonce)
        return ""
