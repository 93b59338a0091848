"""fakekas proxy between an agent and a fake KAS: nothing is changed on a healthy link, ends are passed on, and what was
recorded plays again."""
import json
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

from conftest import FAKEKAS, REFAGENT
from test_serve import TRANSPORTS, UPGRADE, PREFACE, SETTINGS, address, connect, read_until

ENV = {**os.environ, "POD_NAMESPACE": "gitlab-agent", "POD_NAME": "gitlab-agent-0", "SERVICE_ACCOUNT_NAME": "gitlab-agent"}
PATH = {"ws": "/-/kubernetes-agent/", "wss": "/-/kubernetes-agent/", "grpc": "", "grpcs": ""}


@pytest.fixture
def proxy(fakekas):
    return lambda to, *args: fakekas("proxy", "--to", to, *args)


def url(announced, transport):
    host, port = address(announced, transport)
    return f"{transport}://{host}:{port}{PATH[transport]}"


def tell(events, wanted, act):
    """Runs until the event log holds all of `wanted`."""
    left = set(wanted)
    done = threading.Event()
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(30)
    sock.connect(events)
    sock.sendall(b"GET /events?follow=1 HTTP/1.1\r\nHost: fakekas\r\n\r\n")
    read_until(sock, b"\r\n\r\n")
    process = act()
    seen = b""
    try:
        while left:
            some = sock.recv(65536)
            assert some, f"the log ended without {left}"
            seen += some
            left = {w for w in left if w not in seen}
    finally:
        done.set()
        sock.close()
    return process


CONNECTED = (b'"kas.config_sent"', b'"kas.tunnel_open"')


def agent_log(kas_url, token_file, ca_file, events, wanted=CONNECTED):
    """What the reference agent prints until its configuration and a tunnel stand."""
    args = [REFAGENT, f"--kas-address={kas_url}", f"--token-file={token_file}"]
    if kas_url.startswith(("wss", "grpcs")):
        args.append(f"--ca-cert-file={ca_file}")
    agent = tell(events, wanted,
                 lambda: subprocess.Popen(args, stderr=subprocess.PIPE, text=True, env=ENV))
    agent.send_signal(signal.SIGTERM)
    _, log = agent.communicate(timeout=20)
    assert agent.returncode == 0, log
    return sorted(re.sub(r'"time":"[^"]*"', '"time":"<time>"', line) for line in log.splitlines())


def ends(announced):
    """How a raw gRPC connection ends without our doing; it may already while it is made."""
    try:
        with connect(announced, "grpc") as sock:
            sock.sendall(PREFACE)
            while sock.recv(4096):
                pass
    except OSError as e:
        return type(e)
    return None


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_log_is_that_of_an_unproxied_agent(serve, proxy, transport):
    _, kas = serve()
    _, between = proxy(url(kas, transport), "--ca", kas["ca_file"], "--listen", f"{transport}=127.0.0.1:0")
    direct = agent_log(url(kas, transport), kas["token_file"], kas["ca_file"], kas["control"])
    proxied = agent_log(url(between, transport), kas["token_file"], between.get("ca_file"), kas["control"])
    assert proxied == direct


@pytest.mark.parametrize("agent_side, kas_side", [("ws", "grpc"), ("grpc", "ws"), ("wss", "grpcs"), ("grpcs", "wss")])
def test_sides_need_not_be_alike(serve, proxy, agent_side, kas_side):
    _, kas = serve()
    _, between = proxy(url(kas, kas_side), "--insecure", "--listen", f"{agent_side}=127.0.0.1:0")
    assert agent_log(url(between, agent_side), kas["token_file"], between.get("ca_file"), kas["control"])


def test_a_certificate_is_verified(serve, proxy, tmp_path):
    _, kas = serve()
    log = tmp_path / "events.jsonl"
    _, between = proxy(url(kas, "grpcs"), "--listen", "grpc=127.0.0.1:0", "--events", log)
    assert ends(between) is ConnectionResetError
    assert '"certificate: ' in log.read_text()


def test_a_refused_connection_is_a_reset(proxy):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        _, between = proxy(f"grpc://127.0.0.1:{nobody.getsockname()[1]}", "--listen", "grpc=127.0.0.1:0")
        assert ends(between) is ConnectionResetError


def test_the_answer_to_an_upgrade_is_passed_on(serve, proxy):
    _, kas = serve("--listen", "ws=127.0.0.1:0", "fixtures/scenarios/kas-address/no-trailing-slash.yaml")
    host, port = address(kas, "ws")
    _, between = proxy(f"ws://{host}:{port}", "--listen", "ws=127.0.0.1:0")
    with connect(between, "ws") as sock:
        sock.sendall(UPGRADE.replace(b"/-/kubernetes-agent/", b"/-/kubernetes-agent"))
        answer = read_until(sock, b"\r\n\r\n").lower()
    assert answer.startswith(b"http/1.1 301 ") and b"\r\nlocation: " in answer


def test_pings_go_to_the_other_side(serve, proxy, tmp_path):
    """A KAS that answers no ping is seen as such through the proxy."""
    _, kas = serve("--listen", "grpc=127.0.0.1:0")
    log = tmp_path / "kas.jsonl"
    _, between = proxy(url(kas, "grpc"), "--listen", "grpc=127.0.0.1:0", "--events", log, "--verbose")
    with connect(between, "grpc") as sock:
        sock.sendall(PREFACE)
        read_until(sock, SETTINGS)
        sock.sendall(bytes.fromhex("000008060000000000") + b"fakekas!")
        assert read_until(sock, bytes.fromhex("000008060100000000") + b"fakekas!")


def test_what_was_recorded_plays_again(serve, proxy, tmp_path, conform):
    _, kas = serve()
    folder = tmp_path / "recorded"
    folder.mkdir()
    scene = folder / "seen.yaml"
    subprocess.run(["curl", "-s", "--unix-socket", kas["control"], "http://fakekas/do", "-d", json.dumps(
        {"push_config": {"config": {"gitops": {"manifest_projects": [{"id": "acme/rockets"}]}}}})], check=True,
        capture_output=True)
    process, between = proxy(url(kas, "ws"), "--listen", "ws=127.0.0.1:0", "--record", scene)
    agent_log(url(between, "ws"), kas["token_file"], None, between["control"], [b'"direction":"sent"'])
    process.terminate()
    process.wait(timeout=10)
    said, text = process.stderr.read(), scene.read_text()
    assert "acme/rockets -> group/project-1" in said
    assert "acme" not in text and kas["token"] not in text and "group/project-1" in text
    checked = conform("check", scene)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("to", ["kas.example", "http://kas.example/", "ws://", "grpc://127.0.0.1:x", "grpc://127.0.0.1:99999"])
def test_an_address_that_is_none(to):
    told = subprocess.run([FAKEKAS, "proxy", "--to", to], capture_output=True, text=True, timeout=20, check=False)
    assert told.returncode == 2 and "wss://kas.example" in told.stderr
