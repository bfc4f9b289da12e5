#!/usr/bin/env python3
"""A client of a NATS server: one connection listens, one publishes, whole messages are counted. Prints what was delivered every 3 s."""
import os
import socket
import threading
import time

BODY = b"x" * 200
delivered = [0]


def connect():
    for attempt in range(40):
        try:
            link = socket.create_connection((os.environ["HOST"], int(os.environ["PORT"])))
            break
        except OSError:
            if attempt == 39:
                raise
            time.sleep(0.5)
    stream = link.makefile("rb")
    if not stream.readline().startswith(b"INFO "):
        raise SystemExit("no NATS server here")
    link.sendall(b'CONNECT {"verbose": false}\r\n')
    return link, stream


def publish():
    """In batches, each followed by a ping, so that it never runs far ahead."""
    link, stream = connect()
    while True:
        link.sendall(b"".join(b"PUB work.%d %d\r\n%s\r\n" % (i, len(BODY), BODY) for i in range(100)) + b"PING\r\n")
        while stream.readline() != b"PONG\r\n":
            pass


def listen():
    link, stream = connect()
    link.sendall(b"SUB work.* 1\r\n")
    threading.Thread(target=publish, daemon=True).start()
    while line := stream.readline():
        if line.startswith(b"MSG "):
            if stream.readline() != BODY + b"\r\n":
                raise SystemExit("not what was published")
            delivered[0] += 1
        elif line == b"PING\r\n":
            link.sendall(b"PONG\r\n")
    raise SystemExit("the server closed the connection")


def tell():
    while True:
        time.sleep(3)
        print("delivered", delivered[0], flush=True)
        delivered[0] = 0


threading.Thread(target=tell, daemon=True).start()
listen()
