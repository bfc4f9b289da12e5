"""What carries the pool's lines: plain TCP, TLS, or WebSocket text frames. Each gives a session a reader and a writer of lines."""
import asyncio
import pathlib
import ssl
import subprocess
import tempfile

CARRIERS = ("tcp", "tls", "websocket")


def server_context():
    """TLS with a certificate that is made now and signed by itself, as those of private pools are."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = pathlib.Path(folder) / "key", pathlib.Path(folder) / "certificate"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=pool.internal",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


class Frames:
    """A WebSocket connection as a reader and a writer of lines: one text frame a line."""

    def __init__(self, link):
        self.link, self.waiting = link, b""

    async def readline(self):
        async for text in self.link:
            return (text if isinstance(text, bytes) else text.encode()) + b"\n"
        return b""

    def write(self, data):
        self.waiting += data

    async def drain(self):
        lines, self.waiting = self.waiting.split(b"\n"), b""
        for line in filter(None, lines):
            await self.link.send(line.decode())

    def close(self):
        asyncio.ensure_future(self.link.close())

    def get_extra_info(self, _):
        return self.link.remote_address


async def listen(carrier, connected, host, port, limit):
    """A server that calls `connected(reader, writer)`; returns (server, port)."""
    if carrier == "websocket":
        import websockets  # Debian's python3-websockets: only this carrier needs it

        async def framed(link, *_):
            frames = Frames(link)
            await connected(frames, frames)
        server = await websockets.serve(framed, host, port, max_size=limit)
        return server, server.sockets[0].getsockname()[1]
    context = server_context() if carrier == "tls" else None
    server = await asyncio.start_server(connected, host, port, limit=limit, ssl=context)
    return server, server.sockets[0].getsockname()[1]
