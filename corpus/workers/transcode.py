#!/usr/bin/env python3
"""A transcoding worker: takes jobs over a long JSON-line connection, encodes with ffmpeg, reports frames and bytes."""
import os
import re
import subprocess
import sys
import threading

import wire


FAST = {"libvpx": ("-deadline", "realtime", "-cpu-used", "5")}


def encode(job):
    words = ["ffmpeg", "-v", "error", "-stats", "-y", "-f", "lavfi", "-i", f"{job['pattern']}=s={job['size']}:r=30", "-frames:v", str(job["frames"]),
             "-c:v", job["codec"], *FAST.get(job["codec"], ()), "-threads", os.environ.get("THREADS", "2"), "/tmp/out.mkv"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    frames = [int(n) for n in re.findall(r"frame=\s*(\d+)", done.stderr)]
    return {"frames": frames[-1], "bytes": os.path.getsize("/tmp/out.mkv")}


def main():
    link = wire.Lines(sys.argv[1], int(sys.argv[2]))
    lock = threading.Lock()

    def alive():
        with lock:
            link.send({"jsonrpc": "2.0", "method": "progress", "params": {"alive": True}})
        again = threading.Timer(20, alive)
        again.daemon = True
        again.start()
    link.send({"jsonrpc": "2.0", "method": "hello", "params": {"kind": "transcode"}})
    alive()
    while True:
        message = link.receive()
        if message.get("method") == "job":
            result = encode(message["params"])
            with lock:
                link.send({"jsonrpc": "2.0", "id": message["id"], "result": result})


main()
