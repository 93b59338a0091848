"""ci/bench: each figure of fakekas beside a named peer, in the same run, turn by turn.

Every row is measured several times; whoever is compared takes turns, so that a noisy minute hits all of them. Printed
are median, least and most, and the ratio of the medians. Rates are given twice: as they were on the clock, and for a
second of the server's own CPU time, which is what they would be if it had its core to itself.
"""
import argparse
import base64
import hashlib
import hmac
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import tunnel

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REGISTER = "/gitlab.agent.agent_registrar.rpc.AgentRegistrar/Register"
AGENT_INFO = "/api/v4/internal/kubernetes/agent_info"
TICK = os.sysconf("SC_CLK_TCK")
KAS_PATH = "/-/kubernetes-agent/"
ABSENT = "peer not here"
QUICK = False
BY_CPU, NOT_SHARED = "for a second of its CPU", "of it not shared with files"


class Missing(Exception):
    """What a measurement needs is not on this machine."""


# ---- programs --------------------------------------------------------------------------------------------------


class Programs:
    def __init__(self, build):
        self.build = build
        self.fakekas = build / "fakekas/fakekas"
        self.fakegitlab = build / "fakegitlab/fakegitlab"
        self.conform = build / "conformance/conform"
        self.hold = build / "tools/bench/bench_hold"
        self.rpc = build / "tools/bench/bench_rpc"
        self.delay = build / "tools/bench/bench_delay"
        self.sut = build / "tools/bench/bench_sut"
        self._grpcgo = None

    def peer(self, name):
        folder = Path(os.environ.get("FAKEKAS_PEERS", Path.home() / "peers"))
        found = shutil.which(name) or shutil.which(name, path=f"{folder}:/usr/sbin:/usr/local/bin")
        if not found:
            raise Missing(f"{name} is not in PATH and not in {folder}")
        return found

    def wiremock(self):
        folder = Path(os.environ.get("FAKEKAS_PEERS", Path.home() / "peers"))
        jars = sorted(folder.glob("wiremock-standalone-*.jar"))
        if not jars or not shutil.which("java"):
            raise Missing(f"WireMock: java and wiremock-standalone-*.jar in {folder} are wanted")
        return ["java", "-jar", jars[-1]]

    def grpcgo(self):
        if self._grpcgo is None:
            go, out = shutil.which("go") or "/usr/local/go/bin/go", self.build.resolve() / "grpcgo"
            try:
                subprocess.run([go, "build", "-o", out, "."], cwd=HERE / "grpcgo", check=True, capture_output=True)
                self._grpcgo = out
            except (OSError, subprocess.CalledProcessError) as e:
                self._grpcgo = Missing(f"grpc-go server: {getattr(e, 'stderr', b'') or e}")
        if isinstance(self._grpcgo, Missing):
            raise self._grpcgo
        return self._grpcgo


def pinned(core, argv):
    return ["taskset", "-c", str(core), *map(str, argv)]


class Server:
    """A server in its own process; `line` is the first that it prints."""

    def __init__(self, argv, core=None, wants_line=True, env=None):
        argv = pinned(core, argv) if core is not None else list(map(str, argv))
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env={**os.environ, **(env or {})})
        self.pid = self.process.pid
        self.line = self.process.stdout.readline() if wants_line else ""

    def cpu(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def status(self, key):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise KeyError(key)

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@contextmanager
def running(*args, **named):
    server = Server(*args, **named)
    try:
        yield server
    finally:
        server.end()


@contextmanager
def fakekas(p, *transports, scenario=None, core=None):
    listen = [a for t in transports for a in ("--listen", f"{t}=127.0.0.1:0")]
    argv = [p.fakekas, "serve", "--json", *listen, *([scenario] if scenario else [])]
    with running(argv, core=core) as server:
        server.told = json.loads(server.line)
        server.address = {x["transport"]: x["address"] for x in server.told["listeners"]}
        yield server


@contextmanager
def grpcgo(p, core=None):
    with running([p.grpcgo(), "-procs", "1"], core=core) as server:
        server.told, server.address = {"token": "none"}, {"grpc": server.line.strip()}
        yield server


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def accepts(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def wait_for_ports(ports, limit=10):
    end = time.monotonic() + limit
    for port in ports:
        while not accepts(port):
            if time.monotonic() > end:
                raise RuntimeError(f"nobody listens on {port}")
            time.sleep(0.0001)


# ---- rows ------------------------------------------------------------------------------------------------------
# A row is a function that gives {"unit", "goal", "subjects": {name: function}}; each function measures once and gives
# a number, or a dict {"": number, "another figure": number}.

ROWS = {}


def row(name, repeats, quick):
    def add(fn):
        ROWS[name] = (fn, repeats, quick)
        return fn
    return add


def started(argv, ports):
    """Milliseconds from the fork until every port accepts."""
    null = os.open(os.devnull, os.O_WRONLY)
    began = time.perf_counter()
    pid = os.posix_spawn(str(argv[0]), list(map(str, argv)), os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)])
    try:
        wait_for_ports(ports)
        return (time.perf_counter() - began) * 1000
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        os.close(null)


@row("start", 40, 10)
def start(p):
    def kas():
        ports = free_ports(4)
        listen = [a for t, n in zip(("ws", "wss", "grpc", "grpcs"), ports) for a in ("--listen", f"{t}=127.0.0.1:{n}")]
        return started([p.fakekas, "serve", "--json", *listen], ports)

    def toxiproxy():
        program, ports = p.peer("toxiproxy-server"), free_ports(5)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            json.dump([{"name": f"p{n}", "listen": f"127.0.0.1:{n}", "upstream": "127.0.0.1:1", "enabled": True}
                       for n in ports[1:]], f)
            f.flush()
            return started([program, "-host", "127.0.0.1", "-port", str(ports[0]), "-config", f.name], ports)

    return {"title": "start until all four listeners accept, certificates included", "unit": "ms", "goal": 5,
            "subjects": {"fakekas": kas, "Toxiproxy, four proxies": toxiproxy}}


def resting(server):
    time.sleep(0.3)
    return {"": server.status("VmRSS") / 1024, NOT_SHARED: server.status("RssAnon") / 1024}


@row("idle", 5, 2)
def idle(p):
    def kas():
        with fakekas(p) as s:
            return resting(s)

    def go():
        with grpcgo(p) as s:
            return resting(s)

    def toxiproxy():
        ports = free_ports(1)
        with running([p.peer("toxiproxy-server"), "-host", "127.0.0.1", "-port", ports[0]], wants_line=False) as s:
            wait_for_ports(ports)
            return resting(s)

    return {"title": "memory, idle (RSS; four listeners)", "unit": "MiB", "goal": 5,
            "subjects": {"fakekas": kas, "grpc-go server": go, "Toxiproxy": toxiproxy}}


@contextmanager
def held(p, server, transport, count, again=0):
    """Agents that stand; gives what hold printed."""
    address = f"{transport}://{server.address[transport]}{KAS_PATH if transport[0] == 'w' else ''}"
    argv = [p.hold, address, "--count", count, "--tunnels", 2, "--token", server.told["token"], "--again", again]
    client = subprocess.Popen(list(map(str, argv)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = client.stdout.readline()
        if not line:
            raise RuntimeError("hold failed")
        client.told = json.loads(line)
        yield client
    finally:
        client.stdin.close()
        client.wait()
        client.stdout.close()


def per_agent(p, make, transport, count=5000):
    with make as server:
        before = server.status("VmRSS")
        with held(p, server, transport, count):
            time.sleep(0.5)
            return (server.status("VmRSS") - before) / count


@row("agent-raw", 3, 1)
def agent_raw(p):
    return {"title": "memory of a held agent, raw gRPC (GetConfiguration and two Connect, 5 000 of them)",
            "unit": "KiB", "goal": 20, "subjects": {"fakekas": lambda: per_agent(p, fakekas(p, "grpc"), "grpc"),
                                     "grpc-go server": lambda: per_agent(p, grpcgo(p), "grpc")}}


@row("agent-wss", 3, 1)
def agent_wss(p):
    return {"title": "memory of a held agent, in WebSocket over TLS", "unit": "KiB", "goal": 48,
            "subjects": {"fakekas": lambda: per_agent(p, fakekas(p, "wss"), "wss")}, "no_peer": "none known"}


def h2load(p, address, count, *more):
    argv = pinned(1, [p.peer("h2load"), "-n", count, *more, address])
    out = subprocess.run(argv, capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        if line.startswith("finished in"):
            rate = float(line.split(",")[1].split()[0])
        if line.startswith("requests:") and f" {count} succeeded" not in line:
            raise RuntimeError(line)
        if line.startswith("status codes:") and f" {count} 2xx" not in line:
            raise RuntimeError(line)
    return rate


def rate(server, count, load):
    before = server.cpu()
    on_the_clock = load()
    return {"": on_the_clock, BY_CPU: count / max(server.cpu() - before, 1 / TICK)}


def grpc_load(p, server, count):
    with tempfile.NamedTemporaryFile() as empty:
        empty.write(b"\0\0\0\0\0")
        empty.flush()
        more = ["-c", 10, "-m", 32, "-d", empty.name, "-H", "content-type: application/grpc", "-H", "te: trailers",
                "-H", f"authorization: Bearer {server.told['token']}"]
        return rate(server, count, lambda: h2load(p, f"http://{server.address['grpc']}{REGISTER}", count, *more))


@row("grpc", 5, 2)
def grpc(p):
    def kas():
        with fakekas(p, "grpc", core=0) as s:
            return grpc_load(p, s, 300000)

    def go():
        with grpcgo(p, core=0) as s:
            return grpc_load(p, s, 100000)

    def nghttpd():
        (port,) = free_ports(1)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "few").write_bytes(b"\0\0\0\0\0")
            with running([p.peer("nghttpd"), "--no-tls", "-n", 1, "-a", "127.0.0.1", "-d", folder, port], core=0,
                         wants_line=False) as s:
                wait_for_ports([port])
                return rate(s, 300000, lambda: h2load(p, f"http://127.0.0.1:{port}/few", 300000, "-c", 10, "-m", 32))

    return {"title": "scripted gRPC calls on one core, h2c (unary Register; h2load, 10 connections, 32 streams each)",
            "unit": "/s", "goal": 100000, "more_is_better": True,
            "subjects": {"fakekas": kas, "grpc-go server, GOMAXPROCS=1": go,
                         "nghttpd, a file of 5 bytes (ceiling)": nghttpd}}


@row("grpc-wss", 5, 2)
def grpc_wss(p):
    def kas():
        with fakekas(p, "wss", core=0) as s:
            def load():
                argv = pinned(1, [p.rpc, f"wss://{s.address['wss']}{KAS_PATH}", "--calls", 200000, "--at-once", 100,
                                  "--token", s.told["token"], "--path", REGISTER])
                told = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
                return told["calls"] / told["seconds"]
            return rate(s, 200000, load)

    return {"title": "scripted gRPC calls on one core, in WebSocket over TLS (one connection, 100 at once)",
            "unit": "/s", "goal": 25000, "more_is_better": True, "subjects": {"fakekas": kas}, "no_peer": "none known"}


@row("http", 5, 2)
def http(p):
    def kas():
        with fakekas(p, "ws", core=0, scenario=HERE / "http.yaml") as s:
            return rate(s, 150000, lambda: h2load(p, f"http://{s.address['ws']}/scripted", 150000, "--h1", "-c", 16))

    return {"title": "scripted HTTP/1.1 replies on one core (fault `respond` at http.request; h2load --h1, 16 "
                     "connections, one request at a time each)", "unit": "/s", "goal": 60000, "more_is_better": True,
            "subjects": {"fakekas": kas}, "no_peer": "WireMock and MockServer are not run here"}


def kas_jwt(secret):
    """As KAS signs it, but good for an hour."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"iss": "gitlab-kas", "aud": ["gitlab"], "exp": now + 3600, "nbf": now - 5, "iat": now}
    said = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims, separators=(",", ":")).encode())
    return said + "." + part(hmac.new(base64.b64decode(secret), said.encode(), hashlib.sha256).digest())


def agent_info_load(p, server, address, jwt, token, count):
    more = ["--h1", "-c", "16", "-H", f"gitlab-kas-api-request: {jwt}", "-H", f"authorization: Bearer {token}"]
    return rate(server, count, lambda: h2load(p, f"http://{address}{AGENT_INFO}", count, *more))


@row("agent-info", 5, 2)
def agent_info(p):
    """WireMock cannot check a signature out of the box: it matches both headers by regular expressions, which is less."""
    def fake():
        if not p.fakegitlab.exists():
            raise Missing(f"{p.fakegitlab} is not built")
        with running([p.fakegitlab, "serve", "--json", "--listen", "http=127.0.0.1:0"], core=0) as s:
            told = json.loads(s.line)
            jwt, token = kas_jwt(Path(told["kas_secret_file"]).read_text()), told["secrets"]["agents"]["my-agent"][0]
            return agent_info_load(p, s, told["listeners"][0]["address"], jwt, token, 150000)

    def wiremock():
        (port,) = free_ports(1)
        token, jwt = "token-of-the-benchmark", kas_jwt(base64.b64encode(b"k" * 32))
        with tempfile.TemporaryDirectory() as folder:
            stub = {"request": {"method": "GET", "urlPath": AGENT_INFO,
                                "headers": {"Authorization": {"equalTo": f"Bearer {token}"},
                                            "Gitlab-Kas-Api-Request": {"matches": r"[\w-]+\.[\w-]+\.[\w-]{43}"}}},
                    "response": {"status": 200, "headers": {"Content-Type": "application/json"},
                                 "jsonBody": {"project_id": 1, "agent_id": 1, "agent_name": "my-agent", "gitaly_info":
                                              {"address": "tcp://127.0.0.1:9092", "token": "", "features": {}}}}}
            Path(folder, "mappings").mkdir()
            Path(folder, "mappings/agent_info.json").write_text(json.dumps(stub))
            with running([*p.wiremock(), "--port", port, "--root-dir", folder, "--disable-banner", "--no-request-journal",
                          "--async-response-enabled", "false"], core=0, wants_line=False) as s:
                wait_for_ports([port], 60)
                address = f"127.0.0.1:{port}"
                agent_info_load(p, s, address, jwt, token, 20000)  # until its code is compiled
                return agent_info_load(p, s, address, jwt, token, 20000)

    return {"title": "fakegitlab: agent_info on one core; JWT (HS256) and token checked; WireMock matches both headers by patterns "
                     "(h2load --h1, 16 connections, one request at a time each)", "unit": "/s", "goal": 40000,
            "more_is_better": True, "subjects": {"fakekas": fake, "WireMock": wiremock}}


@row("delay", 3, 1)
def delay(p):
    def kas():
        with fakekas(p, "ws", scenario=HERE / "http.yaml") as s:
            out = subprocess.run([p.delay, s.address["ws"], "--count", "200", "--ms", "50"], capture_output=True,
                                 text=True, check=True)
            late = sorted(json.loads(out.stdout))
            return {"": late[int(len(late) * 0.99) - 1] / 1000, "median": statistics.median(late) / 1000}

    return {"title": "error of a scripted delay of 50 ms, 99th percentile of 200", "unit": "ms", "goal": 1,
            "subjects": {"fakekas": kas}, "no_peer": "stated by nobody"}


def round_trip(p, address, token, transport):
    """The median of one call after the other on one connection, in microseconds."""
    path = KAS_PATH if transport.startswith("ws") else ""
    argv = [p.rpc, f"{transport}://{address}{path}", "--calls", 20000, "--at-once", 1, "--token", token, "--path", REGISTER]
    told = json.loads(subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=True).stdout)
    return told["median_us"]


def added(p, transport, between):
    """What `between` adds to a round trip that was measured just before without it."""
    with fakekas(p, transport) as kas:
        direct = round_trip(p, kas.address[transport], kas.told["token"], transport)
        with between(kas) as address:
            there = round_trip(p, address, kas.told["token"], transport)
        return {"": there - direct, "direct": direct}


@row("proxy", 7, 3)
def proxy(p):
    @contextmanager
    def ours(kas, transport, *more):
        argv = [p.fakekas, "proxy", "--json", "--to", f"{transport}://{kas.address[transport]}", "--listen",
                f"{transport}=127.0.0.1:0", "--insecure", *more]
        with running(argv) as server:
            yield json.loads(server.line)["listeners"][0]["address"]

    @contextmanager
    def toxiproxy(kas):
        ports = free_ports(2)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            json.dump([{"name": "kas", "listen": f"127.0.0.1:{ports[1]}", "upstream": kas.address["grpc"],
                        "enabled": True}], f)
            f.flush()
            argv = [p.peer("toxiproxy-server"), "-host", "127.0.0.1", "-port", ports[0], "-config", f.name]
            with running(argv, wants_line=False):
                wait_for_ports(ports)
                yield f"127.0.0.1:{ports[1]}"

    return {"title": "what a proxy adds to a round trip (unary Register, one after the other; median of 20 000 a run)",
            "unit": "us", "goal": 50,
            "subjects": {"fakekas proxy, grpc": lambda: added(p, "grpc", lambda kas: ours(kas, "grpc")),
                         "fakekas proxy --linger 0, grpc":
                             lambda: added(p, "grpc", lambda kas: ours(kas, "grpc", "--linger", "0")),
                         "fakekas proxy, ws": lambda: added(p, "ws", lambda kas: ours(kas, "ws")),
                         "Toxiproxy, bytes only": lambda: added(p, "grpc", toxiproxy)}}


@row("agents", 2, 1)
def agents(p):
    def kas():
        with fakekas(p, "grpc") as s, held(p, s, "grpc", 7500) as first, held(p, s, "grpc", 7500) as second:
            return {"": first.told["agents"] + second.told["agents"], "RSS, MiB": s.status("VmRSS") / 1024}

    return {"title": "agents held by one process (raw gRPC, from two processes)", "unit": "agents", "goal": 15000,
            "more_is_better": True, "subjects": {"fakekas": kas}, "no_peer": "none stated"}


def reconnects(p, make, transport):
    """Two clients, so that the server need not wait for one of them."""
    with (make as server, held(p, server, transport, 500, again=4) as one,
          held(p, server, transport, 500, again=4) as two):
        before = server.cpu()
        told = [json.loads(client.stdout.readline()) for client in (one, two)]
        used = max(server.cpu() - before, 1 / TICK)
        return {"": sum(t["again"] / t["seconds"] for t in told),
                BY_CPU: sum(t["again"] for t in told) / used}


@row("reconnects-raw", 3, 1)
def reconnects_raw(p):
    return {"title": "reconnects, raw gRPC (connect, SETTINGS, GetConfiguration answered, two Connect; two clients)",
            "unit": "/s", "goal": 5000, "more_is_better": True,
            "subjects": {"fakekas": lambda: reconnects(p, fakekas(p, "grpc"), "grpc"),
                         "grpc-go server": lambda: reconnects(p, grpcgo(p), "grpc")}}


@row("reconnects-wss", 3, 1)
def reconnects_wss(p):
    return {"title": "reconnects in WebSocket over TLS (a whole handshake each)", "unit": "/s", "goal": None,
            "more_is_better": True, "subjects": {"fakekas": lambda: reconnects(p, fakekas(p, "wss"), "wss")},
            "no_peer": "none known"}


def sut_alone(p):
    """Milliseconds that the component itself takes: started, its line read, told to end, gone."""
    began = time.perf_counter()
    child = subprocess.Popen([p.sut], stdout=subprocess.PIPE)
    child.stdout.readline()
    child.terminate()
    child.wait()
    child.stdout.close()
    return (time.perf_counter() - began) * 1000


def played(p, fixtures, rows):
    with tempfile.TemporaryDirectory() as out:
        began, cpu = time.perf_counter(), os.times()
        subprocess.run([p.conform, "run", "bench/nothing", "--fixtures", fixtures, "--sut", f"agentk={p.sut.resolve()}",
                        "-j1", "--repeat", str(rows), "--no-golden", "--quiet", "--out", f"{out}/r"], check=True,
                       capture_output=True)
        now = os.times()
        used = now.children_user + now.children_system - cpu.children_user - cpu.children_system
        return (time.perf_counter() - began) * 1000, used * 1000


@row("harness", 5, 2)
def harness(p):
    def conform():
        with tempfile.TemporaryDirectory() as folder:
            fixtures = Path(folder)
            (fixtures / "scenarios/bench").mkdir(parents=True)
            shutil.copy(HERE / "nothing.yaml", fixtures / "scenarios/bench/nothing.yaml")
            for name in ("profiles", "scenario.schema.json"):
                (fixtures / name).symlink_to(ROOT / "fixtures" / name)
            one, one_cpu = played(p, fixtures, 1)
            many, many_cpu = played(p, fixtures, 51)
            alone = statistics.median(sut_alone(p) for _ in range(20))
            return {"": (many - one) / 50 - alone, "its CPU": (many_cpu - one_cpu) / 50,
                    "the component alone, taken off": alone}

    return {"title": "what `conform run` adds to a scenario that asks nothing (namespaces, fakes, certificates, "
                     "teardown; 50 rows, -j1)", "unit": "ms", "goal": 5, "subjects": {"fakekas": conform},
            "no_peer": "BoGo has no isolation"}


# ---- running them ----------------------------------------------------------------------------------------------


def figures(runs):
    return {"median": statistics.median(runs), "min": min(runs), "max": max(runs), "runs": runs}


def measure(p, name, quick):
    fn, repeats, quick_repeats = ROWS[name]
    r = fn(p)
    seen = {subject: {} for subject in r["subjects"]}
    absent = {}
    for _ in range(quick_repeats if quick else repeats):
        for subject, once in r["subjects"].items():
            if subject in absent:
                continue
            try:
                got = once()
            except Missing as e:
                absent[subject] = f"{ABSENT}: {e}"
                continue
            for key, value in (got if isinstance(got, dict) else {"": got}).items():
                seen[subject].setdefault(key, []).append(value)
    result = {k: r.get(k) for k in ("title", "unit", "goal", "no_peer")}
    result["subjects"] = {s: {key or "figure": figures(v) for key, v in kinds.items()}
                          for s, kinds in seen.items() if kinds}
    result["absent"] = absent
    mine = result["subjects"].get("fakekas", {}).get("figure")
    if mine:
        more = r.get("more_is_better", False)
        if r["goal"]:
            by_cpu = result["subjects"]["fakekas"].get(BY_CPU, mine)
            reached = [x["median"] >= r["goal"] if more else x["median"] <= r["goal"] for x in (mine, by_cpu)]
            result["verdict"] = ("reached" if reached[0] else
                                 "missed on the clock, reached by its CPU" if reached[1] else "MISSED")
        result["ratio"] = {s: mine["median"] / f["figure"]["median"] for s, f in result["subjects"].items()
                           if s != "fakekas"}
    return result


def number(x):
    return f"{x:,.0f}".replace(",", " ") if abs(x) >= 1000 else f"{x:.2f}" if abs(x) < 10 else f"{x:.1f}"


def show(name, r):
    print(f"\n{name}: {r['title']}")
    if r["goal"]:
        print(f"  {'goal':44} {number(r['goal']):>10} {r['unit']}: {r.get('verdict', 'not measured')}")
    for subject, kinds in r["subjects"].items():
        for key, f in kinds.items():
            label = subject if key == "figure" else "   " + key
            unit = r["unit"] if key in ("figure", BY_CPU, NOT_SHARED) else ""
            print(f"  {label:44} {number(f['median']):>10} {unit:7} ({number(f['min'])} … {number(f['max'])})")
        if subject in r.get("ratio", {}):
            print(f"  {'   fakekas to it':44} {r['ratio'][subject]:>10.2f}")
    for subject, why in r["absent"].items():
        print(f"  {subject:44} {why}")
    if r["no_peer"]:
        print(f"  {'peer':44} {r['no_peer']}")
    sys.stdout.flush()


def machine():
    model = [x.split(":", 1)[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines()
             if x.startswith("model name")]
    return {"cores": os.cpu_count(), "model": model[0] if model else "?", "kernel": platform.release(),
            "load before": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d")}


tunnel.rows(row, sys.modules[__name__])


def main():
    ap = argparse.ArgumentParser(prog="ci/bench", description=__doc__.splitlines()[0])
    ap.add_argument("--build", type=Path, default=ROOT / "build-bench", help=argparse.SUPPRESS)
    ap.add_argument("--quick", action="store_true", help="few repeats")
    ap.add_argument("--only", default="", help="rows, with commas between them")
    ap.add_argument("--list", action="store_true", help="name the rows")
    ap.add_argument("--priority", action="store_true", help="go before the machine's other work (nice -15; needs root)")
    ap.add_argument("--out", type=Path, default=ROOT / "results/bench.json")
    o = ap.parse_args()
    if o.list:
        print("\n".join(ROWS))
        return 0
    wanted = o.only.split(",") if o.only else list(ROWS)
    unknown = [x for x in wanted if x not in ROWS]
    if unknown:
        print(f"ci/bench: no row {unknown[0]!r}; there are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    global QUICK
    QUICK = o.quick
    if o.priority:
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    p, here = Programs(o.build), {**machine(), "priority": o.priority}
    print(f"{here['cores']} × {here['model']}, Linux {here['kernel']}, load {here['load before']:.1f}")
    if here["load before"] > 0.5 and not o.priority:
        print("The machine is busy: figures on the clock say more of its other work than of fakekas.")
    rows = {}
    for name in wanted:
        try:
            rows[name] = measure(p, name, o.quick)
            show(name, rows[name])
        except (RuntimeError, subprocess.CalledProcessError) as e:
            rows[name] = {"failed": f"{e} {getattr(e, 'stderr', '') or ''}"}
            print(f"\n{name}: FAILED: {rows[name]['failed']}")
    here["load after"] = os.getloadavg()[0]
    o.out.parent.mkdir(parents=True, exist_ok=True)
    o.out.write_text(json.dumps({"machine": here, "rows": rows}, indent=1) + "\n")
    print(f"\n{os.path.relpath(o.out)}")
    return 3 if any("failed" in r for r in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
