"""What must not bring a fake down: bad input on every listener, silent crowds, killed agents, full disks, kill -9."""
import base64
import json
import os
import random
import resource
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest

SETTINGS = bytes.fromhex("000006040000000000000500004000")
UPGRADE = ("GET /-/kubernetes-agent/ HTTP/1.1\r\nHost: kas\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"0" * 16).decode() +
           "\r\nSec-WebSocket-Protocol: ws-tunnel\r\n\r\n").encode()
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
TRANSPORTS = ("ws", "wss", "grpc", "grpcs")


def address(announced, transport):
    for listener in announced["listeners"]:
        if listener["transport"] == transport:
            host, port = listener["address"].rsplit(":", 1)
            return host, int(port)
    raise AssertionError(f"no {transport} listener in {announced}")


def connect(announced, transport, handshake=True):
    sock = socket.create_connection(address(announced, transport), timeout=10)
    if handshake and transport in ("wss", "grpcs"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if transport == "grpcs":
            context.set_alpn_protocols(["h2"])
        sock = context.wrap_socket(sock)
    return sock


def read_until(sock, wanted):
    seen = b""
    while wanted not in seen:
        some = sock.recv(65536)
        assert some, f"closed after {seen!r}"
        seen += some
    return seen


def serves(announced):
    """Every listener still answers an agent as KAS does: with its SETTINGS."""
    for transport in TRANSPORTS:
        with connect(announced, transport) as sock:
            sock.sendall(UPGRADE if transport in ("ws", "wss") else PREFACE)
            read_until(sock, SETTINGS)


def drain(sock):
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass


def test_announces_what_it_says(serve):
    _, announced = serve()
    assert {listener["transport"] for listener in announced["listeners"]} == set(TRANSPORTS)
    assert announced["token"] and os.path.exists(announced["ca_file"]) and os.path.exists(announced["control"])
    assert "PRIVATE" not in open(announced["ca_file"], encoding="ascii").read()
    serves(announced)


def test_ends_cleanly_and_leaves_nothing(serve):
    process, announced = serve()
    process.terminate()
    assert process.wait(timeout=10) == 0
    assert not os.path.exists(announced["ca_file"]) and not os.path.exists(announced["control"])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_random_bytes(serve, transport):
    _, announced = serve()
    rng = random.Random(20260101)
    for handshake in (False, True):
        for _ in range(30):
            with connect(announced, transport, handshake) as sock:
                try:
                    sock.sendall(rng.randbytes(rng.randrange(1, 4000)))
                    sock.shutdown(socket.SHUT_WR)
                except OSError:
                    continue
                drain(sock)
    serves(announced)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_truncated_openings(serve, transport):
    _, announced = serve()
    opening = UPGRADE if transport in ("ws", "wss") else PREFACE
    for cut in range(0, len(opening), 7):
        with connect(announced, transport) as sock:
            sock.sendall(opening[:cut])
    serves(announced)


def test_garbage_inside_http2_and_websocket(serve):
    _, announced = serve()
    rng = random.Random(7)
    for _ in range(40):
        with connect(announced, "grpc") as sock:
            sock.sendall(PREFACE)
            for _ in range(5):
                kind, flags, stream = rng.randrange(0, 14), rng.randrange(0, 256), rng.randrange(0, 9)
                payload = rng.randbytes(rng.randrange(0, 300))
                try:
                    sock.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload)
                except OSError:
                    break
        with connect(announced, "ws") as sock:
            sock.sendall(UPGRADE)
            read_until(sock, b"\r\n\r\n")
            try:
                sock.sendall(rng.randbytes(200))
            except OSError:
                pass
    serves(announced)


def test_oversized_request_head(serve):
    _, announced = serve()
    with connect(announced, "ws") as sock:
        try:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: kas\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n")
        except OSError:
            pass
        try:
            answer = sock.recv(4096)
        except ConnectionResetError:
            answer = b""
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431")
    serves(announced)


def test_oversized_http2_frame(serve):
    _, announced = serve()
    with connect(announced, "grpc") as sock:
        sock.sendall(PREFACE)
        try:
            sock.sendall(bytes.fromhex("0f4240" "0000" "00000001") + b"x" * 1_000_000)
        except OSError:
            pass
        drain(sock)
    serves(announced)


def test_oversized_websocket_message(serve):
    _, announced = serve()
    with connect(announced, "ws") as sock:
        sock.sendall(UPGRADE)
        read_until(sock, b"\r\n\r\n")
        try:
            sock.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 40) + b"\0\0\0\0" + b"x" * 100_000)
        except OSError:
            pass
        drain(sock)
    serves(announced)


def test_a_silent_crowd(serve):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    crowd = []
    try:
        _, announced = serve()
        for i in range(2000):
            crowd.append(socket.create_connection(address(announced, TRANSPORTS[i % 4]), timeout=10))
        serves(announced)
    finally:
        for sock in crowd:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    serves(announced)


def test_an_agent_killed_half_way(serve, tmp_path):
    from conftest import REFAGENT
    _, announced = serve()
    host, port = address(announced, "ws")
    token = tmp_path / "token"
    token.write_text(announced["token"])
    for _ in range(3):
        agent = subprocess.Popen([REFAGENT, f"--kas-address=ws://{host}:{port}/", f"--token-file={token}"],
                                 stderr=subprocess.PIPE, env={**os.environ, "POD_NAMESPACE": "a", "POD_NAME": "b"})
        agent.stderr.readline()
        agent.kill()
        agent.communicate()
    serves(announced)


def test_a_full_disk_does_not_stop_it(serve):
    _, announced = serve("--events", "/dev/full")
    for _ in range(3):
        serves(announced)


def follow(control):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect(control)
    sock.sendall(b"GET /events?follow=1 HTTP/1.1\r\nHost: fakekas\r\n\r\n")
    return sock


def test_what_was_seen_survives_kill_9(serve, tmp_path):
    log = tmp_path / "events.jsonl"
    process, announced = serve("--events", log)
    follower = follow(announced["control"])
    read_until(follower, b"\r\n\r\n")
    serves(announced)
    seen = read_until(follower, b'"http.request"')
    process.send_signal(signal.SIGKILL)
    process.wait()
    lines = log.read_bytes().decode().splitlines()
    events = [json.loads(line) for line in lines]  # whole lines only
    acknowledged = [int(part.split(b",")[0]) for part in seen.split(b'"seq":')[1:] if b"," in part]
    assert acknowledged
    assert set(acknowledged) <= {event["seq"] for event in events}
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)


def test_no_secret_in_the_log(serve, tmp_path):
    log = tmp_path / "events.jsonl"
    _, announced = serve("--events", log, "--verbose")
    with connect(announced, "ws") as sock:
        sock.sendall(UPGRADE.replace(b"Host: kas", b"Host: kas\r\nAuthorization: Bearer " + announced["token"].encode()))
        read_until(sock, SETTINGS)
    deadline = time.monotonic() + 10
    while "http.request" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)  # waits for the line, bounded by the deadline
    text = log.read_text()
    assert "http.request" in text and announced["token"] not in text and "PRIVATE KEY" not in text


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header that HPACK has not to know: literal, never indexed, without Huffman."""
    def text(s):
        return bytes([len(s)]) + s if len(s) < 127 else b"\x7f" + varint(len(s) - 127) + s

    def varint(n):
        out = b""
        while n >= 128:
            out += bytes([n & 127 | 128])
            n >>= 7
        return out + bytes([n])
    return b"\x10" + text(name) + text(value)


def test_one_connection_too_many(serve, tmp_path):
    log = tmp_path / "events.jsonl"
    _, announced = serve("--max-connections", 2, "--events", log, "--listen", "grpc=127.0.0.1:0")
    crowd = [connect(announced, "grpc") for _ in range(2)]
    for sock in crowd:
        sock.sendall(PREFACE)
        read_until(sock, SETTINGS)
    try:
        with connect(announced, "grpc") as refused:
            assert refused.recv(100) == b""
    except ConnectionResetError:
        pass
    for sock in crowd:  # the others are served as before
        sock.sendall(frame(6, 0, 0, b"8 bytes.")[:17])
        read_until(sock, b"8 bytes.")
    assert any(json.loads(line)["event"] == "tcp.refused" for line in log.read_text().splitlines())
    crowd.pop().close()
    for _ in range(50):  # its place is free again, as soon as the end has been seen
        try:
            with connect(announced, "grpc") as again:
                again.sendall(PREFACE)
                read_until(again, SETTINGS)
                break
        except (OSError, AssertionError):
            continue
    else:
        pytest.fail("the place of a connection that has ended is never free")
    for sock in crowd:
        sock.close()


def test_heads_beyond_the_limit(serve):
    _, announced = serve("--max-header", "2KiB")
    with connect(announced, "ws") as sock:
        sock.sendall(UPGRADE[:-2] + b"X-Long: " + b"x" * 1000 + b"\r\n\r\n")
        assert read_until(sock, b"\r\n\r\n").startswith(b"HTTP/1.1 101")
    with connect(announced, "ws") as sock:
        sock.sendall(UPGRADE[:-2] + b"X-Long: " + b"x" * 3000 + b"\r\n\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 431")
    head = b"\x83\x86" + literal(b":path", b"/x") + literal(b":authority", b"kas") + literal(b"x-long", b"x" * 3000)
    with connect(announced, "grpc") as sock:
        sock.sendall(PREFACE + frame(1, 5, 1, head))
        read_until(sock, struct.pack(">I", 1) + b"\0\0\0\x06")  # RST_STREAM FRAME_SIZE_ERROR, as grpc-go answers
    serves(announced)


def test_websocket_message_beyond_the_limit(serve):
    _, announced = serve("--max-ws-message", "1KiB")
    with connect(announced, "ws") as sock:
        sock.sendall(UPGRADE)
        read_until(sock, SETTINGS)
        sock.sendall(b"\x82\xfe" + struct.pack(">H", 1025) + b"\0\0\0\0" + b"x" * 1025)
        read_until(sock, struct.pack(">H", 1009))
    serves(announced)


@pytest.mark.parametrize("flag", ["--max-connections", "--max-header", "--max-message", "--max-ws-message"])
def test_a_limit_that_is_none(flag):
    for value in ("0", "-1", "many", "5 apples"):
        run = subprocess.run([os.environ.get("FAKEKAS_BUILD", "build") + "/fakekas/fakekas", "serve", flag, value],
                             capture_output=True, text=True, check=False, timeout=20)
        assert run.returncode == 2 and "limits" in run.stderr, run.stderr
