#!/usr/bin/env python3
"""A password service: batches of users come as JSON lines, their passwords are hashed with Argon2id on every thread, the hashes go back."""
import concurrent.futures
import os
import sys

from argon2.low_level import Type, hash_secret_raw

import wire


def main():
    link = wire.Lines(sys.argv[1], int(sys.argv[2]))
    link.send({"jsonrpc": "2.0", "method": "hello", "params": {"kind": "vault"}})
    team = concurrent.futures.ThreadPoolExecutor(int(os.environ.get("THREADS", "2")))
    while True:
        message = link.receive()
        if message.get("method") != "job":
            continue
        job = message["params"]

        def one(user):
            return hash_secret_raw(f"password of {user[0]}".encode(), bytes.fromhex(user[1]), job["passes"], job["kib"], 1, 32, Type.ID).hex()
        link.send({"jsonrpc": "2.0", "id": message["id"], "result": {"hashes": list(team.map(one, job["users"]))}})


main()
