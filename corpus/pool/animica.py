"""Animica's dialect: methods as in Stratum v1, parameters by name, SHA3-256 over the job's bytes and a nonce. Every share is recomputed."""
import hashlib
import math

FULL = (1 << 256) - 1


def digest(job, nonce):
    wire = job["wire"]
    data = bytes.fromhex(wire["signBytes"][2:]) + bytes.fromhex(wire["mixSeed"][2:]) + nonce.to_bytes(8, "little")
    return int.from_bytes(hashlib.sha3_256(data).digest(), "big")


class Dialect:
    name = "animica"

    def __init__(self, random, algorithm="sha3-256"):
        self.random, self.algorithm = random, algorithm

    def new_job(self, hashes):
        """`hashes`: expected hashes a share; on the wire it is their logarithm, in millionths."""
        ident = self.random.randbytes(16).hex()
        wire = {"jobId": ident, "signBytes": "0x" + self.random.randbytes(240).hex(), "mixSeed": "0x" + self.random.randbytes(32).hex(),
                "thetaMicro": int(math.log(max(2.0, hashes)) * 1e6), "shareTarget": 1.0}
        return {"id": ident, "difficulty": hashes, "wire": wire, "seen": set()}

    def announce(self, job, _clean):
        difficulty = {key: job["wire"][key] for key in ("thetaMicro", "shareTarget")}
        return [{"jsonrpc": "2.0", "method": "mining.set_difficulty", "params": difficulty},
                {"jsonrpc": "2.0", "method": "mining.notify", "params": job["wire"]}]

    def handle(self, session, message):
        method, params, ident = message.get("method"), message.get("params") or {}, message.get("id")
        answer = {"jsonrpc": "2.0", "id": ident}
        if method == "mining.subscribe":
            session.agent = str(params.get("agent", ""))[:80]
            return [{**answer, "result": {"sessionId": session.ident}}]
        if method == "mining.authorize":
            session.worker = str(params.get("worker", ""))[:40]
            return [{**answer, "result": {"ok": True}}] + self.announce(session.give_job(), True)
        if method == "mining.submit":
            problem = session.judge(params.get("jobId"), lambda job: self.check(job, params))
            if problem:
                return [{**answer, "error": {"code": -32000, "message": problem}}]
            return [{**answer, "result": {"accepted": True, "isBlock": False}}]
        return [{**answer, "error": {"code": -32601, "message": "Unknown method"}}]

    def check(self, job, params):
        try:
            nonce = int(params["hashshare"]["nonce"], 16)
            value = digest(job, nonce)
        except (KeyError, TypeError, ValueError, OverflowError):
            return "Malformed share"
        if nonce in job["seen"]:
            return "Duplicate share"
        if value > FULL * math.exp(-job["wire"]["thetaMicro"] / 1e6):
            return "Low difficulty share"
        job["seen"].add(nonce)
        return ""
