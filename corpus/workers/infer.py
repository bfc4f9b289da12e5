#!/usr/bin/env python3
"""A model-inference worker: a small transformer in numpy generates tokens for prompts that arrive over a WebSocket."""
import sys

import numpy as np

import wire

WIDTH, LAYERS, WORDS = 512, 6, 4000


class Model:
    """Random weights, real arithmetic: attention, feed-forward, greedy decoding."""

    def __init__(self):
        source = np.random.default_rng(1)

        def weights(*shape):
            return source.standard_normal(shape).astype("f4") / np.sqrt(shape[0])
        self.embed = weights(WORDS, WIDTH)
        self.layers = [(weights(WIDTH, 3 * WIDTH), weights(WIDTH, WIDTH), weights(WIDTH, 4 * WIDTH), weights(4 * WIDTH, WIDTH)) for _ in range(LAYERS)]

    def next_token(self, tokens):
        x = self.embed[tokens]
        mask = np.triu(np.full((len(tokens), len(tokens)), -1e9, "f4"), 1)
        for qkv, out, up, down in self.layers:
            q, k, v = np.split(norm(x) @ qkv, 3, axis=1)
            score = q @ k.T / np.sqrt(WIDTH) + mask
            score = np.exp(score - score.max(axis=1, keepdims=True))
            x = x + (score / score.sum(axis=1, keepdims=True)) @ v @ out
            x = x + np.maximum(norm(x) @ up, 0) @ down
        return int(np.argmax(norm(x)[-1] @ self.embed.T))


def norm(x):
    return (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-5)


def generate(model, tokens, steps):
    made = []
    for _ in range(steps):
        made.append(model.next_token((tokens + made)[-256:]))
    return made


def main():
    model = Model()
    link = wire.WebSocket(sys.argv[1], int(sys.argv[2]))
    link.send({"jsonrpc": "2.0", "method": "hello", "params": {"kind": "infer"}})
    while True:
        message = link.receive()
        if message.get("method") == "job":
            made = generate(model, message["params"]["tokens"], message["params"]["steps"])
            link.send({"jsonrpc": "2.0", "id": message["id"], "result": {"tokens": made}})


main()
