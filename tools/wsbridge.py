#!/usr/bin/python3
"""TCP in, WebSocket out: carries the bytes of each connection as binary messages, as an agent does. For peers that speak
HTTP/2 but not the WebSocket below it (h2spec, grpcurl, grpc-go). A test tool; loopback only.

    wsbridge.py HOST:PORT [PATH]      prints the address that it listens on
"""
import asyncio
import base64
import os
import struct
import sys


async def upgrade(reader, writer, host, path):
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write((f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                  "Sec-WebSocket-Protocol: ws-tunnel\r\n\r\n").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101 "):
        raise ConnectionError(head.decode("latin-1"))


def frame(opcode, payload):
    n = len(payload)
    length = bytes([0x80 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n) if n < 65536 else b"\xff" + struct.pack(">Q", n)
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload  # a mask of zeros masks, and costs nothing


async def read_frame(reader):
    head = await reader.readexactly(2)
    n = head[1] & 0x7f
    if n == 126:
        n, = struct.unpack(">H", await reader.readexactly(2))
    elif n == 127:
        n, = struct.unpack(">Q", await reader.readexactly(8))
    return head[0] & 0xf, await reader.readexactly(n)


async def to_websocket(reader, writer):
    while data := await reader.read(65536):
        writer.write(frame(2, data))
        await writer.drain()
    writer.write(frame(8, struct.pack(">H", 1000)))


async def from_websocket(reader, writer, out):
    while True:
        opcode, payload = await read_frame(reader)
        if opcode == 8:
            return
        if opcode == 9:
            out.write(frame(10, payload))
        elif opcode in (0, 1, 2):
            writer.write(payload)
            await writer.drain()


async def carry(reader, writer, host, port, path):
    out = None
    try:
        back, out = await asyncio.open_connection(host, port)
        await upgrade(back, out, f"{host}:{port}", path)
        tasks = [asyncio.ensure_future(to_websocket(reader, out)), asyncio.ensure_future(from_websocket(back, writer, out))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    except (OSError, asyncio.IncompleteReadError) as error:
        print(f"wsbridge: {error!r}", file=sys.stderr, flush=True)
    finally:
        for w in (writer, out):
            if w is not None:
                w.close()


async def main(target, path="/-/kubernetes-agent/"):
    host, port = target.rsplit(":", 1)
    server = await asyncio.start_server(lambda r, w: carry(r, w, host, int(port), path), "127.0.0.1", 0)
    print("%s:%d" % server.sockets[0].getsockname()[:2], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass
