#!/usr/bin/env python3
"""A recommender worker: ratings are described by a pushed job, the hidden factors are found by alternating least squares in numpy, and after
each group of sweeps the ratings that the server asks for are foretold."""
import sys
import threading

import numpy as np

import wire

STEP = np.uint64(6364136223846793005)
PLUS = np.uint64(1442695040888963407)
latest = [None]


def hidden(job, kind, count):
    """The factors as searches.py makes them, for all rows at once."""
    state = np.uint64(job["seed"] * 4 + kind) + np.arange(count, dtype=np.uint64) * np.uint64(16)
    state = state * STEP + PLUS
    columns = []
    for _ in range(job["rank"]):
        state = state * STEP + PLUS
        columns.append((state >> np.uint64(33)) % np.uint64(2001) / 1000 - 1)
    return np.stack(columns, axis=1)


def solve(known, ratings, factors, rank):
    """The best factors of each row, given those of the columns and which ratings are known."""
    squares = (factors[:, :, None] * factors[:, None, :]).reshape(len(factors), -1)
    left = (known @ squares).reshape(-1, rank, rank) + 0.05 * np.eye(rank)
    return np.linalg.solve(left, (ratings @ factors)[:, :, None])[:, :, 0]


def factorise(message, link):
    """Sweeps until the next job comes; new noise and another choice of known ratings after every six."""
    job, source = message["params"], np.random.default_rng(message["id"])
    truth = hidden(job, 0, job["users"]) @ hidden(job, 1, job["items"]).T
    while latest[0] is message:
        known = (source.random(truth.shape) < 0.15).astype("f8")
        ratings = known * (truth + source.normal(0, 0.1, truth.shape))
        items = source.normal(0, 0.5, (job["items"], job["rank"]))
        for _ in range(6):
            users = solve(known, ratings, items, job["rank"])
            items = solve(known.T, ratings.T, users, job["rank"])
            if latest[0] is not message:
                return
        told = [round(float(users[user] @ items[item]), 3) for user, item in job["probes"]]
        link.send({"jsonrpc": "2.0", "id": message["id"], "result": {"sweeps": 6, "told": told}})


def listen(link, news):
    while True:
        message = link.receive()
        if message.get("method") == "job":
            latest[0] = message
            news.set()


def main():
    link, news = wire.Lines(sys.argv[1], int(sys.argv[2])), threading.Event()
    link.send({"jsonrpc": "2.0", "method": "hello", "params": {"kind": "factors"}})
    listener = threading.Thread(target=listen, args=(link, news), daemon=True)
    listener.start()
    news.wait()
    while listener.is_alive():
        factorise(latest[0], link)


main()
