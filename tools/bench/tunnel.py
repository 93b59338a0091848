"""The CI/CD tunnel: a job's request through the fake KAS, and through a real one, beside the same request made directly.

The agent is a real one, and it compresses every message; what is sent compresses well. Everybody takes the same cluster: fakekube.
"""
import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "talks", "namespace": "default"},
       "spec": {"containers": [{"name": "c", "image": "i"}]}}
TALKS = "/api/v1/namespaces/default/pods/talks/proxy"
SIZE, QUICK_SIZE = 1 << 30, 64 << 20
MIB = 1 << 20


def rows(row, bench):
    """Adds its rows; bench: the module that measures."""
    agents = Path(os.environ.get("FAKEKAS_AGENTS", Path.home() / "agents"))

    def newest(kind):
        found = [path for path in (agents / f"{kind}-{v}" for v in ("16.5", "15.7", "14.7")) if path.exists()]
        if not found:
            raise bench.Missing(f"{kind} is not in {agents}")
        return found[0]

    @contextmanager
    def kube(p):
        with tempfile.TemporaryDirectory() as folder:
            spec = Path(folder, "kube.yaml")
            spec.write_text(json.dumps({"objects": [POD]}))
            with bench.running([p.build / "fakekube/fakekube", "serve", "--json", "--listen", "https=127.0.0.1:0", spec]) as s:
                s.told = json.loads(s.line)
                s.address = s.told["listeners"][0]["address"]
                yield s

    @contextmanager
    def agent(address, token, cluster):
        with tempfile.TemporaryDirectory() as folder:
            token_file = Path(folder, "token")
            token_file.write_text(token)
            words = [newest("agentk"), f"--kas-address=grpc://{address}", f"--token-file={token_file}",
                     f"--kubeconfig={cluster.told['kubeconfig']}", f"--observability-listen-address=127.0.0.1:{bench.free_ports(1)[0]}"]
            with bench.running(words, wants_line=False, env={"HOME": folder, "POD_NAMESPACE": "gitlab-agent", "POD_NAME": "one"}) as s:
                yield s

    def carried(url, token, size, up):
        """MiB a second."""
        words = ["curl", "-sS", "--fail", "--insecure", "--retry", "20", "--retry-delay", "1", "--retry-all-errors", "-H", f"Authorization: Bearer {token}"]
        version = subprocess.run([*words, "-o", os.devnull, url.replace(TALKS, "") + "/version"], check=True, capture_output=True)
        assert version.returncode == 0
        if up:
            with tempfile.NamedTemporaryFile() as zeros: # of no size on the disk
                zeros.truncate(size)
                told = subprocess.run([*words, "-X", "POST", "-T", zeros.name, "-w", " %{speed_upload}", f"{url}/count"], check=True,
                                      capture_output=True, text=True).stdout
            assert f'"bytes":{size}' in told, told
        else:
            told = subprocess.run([*words, "-o", os.devnull, "-w", "%{size_download} %{speed_download}", f"{url}/bytes/{size}"], check=True,
                                  capture_output=True, text=True).stdout
            assert told.split()[0] == str(size), told
        return float(told.split()[-1]) / MIB

    def direct(p, size, up):
        with kube(p) as cluster:
            return carried(f"https://{cluster.address}{TALKS}", "anybody", size, up)

    def fake(p, size, up):
        argv = [p.fakekas, "serve", "--json", "--listen", "grpc=127.0.0.1:0", "--listen", "https=127.0.0.1:0"]
        with kube(p) as cluster, bench.running(argv) as kas:
            told = json.loads(kas.line)
            job = told["kubernetes_api"]
            with agent(told["listeners"][0]["address"], told["token"], cluster):
                before = kas.status("VmRSS")
                speed = carried(f"https://{job['listeners'][0]['address']}/k8s-proxy{TALKS}", f"ci:42:{job['job_token']}", size, up)
                return {"": speed, "MiB that fakekas grew by": (kas.status("VmHWM") - before) / 1024}

    @contextmanager
    def real_kas(p):
        """KAS, Redis and the fake GitLab: its address for agents, for jobs, and the agent's token."""
        ports = bench.free_ports(6)
        redis, listen, observed, api, jobs, private = (f"127.0.0.1:{port}" for port in ports)
        with tempfile.TemporaryDirectory() as folder:
            seed = Path(folder, "seed.yaml")
            seed.write_text(json.dumps({"users": [{"username": "root", "admin": True}],
                                        "projects": [{"path": "grp/proj", "members": {"root": "maintainer"}, "files": {"README.md": "x"}}],
                                        "agents": [{"name": "my-agent", "project": "grp/proj"}],
                                        "jobs": [{"token": "job-token-of-the-bench", "project": "grp/proj", "user": "root"}]}))
            secret = Path(folder, "secret")
            secret.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
            with bench.running([p.fakegitlab, "serve", "--json", seed]) as gitlab:
                told = json.loads(gitlab.line)
                config = Path(folder, "kas.yaml")
                own = {"authentication_secret_file": str(secret)}
                config.write_text(json.dumps({
                    "gitlab": {"address": f"http://{told['listeners'][0]['address']}", "authentication_secret_file": told["kas_secret_file"]},
                    "agent": {"listen": {"address": listen, "websocket": False}, "kubernetes_api": {"listen": {"address": jobs}}},
                    "observability": {"listen": {"address": observed}}, "redis": {"server": {"address": redis}},
                    "api": {"listen": {"address": api, **own}}, "private_api": {"listen": {"address": private, **own}}}))
                if not shutil.which("redis-server"):
                    raise bench.Missing("redis-server is not in PATH")
                with bench.running(["redis-server", "--port", ports[0], "--save", "", "--dir", folder], wants_line=False):
                    bench.wait_for_ports(ports[:1])
                    with bench.running([newest("kas"), f"--configuration-file={config}"], wants_line=False,
                                       env={"OWN_PRIVATE_API_URL": f"grpc://{private}"}) as kas:
                        bench.wait_for_ports([ports[1], ports[4]])
                        kas.address, kas.jobs = listen, jobs
                        kas.token = told["secrets"]["agents"]["my-agent"][0]
                        yield kas

    def real(p, size, up):
        with kube(p) as cluster, real_kas(p) as kas, agent(kas.address, kas.token, cluster):
            before = kas.status("VmRSS")
            speed = carried(f"http://{kas.jobs}{TALKS}", "ci:1:job-token-of-the-bench", size, up)
            return {"": speed, "MiB that KAS grew by": (kas.status("VmHWM") - before) / 1024}

    def carries(up):
        def fn(p):
            size = QUICK_SIZE if bench.QUICK else SIZE
            name = re.sub(r"^kas-", "", newest("kas").name) if any(agents.glob("kas-*")) else "?"
            return {"title": f"{size // MIB} MiB {'from a job to' if up else 'from'} the cluster, in one request through the CI/CD tunnel",
                    "unit": "MiB/s", "goal": None, "more_is_better": True,
                    "subjects": {"fakekas": lambda: fake(p, size, up), f"kas {name}": lambda: real(p, size, up),
                                 "directly to fakekube": lambda: direct(p, size, up)}}
        return fn

    row("tunnel-down", 2, 1)(carries(False))
    row("tunnel-up", 2, 1)(carries(True))
