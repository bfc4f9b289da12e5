#!/usr/bin/env python3
"""A job server for honest workers: gives jobs, checks answers, prints one JSON line an event.

On one port it speaks JSON lines (JSON-RPC like), WebSocket (text frames) and plain HTTP (GET /work, POST /result). In mode
`pull` a worker gets the next job when it has answered; in mode `push` a new job comes every 20 to 120 s and answers come whenever
something is found - the shape of a conversation with a mining pool.
"""
import argparse
import asyncio
import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import jobs  # noqa: E402
import wire  # noqa: E402


def log(event, **fields):
    print(json.dumps({"event": event, "time": round(time.time(), 3), **fields}), flush=True)


class Desk:
    """Makes jobs and judges answers of one kind."""

    def __init__(self, kind, seed):
        self.random = random.Random(seed)
        self.make, self.check = jobs.KINDS[kind]
        self.open, self.count = {}, 0

    def next_job(self):
        self.count += 1
        self.open[self.count] = self.make(self.random)
        if len(self.open) > 4:
            del self.open[next(iter(self.open))]
        return {"jsonrpc": "2.0", "id": self.count, "method": "job", "params": self.open[self.count]}

    def judge(self, message):
        job, result = self.open.get(message.get("id")), message.get("result")
        units = 0
        if job and isinstance(result, dict):
            try:
                units = self.check(job, result)
            except (KeyError, TypeError, ValueError):
                units = 0
        log("done" if units else "wrong", job=message.get("id"), units=units)
        return bool(units)


class LineChannel:
    def __init__(self, reader, writer, first):
        self.reader, self.writer, self.first = reader, writer, first

    async def receive(self):
        line, self.first = self.first or await self.reader.readline(), b""
        return json.loads(line) if line else None

    def send(self, message):
        self.writer.write(json.dumps(message).encode() + b"\n")


class SocketChannel(LineChannel):
    async def receive(self):
        try:
            head = await self.reader.readexactly(2)
            while not wire.frame_size(head):
                head += await self.reader.readexactly(1)
            at, size, masked = wire.frame_size(head)
            body = await self.reader.readexactly(size)
        except asyncio.IncompleteReadError:
            return None
        key = head[at - 4:at] if masked else bytes(4)
        return json.loads(bytes(b ^ key[i % 4] for i, b in enumerate(body))) if head[0] & 15 == 1 else None

    def send(self, message):
        self.writer.write(wire.frame(json.dumps(message).encode()))


class Server:
    def __init__(self, options):
        self.options = options
        self.desk = Desk(options.kind, options.seed)
        self.random = random.Random(options.seed)

    async def connected(self, reader, writer):
        log("connect", peer=writer.get_extra_info("peername")[0])
        try:
            first = await reader.readline()
            if not first.startswith((b"GET ", b"POST ")):
                return await self.converse(LineChannel(reader, writer, first))
            fields = await self.read_fields(reader)
            if "sec-websocket-key" not in fields:
                return await self.serve_http(reader, writer, first, fields)
            accept = wire.accept_key(fields["sec-websocket-key"])
            writer.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
            await self.converse(SocketChannel(reader, writer, b""))
        except (ConnectionError, ValueError, asyncio.IncompleteReadError) as error:
            log("broken", why=str(error)[:100])
        finally:
            writer.close()

    async def read_fields(self, reader):
        fields = {}
        while line := (await reader.readline()).decode("latin-1").strip():
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        return fields

    async def converse(self, channel):
        if not await channel.receive():   # hello
            return
        channel.send(self.desk.next_job())
        pusher = asyncio.create_task(self.push(channel)) if self.options.mode == "push" else None
        try:
            while message := await channel.receive():
                if message.get("method") == "progress":
                    continue
                good = self.desk.judge(message)
                await asyncio.sleep(self.random.uniform(0.01, 0.3))
                channel.send({"jsonrpc": "2.0", "id": message.get("id"), "result": good})
                if not pusher:
                    channel.send(self.desk.next_job())
        finally:
            if pusher:
                pusher.cancel()

    async def push(self, channel):
        while True:
            await asyncio.sleep(min(120, 20 + self.random.expovariate(1 / 30)))
            channel.send(self.desk.next_job())

    async def serve_http(self, reader, writer, first, fields):
        """Keep-alive HTTP/1.1: GET /work gives a job, POST /result takes an answer."""
        while first:
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            if first.startswith(b"GET /work"):
                answer = self.desk.next_job()
            else:
                answer = {"result": self.desk.judge(json.loads(body))}
            payload = json.dumps(answer).encode()
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n".encode() + payload)
            await writer.drain()
            if first := await reader.readline():
                fields = await self.read_fields(reader)

    async def run(self):
        server = await asyncio.start_server(self.connected, self.options.host, self.options.port, limit=1 << 20)
        log("listening", host=self.options.host, port=self.options.port, kind=self.options.kind)
        async with server:
            await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=sorted(jobs.KINDS))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7777)
    parser.add_argument("--mode", choices=("pull", "push"), default="pull")
    parser.add_argument("--seed", type=int, default=None)
    asyncio.run(Server(parser.parse_args()).run())


if __name__ == "__main__":
    main()
