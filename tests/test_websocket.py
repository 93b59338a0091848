"""The WebSocket of the fake, in the breadth of Autobahn|Testsuite's sections 1 to 7, 9 and 10, by hand over a socket.

A KAS carries HTTP/2 in binary messages, so what an echo server echoes is here an HTTP/2 PING that is acknowledged, and
text is refused with 1003 whatever it holds.
"""
import os
import socket
import struct
import subprocess

import pytest

from conftest import ROOT
from peers import PEERS, program, python_with
from test_serve import PREFACE, SETTINGS, UPGRADE, address, connect, read_until

CONTINUE, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
LIMIT = 10 * 1024 * 1024


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, length=None):
    n = len(payload) if length is None else length
    size = bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n) if n < 65536 else b"\x7f" + struct.pack(">Q", n)
    head = bytes([fin << 7 | rsv << 4 | opcode, size[0] | masked << 7]) + size[1:]
    if not masked:
        return head + payload
    key = os.urandom(4) if len(payload) < 100_000 else b"\0\0\0\0"
    return head + key + (bytes(b ^ key[i % 4] for i, b in enumerate(payload)) if any(key) else payload)


def h2_ping(word):
    return bytes.fromhex("000008" "06" "00" "00000000") + word


def h2_pong(word):
    return bytes.fromhex("000008" "06" "01" "00000000") + word


def h2_filler(n):
    """n bytes of HTTP/2 frames of an unknown type, which are ignored."""
    out = b""
    while n:
        size = min(n, 16384 + 9)
        if 0 < n - size < 9:
            size -= 9
        out += struct.pack(">I", size - 9)[1:] + b"\xee\0\0\0\0\0" + bytes(size - 9)
        n -= size
    return out


class Peer:
    def __init__(self, announced, transport="ws"):
        self.sock = connect(announced, transport)
        self.sock.sendall(UPGRADE)
        self.bytes = read_until(self.sock, b"\r\n\r\n").split(b"\r\n\r\n", 1)[1]
        self.stream = b""
        self.sock.sendall(frame(BINARY, PREFACE))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def take(self, n):
        while len(self.bytes) < n:
            some = self.sock.recv(65536)
            if not some:
                raise EOFError
            self.bytes += some
        taken, self.bytes = self.bytes[:n], self.bytes[n:]
        return taken

    def read(self):
        """One frame of the server: (opcode, payload). It must be whole, unmasked and without reserved bits."""
        head = self.take(2)
        assert head[0] & 0x70 == 0 and head[1] & 0x80 == 0, head
        n = head[1] & 0x7f
        if n == 126:
            n, = struct.unpack(">H", self.take(2))
        elif n == 127:
            n, = struct.unpack(">Q", self.take(8))
        payload = self.take(n)
        if head[0] & 0xf in (BINARY, CONTINUE):
            self.stream += payload
        return head[0] & 0xf, payload

    def until(self, opcode):
        while True:
            seen, payload = self.read()
            if seen == opcode:
                return payload
            assert seen in (BINARY, CONTINUE), (seen, payload)

    def echoes(self, word=b"fakekas!"):
        while h2_pong(word) not in self.stream:
            opcode, payload = self.read()
            assert opcode in (BINARY, CONTINUE), (opcode, payload)

    def closed_with(self, code):
        payload = self.until(CLOSE)
        assert payload[:2] == (struct.pack(">H", code) if code else b""), payload
        with pytest.raises((EOFError, ConnectionResetError)):  # and nothing behind it
            self.read()
        return payload[2:]


@pytest.fixture(name="peer")
def one_peer(serve):
    _, announced = serve()
    with Peer(announced) as p:
        yield p


SAYS = h2_ping(b"fakekas!")
CASES = {
    # name: (what is sent, the code of the close that follows; None: it goes on)
    "1.1 text": (frame(TEXT, b"hello"), 1003),
    "1.1 empty text": (frame(TEXT), 1003),
    "1.2 empty binary": (frame(BINARY), None),
    "2.1 pong unasked": (frame(PONG), None),
    "2.7 pong with payload": (frame(PONG, b"unsolicited"), None),
    "2.5 ping of 126": (frame(PING, b"x" * 126), 1002),
    "2.5 pong of 126": (frame(PONG, b"x" * 126), 1002),
    **{f"3 rsv {rsv} on binary": (frame(BINARY, SAYS, rsv=rsv), 1002) for rsv in range(1, 8)},
    "3 rsv on ping": (frame(PING, b"x", rsv=4), 1002),
    "3 rsv on close": (frame(CLOSE, b"\x03\xe8", rsv=1), 1002),
    **{f"4 opcode {opcode}": (frame(opcode, b"x"), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "5.1 ping in fragments": (frame(PING, b"a", fin=False) + frame(CONTINUE, b"b"), 1002),
    "5.2 pong in fragments": (frame(PONG, b"a", fin=False) + frame(CONTINUE, b"b"), 1002),
    "5.9 continuation of nothing": (frame(CONTINUE, b"x"), 1002),
    "5.10 continuation of nothing, not final": (frame(CONTINUE, b"x", fin=False), 1002),
    "5.18 a message in a message": (frame(BINARY, b"", fin=False) + frame(BINARY, SAYS), 1002),
    "5.19 pings between fragments": (frame(BINARY, SAYS[:5], fin=False) + frame(PONG) + frame(CONTINUE, SAYS[5:], fin=False) +
                                     frame(CONTINUE, h2_filler(9)), None),
    "6.1 text in fragments": (frame(TEXT, b"", fin=False) + frame(CONTINUE, b""), 1003),
    "6.3 text that is no UTF-8": (frame(TEXT, b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80"), 1003),
    "7.1 close": (frame(CLOSE, b"\x03\xe8"), 1000),
    "7.1 two closes": (frame(CLOSE, b"\x03\xe8") * 2, 1000),
    "7.1 ping after close": (frame(CLOSE, b"\x03\xe8") + frame(PING), 1000),
    "7.1 message after close": (frame(CLOSE, b"\x03\xe8") + frame(BINARY, SAYS), 1000),
    "7.3 close of nothing": (frame(CLOSE), 0),
    "7.3 close of one byte": (frame(CLOSE, b"a"), 1002),
    "7.3 close with the longest reason": (frame(CLOSE, b"\x03\xe8" + b"*" * 123), 1000),
    "7.3 close that is too long": (frame(CLOSE, b"\x03\xe8" + b"*" * 124), 1002),
    "7.5 reason that is no UTF-8": (frame(CLOSE, b"\x03\xe8\xce\xba\xe1\xbd\xb9\xed\xa0\x80"), 1007),
    **{f"7.7 code {code}": (frame(CLOSE, struct.pack(">H", code)), code)
       for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 3000, 3999, 4000, 4999)},
    **{f"7.9 code {code}": (frame(CLOSE, struct.pack(">H", code)), 1002)
       for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)},
    "masks: a frame without one": (frame(BINARY, SAYS, masked=False), 1002),
    "masks: a ping without one": (frame(PING, masked=False), 1002),
    "9 one byte too many": (frame(BINARY, b"x", length=LIMIT + 1), 1009),
    "9 one byte too many, in fragments": (frame(BINARY, h2_filler(100), fin=False) + frame(CONTINUE, b"x", length=LIMIT - 99), 1009),
    "9 a length with its highest bit": (frame(BINARY, length=1 << 63), 1002),
}


@pytest.mark.parametrize("pieces", ["at once", "byte by byte"])
def test_cases(serve, pieces):
    _, announced = serve()
    wrong = {}
    for name, (sent, code) in CASES.items():
        with Peer(announced) as p:
            p.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                step = 1 if pieces == "byte by byte" else len(sent)
                for i in range(0, len(sent), step):
                    p.sock.sendall(sent[i:i + step])
                if code is None:
                    p.sock.sendall(frame(BINARY, SAYS))
                    p.echoes()
                else:
                    p.closed_with(code)
            except (AssertionError, EOFError, OSError) as error:
                wrong[name] = repr(error)
    assert wrong == {}


@pytest.mark.parametrize("size", [9, 125, 126, 127, 128, 65535, 65536, 1 << 20, LIMIT])
def test_sizes(peer, size):
    peer.sock.sendall(frame(BINARY, h2_filler(size)) + frame(BINARY, SAYS))
    peer.echoes()


@pytest.mark.parametrize("fragment", [1, 2, 3, 5, 8, 9, 10, 16, 17])
def test_fragments_cut_http2_anywhere(peer, fragment):
    message = SAYS + h2_filler(200) + h2_ping(b"12345678")
    parts = [message[i:i + fragment] for i in range(0, len(message), fragment)]
    for i, part in enumerate(parts):
        peer.sock.sendall(frame(CONTINUE if i else BINARY, part, fin=i == len(parts) - 1))
    peer.echoes()
    peer.echoes(b"12345678")


@pytest.mark.parametrize("fragment", [64, 1300, 4096, 65536])
def test_large_messages_in_fragments(peer, fragment):
    message = h2_filler((1 << 20) - 17) + SAYS
    out = b"".join(frame(CONTINUE if i else BINARY, message[i:i + fragment], fin=i + fragment >= len(message))
                   for i in range(0, len(message), fragment))
    peer.sock.sendall(out)
    peer.echoes()


def test_pings(peer):
    for payload in (b"", b"\0\xff\xfe", b"x" * 125):
        peer.sock.sendall(frame(PING, payload))
        assert peer.until(PONG) == payload
    words = [b"payload-%d" % i for i in range(10)]
    peer.sock.sendall(b"".join(frame(PING, word) for word in words))
    assert [peer.until(PONG) for _ in words] == words
    peer.sock.sendall(frame(BINARY, SAYS[:7], fin=False) + frame(PING, b"between") + frame(CONTINUE, SAYS[7:]))
    assert peer.until(PONG) == b"between"
    peer.echoes()


def test_says_settings_and_ends_for_who_hangs_up(serve):
    _, announced = serve()
    with Peer(announced) as p:
        p.until(BINARY)
        assert p.stream.startswith(SETTINGS)
        p.sock.shutdown(socket.SHUT_WR)  # 7.1.6: no close frame
        with pytest.raises((EOFError, ConnectionResetError)):
            while True:
                p.read()


# clients of others

PYTHON = r"""
import asyncio, ssl, sys, websockets
# Debian's 10.4 knows no proxies, and no word for none
NO_PROXY = {"proxy": None} if int(websockets.__version__.split(".")[0]) >= 15 else {}
async def main(url):
    context = None
    if url.startswith("wss:"):
        context = ssl.create_default_context(cafile=sys.argv[2])
        context.check_hostname = False
    async with websockets.connect(url, subprotocols=["ws-tunnel"], ssl=context, **NO_PROXY) as ws:
        assert ws.subprotocol == "ws-tunnel"
        await ws.send(bytes.fromhex(sys.argv[3]))
        await asyncio.wait_for(await ws.ping(b"hello"), 5)
        seen = b""
        while bytes.fromhex(sys.argv[4]) not in seen:
            seen += await asyncio.wait_for(ws.recv(), 5)
        await ws.send("text")
        try:
            await asyncio.wait_for(ws.recv(), 5)
        except websockets.ConnectionClosedError as error:
            print(error.rcvd.code, error.rcvd.reason)
asyncio.run(main(sys.argv[1]))
"""
OPENING, ANSWER = (PREFACE + SAYS).hex(), h2_pong(b"fakekas!").hex()
REFUSED = "1003 unexpected frame type read (expected MessageBinary): MessageText"


@pytest.mark.parametrize("transport", ["ws", "wss"])
def test_python_websockets(serve, transport):
    python = python_with("websockets", "apt-get install python3-websockets")
    _, announced = serve()
    host, port = address(announced, transport)
    run = subprocess.run([python, "-c", PYTHON, f"{transport}://{host}:{port}/", announced["ca_file"], OPENING, ANSWER],
                         capture_output=True, text=True, timeout=30, check=False)
    assert run.stdout.strip() == REFUSED, run.stdout + run.stderr


@pytest.fixture(name="wsclient", scope="module")
def go_wsclient(tmp_path_factory):
    go = program("go", "its modules come from the Go module proxy")
    out = tmp_path_factory.mktemp("go") / "wsclient"
    built = subprocess.run([go, "build", "-o", out, "."], cwd=ROOT / "tools" / "peers" / "wsclient", capture_output=True,
                           text=True, timeout=300, check=False)
    if built.returncode != 0:
        pytest.skip(f"tools/peers/wsclient is not to be built here: {built.stderr.strip()[-300:]}")
    return out


@pytest.mark.parametrize("transport", ["ws", "wss"])
@pytest.mark.parametrize("library", ["nhooyr", "gorilla"])
def test_go_clients(serve, wsclient, library, transport):
    _, announced = serve()
    host, port = address(announced, transport)
    run = subprocess.run([wsclient, library, f"{transport}://{host}:{port}/", announced["ca_file"], OPENING, ANSWER],
                         capture_output=True, text=True, timeout=30, check=False)
    assert run.stdout.strip() == REFUSED, run.stdout + run.stderr
