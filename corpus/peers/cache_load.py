#!/usr/bin/env python3
"""A client of a memcached server: sets and gets over one long connection, counts whole answers. Prints what was served every 3 s."""
import os
import socket
import time


def main():
    for _ in range(40):
        try:
            link = socket.create_connection((os.environ["HOST"], int(os.environ["PORT"])))
            break
        except OSError:
            time.sleep(0.5)
    stream, value, number, served, told = link.makefile("rb"), b"x" * 300, 0, 0, time.time()
    while True:
        keys = [b"k%d" % (number + i) for i in range(20)]
        number = (number + 20) % 100000
        link.sendall(b"".join(b"set %s 0 0 300\r\n%s\r\nget %s\r\n" % (key, value, key) for key in keys))
        for _ in keys:
            if stream.readline() != b"STORED\r\n" or not stream.readline().startswith(b"VALUE "):
                raise SystemExit("an answer of another kind")
            if stream.readline().rstrip() != value or stream.readline() != b"END\r\n":
                raise SystemExit("not what was stored")
            served += 2
        if time.time() - told > 3:
            print("served", served, flush=True)
            served, told = 0, time.time()


main()
