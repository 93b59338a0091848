"""Byte honesty, looked at from the socket: what a fault says to send is what is sent, on every layer; and a fault that is
off leaves no trace in the bytes."""
import concurrent.futures
import json
import re
import subprocess

import pytest
import yaml

from conftest import FAKEKAS, ROOT
from test_grpc_clients import add_fault
from test_serve import PREFACE, SETTINGS, UPGRADE, address, connect
from test_websocket import BINARY, frame

GIVEN = bytes.fromhex("00ff0d0a0d0a4142808100fe") + bytes(range(256))
ACK = bytes.fromhex("000000040100000000")
PATH = b"/gitlab.agent.agent_configuration.rpc.AgentConfiguration/GetConfiguration"


def literal(name, value):
    """A header of HPACK that needs no table."""
    def text(s):
        n = len(s)
        return bytes([n]) + s if n < 127 else bytes([127, n - 127]) + s
    return b"\0" + text(name) + text(value)


def request(token, path=PATH):
    head = b"".join(literal(*field) for field in [
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"kas"), (b"te", b"trailers"),
        (b"content-type", b"application/grpc"), (b"authorization", b"Bearer " + token.encode())])
    return (len(head).to_bytes(3, "big") + b"\1\4\0\0\0\1" + head +
            bytes.fromhex("000005" "00" "01" "00000001" "0000000000"))


def read_all(sock):
    seen = b""
    try:
        while some := sock.recv(65536):
            seen += some
    except (ConnectionResetError, TimeoutError):  # a healthy connection stays open, and has nothing more to say
        pass
    return seen


def opening(transport, token=""):
    """What a fixed agent says: once, and without waiting."""
    http2 = PREFACE + (request(token) if token else b"")
    return UPGRADE + frame(BINARY, http2, length=len(http2)) if transport in ("ws", "wss") else http2


def unmask(transport, seen):
    """The bytes behind the 101, if there is one."""
    return seen.split(b"\r\n\r\n", 1)[1] if transport in ("ws", "wss") else seen


def ws(payload):
    n = len(payload)
    return bytes([0x82]) + (bytes([n]) if n < 126 else b"\x7e" + n.to_bytes(2, "big")) + payload


# at, transports, what stands before the given bytes at the socket (behind the upgrade's head), how the bytes are wrapped
HONEST = [
    ("tcp.accept", ("ws", "wss", "grpc", "grpcs"), None),
    ("tls.hello", ("wss", "grpcs"), None),
    ("http.request", ("ws", "wss"), None),
    ("ws.open", ("ws", "wss"), lambda given: given),
    ("h2.settings", ("grpc", "grpcs"), lambda given: given),
    ("h2.settings", ("ws", "wss"), ws),
    ("h2.peer_settings", ("grpc", "grpcs"), lambda given: SETTINGS + given),
    ("h2.peer_settings", ("ws", "wss"), lambda given: ws(SETTINGS) + ws(given)),
]


@pytest.mark.parametrize("at,transport,wrapped", [(at, t, wrapped) for at, transports, wrapped in HONEST for t in transports])
def test_given_bytes_are_the_bytes(serve, at, transport, wrapped):
    _, announced = serve()
    add_fault(announced, {"id": "bytes", "at": at, "do": [{"send": {"hex": GIVEN.hex()}}, {"half_close": {"layer": "tcp"}}]})
    with connect(announced, transport, handshake=at not in ("tcp.accept", "tls.hello")) as sock:
        if at == "tls.hello":
            sock.sendall(bytes.fromhex((ROOT / "tools/fuzz/corpus/tls/hello.hex").read_text().split("\n", 1)[1])[1:])
        elif at != "tcp.accept":
            sock.sendall(opening(transport))
        seen = read_all(sock)
    assert (seen if wrapped is None else unmask(transport, seen)) == (wrapped(GIVEN) if wrapped else GIVEN)


@pytest.mark.parametrize("transport", ["ws", "wss", "grpc", "grpcs"])
def test_bytes_of_a_call_stand_in_data_frames(serve, transport):
    _, announced = serve()
    add_fault(announced, {"id": "bytes", "at": "grpc.request", "do": [{"bytes": {"hex": GIVEN.hex()}}, "end"]})
    with connect(announced, transport) as sock:
        sock.sendall(opening(transport, announced["token"]))
        wanted = len(GIVEN).to_bytes(3, "big") + b"\0\1\0\0\0\1" + GIVEN  # one DATA frame, END_STREAM, stream 1
        seen = b""
        while wanted not in seen:
            some = sock.recv(65536)
            assert some, seen
            seen += some


# faults that are off

class Loader(yaml.SafeLoader):
    """YAML 1.2, as the scenario language reads it: `no` and `on` are words, and nothing is a date."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, re.compile("true|false") if tag.endswith(":bool") else pattern) for tag, pattern in rules if "timestamp" not in tag]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
SCENARIOS = sorted((ROOT / "fixtures" / "scenarios").rglob("*.yaml"))


def without_faults(node):
    """The same scenario as if nobody had thought of its faults."""
    if isinstance(node, dict):
        return {key: without_faults(value) for key, value in node.items() if key != "faults"}
    return [without_faults(value) for value in node] if isinstance(node, list) else node


def switched_off(node):
    if isinstance(node, dict):
        node = {key: switched_off(value) for key, value in node.items()}
        if isinstance(node.get("faults"), list):
            node["faults"] = [{**fault, "off": True} for fault in node["faults"]]
        return node
    return [switched_off(value) for value in node] if isinstance(node, list) else node


def capture(file, token_file):
    """What each listener says to the fixed agent until the end; None: not for `fakekas serve` (a proxy, another version)."""
    process = subprocess.Popen([FAKEKAS, "serve", file, "--json", "--version", "16.5", "--token-file", token_file],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    line = process.stdout.readline()
    seen = {}
    for listener in json.loads(line)["listeners"] if line else []:
        transport = listener["transport"]
        try:
            with connect({"listeners": [listener]}, transport) as sock:
                sock.settimeout(0.5)
                sock.sendall(opening(transport, token_file.read_text()))
                seen[transport] = read_all(sock)
        except OSError as error:
            seen[transport] = type(error).__name__.encode()
    process.terminate()
    process.communicate(timeout=10)
    return {transport: re.sub(rb"Date: [^\r]*", b"Date: -", said) for transport, said in seen.items()} or None


def said_twice(file, folder, token_file):
    """The captures with the faults switched off, and with none."""
    scenario = yaml.load(file.read_text(), Loader)
    if "faults" not in json.dumps(scenario) or "for" in scenario:
        return None, None
    scenario.pop("then", None)
    said = []
    for variant in (switched_off, without_faults):
        copy = folder / variant.__name__ / file.relative_to(ROOT / "fixtures/scenarios")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(json.dumps(variant(scenario), ensure_ascii=False))
        said.append(capture(copy, token_file))
    return said


def test_a_fault_that_is_off_leaves_no_trace(tmp_path):
    token_file = tmp_path / "token"
    token_file.write_text("the-fixed-token")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:  # they mostly wait until a healthy fake has nothing to add
        said = list(pool.map(lambda file: said_twice(file, tmp_path, token_file), SCENARIOS))
    different = [str(file.relative_to(ROOT)) for file, (off, none) in zip(SCENARIOS, said) if off != none]
    # a busy machine may have cut a capture short: what differs is looked at again, alone
    different = [file for file in different if len(set(map(str, said_twice(ROOT / file, tmp_path, token_file)))) > 1]
    assert different == [] and sum(off is not None for off, _ in said) >= 10
