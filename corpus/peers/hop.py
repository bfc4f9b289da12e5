#!/usr/bin/env python3
"""Something between a program and its peer: takes connections and hands their bytes on.

  hop.py relay     --listen 127.0.0.1:PORT --to HOST:PORT     as it comes
  hop.py tls       --listen 127.0.0.1:PORT --to HOST:PORT     outwards in TLS; the certificate is not asked for
  hop.py websocket --listen 127.0.0.1:PORT --to HOST:PORT     outwards a line a WebSocket text frame
  hop.py socks     --listen HOST:PORT                         a SOCKS 5 proxy without login

It connects only to loopback and private addresses.
"""
import argparse
import asyncio
import ipaddress
import socket
import ssl
import struct
import sys

PIECE = 65536


def private(host):
    address = ipaddress.ip_address(host)
    if address.is_unspecified or not (address.is_loopback or address.is_private):
        raise OSError(f"{host} is not a loopback or private address")
    return host


def address_of(text):
    host, _, port = text.rpartition(":")
    return private(host), int(port)


async def pump(reader, writer):
    try:
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def join(one, other):
    await asyncio.gather(pump(one[0], other[1]), pump(other[0], one[1]))


async def relay(reader, writer, to, context=None):
    await join((reader, writer), await asyncio.open_connection(*to, ssl=context))


def careless_context():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def frames(reader, writer, to):
    import websockets  # Debian's python3-websockets
    async with websockets.connect(f"ws://{to[0]}:{to[1]}/") as link:
        async def inwards():
            async for text in link:
                writer.write((text if isinstance(text, bytes) else text.encode()) + b"\n")
                await writer.drain()
            writer.close()

        async def outwards():
            while line := await reader.readline():
                await link.send(line.decode().rstrip("\n"))
            await link.close()
        await asyncio.gather(inwards(), outwards())


async def socks_target(reader, writer):
    """RFC 1928: a greeting without login, then CONNECT by IPv4 address or by name (which must be an address)."""
    version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(b"\x05\x00")
    version, command, _, kind = await reader.readexactly(4)
    if version != 5 or command != 1 or kind not in (1, 3):
        writer.write(b"\x05\x07\x00\x01" + bytes(6))
        raise OSError("only CONNECT to an IPv4 address")
    if kind == 1:
        host = socket.inet_ntoa(await reader.readexactly(4))
    else:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    return private(host), struct.unpack(">H", await reader.readexactly(2))[0]


async def socks(reader, writer):
    to = await socks_target(reader, writer)
    other = await asyncio.open_connection(*to)
    writer.write(b"\x05\x00\x00\x01" + bytes(6))
    await join((reader, writer), other)


def handler(options):
    if options.kind == "socks":
        return lambda reader, writer: socks(reader, writer)
    to = address_of(options.to)
    if options.kind == "websocket":
        return lambda reader, writer: frames(reader, writer, to)
    context = careless_context() if options.kind == "tls" else None
    return lambda reader, writer: relay(reader, writer, to, context)


async def serve(options):
    handle = handler(options)

    async def connected(reader, writer):
        try:
            await handle(reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            print(f"hop: {error}", file=sys.stderr, flush=True)
        finally:
            writer.close()
    server = await asyncio.start_server(connected, *address_of(options.listen))
    print(f"hop: {options.kind} on port {server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


def parse(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("relay", "tls", "websocket", "socks"))
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--to", metavar="HOST:PORT")
    options = parser.parse_args(words)
    if options.kind != "socks" and not options.to:
        parser.error(f"{options.kind} needs --to HOST:PORT")
    return options


if __name__ == "__main__":
    try:
        asyncio.run(serve(parse()))
    except (OSError, ValueError) as problem:
        sys.exit(f"hop: {problem}")
