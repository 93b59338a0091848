"""gRPC as others speak it: grpcurl (grpc-go) by server reflection, and Python's grpcio, on every listener and through
the WebSocket. Those cases of gRPC's interoperability document that do not need its own test service."""
import contextlib
import json
import socket
import subprocess
import threading

import pytest

from peers import Bridge, program
from test_serve import address

GRPCURL = "go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest"
REGISTER = "gitlab.agent.agent_registrar.rpc.AgentRegistrar/Register"
CONFIGURATION = "gitlab.agent.agent_configuration.rpc.AgentConfiguration/GetConfiguration"
REFLECTION = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
TRANSPORTS = ("grpc", "grpcs", "ws")
LIST_SERVICES = b"\x3a\x01*"
# gRPC's own "special_status_message", and what percent-encoding gets wrong most easily.
MESSAGES = ["\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n", "100% of %41", " ", "x" * 6000]  # grpcio takes 8 KiB of metadata


@contextlib.contextmanager
def target(announced, transport):
    host, port = address(announced, transport)
    if transport != "ws":
        yield f"{host}:{port}"
        return
    with Bridge(f"{host}:{port}") as bridge:
        yield bridge.address


def add_fault(announced, fault):
    body = json.dumps(fault).encode()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(announced["control"])
        sock.sendall(b"POST /faults HTTP/1.1\r\nHost: fakekas\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        answer = sock.recv(65536)
    assert answer.split(b" ")[1] in (b"200", b"201", b"204"), answer


# grpcurl

def grpcurl(announced, where, transport, *args):
    path = program("grpcurl", GRPCURL)
    kind = ["-insecure"] if transport == "grpcs" else ["-plaintext"]
    token = ["-H", "authorization: Bearer " + announced["token"]]
    words = [where, *args] if args[0] in ("list", "describe") else [*args[:-1], where, args[-1]]
    return subprocess.run([path, *kind, *token, "-max-time", "10", *words], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_grpcurl_lists_describes_and_calls(serve, transport):
    program("grpcurl", GRPCURL)
    _, announced = serve()
    with target(announced, transport) as where:
        services = grpcurl(announced, where, transport, "list").stdout.split()
        assert "gitlab.agent.reverse_tunnel.rpc.ReverseTunnel" in services and "agentrpc.Kas" in services
        for service in services:
            described = grpcurl(announced, where, transport, "describe", service)
            assert described.returncode == 0 and "rpc " in described.stdout, described.stderr
        message = grpcurl(announced, where, transport, "describe", "agentcfg.ObservabilityCF")
        assert ".agentcfg.LoggingCF logging = 1;" in message.stdout
        call = grpcurl(announced, where, transport, "-d", '{"agent_meta": {"version": "v16.5.0"}, "pod_id": -5}', REGISTER)
        assert call.returncode == 0 and json.loads(call.stdout) == {}, call.stderr
        nothing = grpcurl(announced, where, transport, "describe", "no.such.Thing")
        assert nothing.returncode != 0 and "not found" in (nothing.stdout + nothing.stderr).lower()


def test_grpcurl_finds_no_reflection_where_a_kas_has_none(serve):
    program("grpcurl", GRPCURL)
    _, announced = serve("--version", "16.5")
    with target(announced, "grpc") as where:
        assert "does not support the reflection API" in grpcurl(announced, where, "grpc", "list").stderr


# grpcio

@pytest.fixture(name="grpc")
def grpc_module():
    return pytest.importorskip("grpc", reason="no grpcio; apt-get install python3-grpcio")


@contextlib.contextmanager
def channel(grpc, announced, transport, **options):
    with target(announced, transport) as where:
        if transport == "grpcs":
            with open(announced["ca_file"], "rb") as f:
                credentials = grpc.ssl_channel_credentials(f.read())
            with grpc.secure_channel(where, credentials, options=[("grpc.ssl_target_name_override", "localhost")]) as c:
                yield c
        else:
            with grpc.insecure_channel(where, **options) as c:
                yield c


def token(announced):
    return [("authorization", "Bearer " + announced["token"])]


def failure(grpc, call, request=b"", **kwargs):
    with pytest.raises(grpc.RpcError) as caught:
        answer = call(request, timeout=kwargs.pop("timeout", 10), **kwargs)
        list(answer) if hasattr(answer, "__next__") else answer
    return caught.value


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_grpcio_unary_and_streams(serve, grpc, transport):
    _, announced = serve()
    with channel(grpc, announced, transport) as c:
        register = c.unary_unary("/" + REGISTER)
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            assert register(b"\x10\x05", metadata=token(announced), timeout=10, compression=compression) == b""
        # ping-pong: an answer for each question, in turn
        questions = threading.Semaphore(1)

        def ask():
            for _ in range(20):
                questions.acquire()
                yield LIST_SERVICES
        answers = 0
        for answer in c.stream_stream("/" + REFLECTION)(ask(), timeout=10):
            assert b"ReverseTunnel" in answer
            answers += 1
            questions.release()
        assert answers == 20
        assert list(c.stream_stream("/" + REFLECTION)(iter(()), timeout=10)) == []  # the empty stream


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_grpcio_refusals(serve, grpc, transport):
    _, announced = serve()
    with channel(grpc, announced, transport) as c:
        e = failure(grpc, c.unary_unary("/" + REGISTER + "s"), metadata=token(announced))
        assert (e.code(), e.details()) == (grpc.StatusCode.UNIMPLEMENTED,
                                           "unknown method Registers for service gitlab.agent.agent_registrar.rpc.AgentRegistrar")
        e = failure(grpc, c.unary_unary("/grpc.testing.UnimplementedService/UnimplementedCall"))
        assert (e.code(), e.details()) == (grpc.StatusCode.UNIMPLEMENTED, "unknown service grpc.testing.UnimplementedService")
        e = failure(grpc, c.unary_unary("/" + REGISTER))
        assert e.code() == grpc.StatusCode.UNAUTHENTICATED
        e = failure(grpc, c.unary_unary("/" + REGISTER), b"\xff", metadata=token(announced))
        assert e.code() == grpc.StatusCode.INTERNAL and "unmarshal" in e.details()
        e = failure(grpc, c.unary_unary("/" + REGISTER), bytes(4 * 1024 * 1024 + 1), metadata=token(announced))
        assert e.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in e.details()
        assert c.unary_unary("/" + REGISTER)(b"", metadata=token(announced), timeout=10) == b""  # on the same connection


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_grpcio_deadline_and_cancel(serve, grpc, transport):
    _, announced = serve()
    with channel(grpc, announced, transport) as c:
        e = failure(grpc, c.unary_stream("/" + CONFIGURATION), metadata=token(announced), timeout=0.3)
        assert e.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        call = c.unary_stream("/" + CONFIGURATION)(b"", metadata=token(announced), timeout=10)
        assert next(call)  # after the first answer, as in cancel_after_first_response
        call.cancel()
        with pytest.raises(grpc.RpcError) as caught:
            next(call)
        assert caught.value.code() == grpc.StatusCode.CANCELLED
        assert c.unary_unary("/" + REGISTER)(b"", metadata=token(announced), timeout=10) == b""


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_grpcio_metadata(serve, grpc, transport):
    _, announced = serve()
    add_fault(announced, {"id": "echo", "at": "grpc.request", "when": {"method": "Register"}, "do": [
        {"headers": {"x-initial": "one", "x-bin": "AAEC", "x-twice": ["a", "b"]}}, {"pass": True}]})
    with channel(grpc, announced, transport) as c:
        custom = [("x-custom", "test_value"), ("x-custom-bin", b"\xab\xab\xab"), ("x-empty", ""), ("x-long", "y" * 6000)]
        _, call = c.unary_unary("/" + REGISTER).with_call(b"", metadata=token(announced) + custom, timeout=10)
        initial = [(key, value) for key, value in call.initial_metadata() if key.startswith("x-") and "gitlab" not in key]
        assert initial == [("x-initial", "one"), ("x-bin", b"\0\1\2"), ("x-twice", "a"), ("x-twice", "b")]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_grpcio_every_status(serve, grpc, transport):
    _, announced = serve()
    for code in range(1, 17):
        add_fault(announced, {"id": f"code{code}", "at": "grpc.request", "when": {"method": "Register"}, "times": 1,
                              "do": {"status": {"code": code, "message": MESSAGES[code % len(MESSAGES)]}}})
    with channel(grpc, announced, transport) as c:
        seen = {}
        for _ in range(1, 17):
            e = failure(grpc, c.unary_unary("/" + REGISTER), metadata=token(announced))
            seen[e.code().value[0]] = e.details()
    assert seen == {code: MESSAGES[code % len(MESSAGES)] for code in range(1, 17)}
