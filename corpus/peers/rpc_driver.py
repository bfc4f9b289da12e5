#!/usr/bin/env python3
"""Stands outside a node's container: tells it by RPC to mine (or only asks how it is), and prints what it says.

One JSON line every few seconds: {"time", "hashrate", "height", "answers"}; "answers" counts the answered requests. In the first with a
hash rate "dataset_ms" says how long that was after the order to mine was accepted: the node builds its dataset and makes up its mind.
"""
import argparse
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


def call(url, method, params, path="/json_rpc"):
    """JSON-RPC at `path`; with path None a plain endpoint named like the method, as Monero has some."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params} if path is not None else params)
    target = url + (f"/{method}" if path is None else path or "/")
    request = urllib.request.Request(target, body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        reply = json.load(answer)
    return reply.get("result", reply) if path is not None else reply


class Monerod:
    """Monero's daemon: /start_mining and /mining_status are plain endpoints, get_info is JSON-RPC."""

    # The well-known address of Monero's general fund; on an offline regtest chain it receives nothing.
    ADDRESS = ("44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A")

    def __init__(self, url):
        self.url = url

    def mine(self, threads):
        reply = call(self.url, "start_mining", {"miner_address": self.ADDRESS, "threads_count": threads,
                                                "do_background_mining": False, "ignore_battery": True}, None)
        if reply.get("status") != "OK":
            raise OSError(f"start_mining: {reply.get('status')}")

    def state(self):
        info = call(self.url, "get_info", {})
        mining = call(self.url, "mining_status", {}, None)
        return mining.get("speed", 0) if mining.get("active") else 0, info.get("height", 0)


class Geth:
    """go-ethereum mines, or not, as its own flags say."""

    def __init__(self, url):
        self.url = url

    def mine(self, threads):
        """Told by its flags."""

    def state(self):
        return call(self.url, "eth_getHashrate", [], "/"), int(call(self.url, "eth_blockNumber", [], "/"), 16)


class Hsd:
    """Handshake's node: its miner's rate stands in its log only; here 1 says that it mines."""

    def __init__(self, url):
        self.url = url

    def mine(self, threads):
        if call(self.url, "setgenerate", [True, threads], "/") is not True:
            raise OSError("setgenerate was refused")

    def state(self):
        return int(call(self.url, "getgenerate", [], "/")), call(self.url, "getblockcount", [], "/")


class Sia:
    """siad: plain endpoints; its miner needs a wallet that is unlocked. One CPU thread, whatever is asked for."""

    def __init__(self, url):
        self.url = url

    def ask(self, path, **fields):
        body = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(self.url + path, body, {"User-Agent": "Sia-Agent"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"{}")

    def mine(self, threads):
        wallet = self.ask("/wallet")
        if not wallet["encrypted"]:
            self.ask("/wallet/init", encryptionpassword="x")
        if not wallet["unlocked"]:
            self.ask("/wallet/unlock", encryptionpassword="x")
        self.ask("/miner/start")

    def state(self):
        miner = self.ask("/miner")
        return miner["cpuhashrate"] if miner["cpumining"] else 0, self.ask("/consensus")["height"]


KINDS = {"geth": Geth, "hsd": Hsd, "monerod": Monerod, "sia": Sia}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("url")
    parser.add_argument("--mine", type=int, default=0, metavar="THREADS", help="start mining with so many threads")
    parser.add_argument("--every", type=float, default=2, help="seconds between questions (default 2)")
    options = parser.parse_args()
    node = KINDS[options.kind](options.url)
    asked, answers, hashed = None, 0, False
    while True:
        try:
            if options.mine and not asked:
                node.mine(options.mine)
                asked = time.time()
            hashrate, height = node.state()
            answers += 1
            told = {"time": round(time.time(), 2), "hashrate": hashrate, "height": height, "answers": answers}
            if hashrate and asked and not hashed:
                hashed = True
                told["dataset_ms"] = round(1000 * (time.time() - asked))
            print(json.dumps(told), flush=True)
        except (OSError, urllib.error.URLError, ValueError) as error:
            print(json.dumps({"time": round(time.time(), 2), "waiting": str(error)[:100]}), flush=True)
            time.sleep(1)
            continue
        time.sleep(options.every)


if __name__ == "__main__":
    sys.exit(main())
