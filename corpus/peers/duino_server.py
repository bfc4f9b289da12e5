#!/usr/bin/env python3
"""A Duino-Coin server for its miners: hands out a SHA-1 to be found by counting, checks the count. One JSON line a share, as the pool prints.

Usage: duino_server.py HOST PORT DIFFICULTY SEED. A job takes 50 times the difficulty in hashes on average.
"""
import hashlib
import json
import random
import socketserver
import sys
import time

source = random.Random(sys.argv[4])
DIFFICULTY = int(sys.argv[3])


def log(event, **fields):
    print(json.dumps({"event": event, "time": round(time.time(), 3), **fields}), flush=True)


class Miner(socketserver.BaseRequestHandler):
    def handle(self):
        log("connect", peer=self.client_address[0])
        self.request.sendall(b"3.0")
        count = 0
        while asked := self.request.recv(1024):
            if asked.startswith(b"JOB,"):
                before, number = source.randbytes(20).hex(), source.randrange(100 * DIFFICULTY)
                self.request.sendall(f"{before},{hashlib.sha1(f'{before}{number}'.encode()).hexdigest()},{DIFFICULTY}".encode())
                continue
            time.sleep(source.uniform(0.02, 0.15))
            if asked.split(b",")[0] == str(number).encode():
                count += 1
                log("accepted", difficulty=number + 1, count=count)
                self.request.sendall(b"GOOD")
            else:
                log("rejected")
                self.request.sendall(b"BAD")
        log("disconnect", accepted=count)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


if __name__ == "__main__":
    Server((sys.argv[1], int(sys.argv[2])), Miner).serve_forever()
