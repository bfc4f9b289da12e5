#!/usr/bin/env python3
"""A chess analysis worker: positions come over a long JSON-line connection, stockfish thinks, depth reports go back while it does."""
import os
import re
import subprocess
import sys
import time

import wire


class Engine:
    def __init__(self):
        self.process = subprocess.Popen(["stockfish"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.say(f"setoption name Threads value {os.environ.get('THREADS', '2')}", "setoption name Hash value 256")

    def say(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def think(self, fen, milliseconds, report):
        self.say(f"position fen {fen}", f"go movetime {milliseconds}")
        nodes, told = 0, time.time()
        for line in self.process.stdout:
            if found := re.search(r" nodes (\d+)", line):
                nodes = int(found.group(1))
            if time.time() - told > 2:
                report({"nodes": nodes})
                told = time.time()
            if line.startswith("bestmove"):
                return {"move": line.split()[1], "nodes": nodes}
        raise SystemExit("the engine ended")


def main():
    engine = Engine()
    link = wire.Lines(sys.argv[1], int(sys.argv[2]))
    link.send({"jsonrpc": "2.0", "method": "hello", "params": {"kind": "chess"}})
    while True:
        message = link.receive()
        if message.get("method") == "job":
            job = message["params"]
            result = engine.think(job["fen"], job["milliseconds"], lambda state: link.send({"jsonrpc": "2.0", "method": "progress", "params": state}))
            link.send({"jsonrpc": "2.0", "id": message["id"], "result": result})


main()
