"""The two ways workers talk to the job server: JSON lines over TCP, and JSON text frames over WebSocket (RFC 6455)."""
import base64
import hashlib
import json
import os
import socket
import struct
import time

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def frame(payload, mask=False):
    """One text frame; clients must mask."""
    size = len(payload)
    first = 0x80 if mask else 0
    if size < 126:
        head = bytes([0x81, first | size])
    elif size <= 0xFFFF:
        head = bytes([0x81, first | 126]) + struct.pack(">H", size)
    else:
        head = bytes([0x81, first | 127]) + struct.pack(">Q", size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))


def frame_size(head):
    """(bytes of header, bytes of payload, masked) once `head` holds enough, else None."""
    if len(head) < 2:
        return None
    size, masked, at = head[1] & 127, bool(head[1] & 128), 2
    extra = {126: 2, 127: 8}.get(size, 0)
    if len(head) < 2 + extra + 4 * masked:
        return None
    if extra:
        size, at = int.from_bytes(head[2:2 + extra], "big"), 2 + extra
    return at + 4 * masked, size, masked


def connect(host, port):
    """A TCP connection; tries for 20 s, as workers do that start before their server."""
    for attempt in range(40):
        try:
            return socket.create_connection((host, port))
        except OSError:
            if attempt == 39:
                raise
            time.sleep(0.5)


class Lines:
    """JSON lines over TCP, for a worker."""

    def __init__(self, host, port):
        self.socket = connect(host, port)
        self.stream = self.socket.makefile("rb")

    def send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        line = self.stream.readline()
        if not line:
            raise ConnectionError("the job server closed the connection")
        return json.loads(line)


class WebSocket:
    """JSON text frames over WebSocket, for a worker."""

    def __init__(self, host, port):
        self.socket = connect(host, port)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /jobs HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        if b" 101 " not in self.stream.readline():
            raise ConnectionError("no WebSocket here")
        while self.stream.readline().strip():
            pass

    def send(self, message):
        self.socket.sendall(frame(json.dumps(message).encode(), mask=True))

    def receive(self):
        head = self.stream.read(2)
        while head and not frame_size(head):
            head += self.stream.read(1)
        if not head:
            raise ConnectionError("the job server closed the connection")
        _, size, _ = frame_size(head)
        return json.loads(self.stream.read(size))
