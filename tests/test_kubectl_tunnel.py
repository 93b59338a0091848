"""kubectl with the context of a CI job: through the fake KAS and the tunnel of a real agent to the fake cluster, and back."""
import glob
import json
import os
import re
import pathlib
import subprocess

import pytest

from conftest import BUILD, ROOT
from peers import program
from test_kubectl import DEPLOYMENT, POD, check_commands

AGENTS = pathlib.Path(os.environ.get("FAKEKAS_AGENTS", pathlib.Path.home() / "agents"))


class Started:
    """A program that tells in one line of JSON what it has."""

    def __init__(self, *words):
        self.process = subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.told = json.loads(line)

    def do(self, verb, args):
        return subprocess.run(["curl", "-s", "--unix-socket", self.told["control"], "http://fake/do", "-d", json.dumps({verb: args})],
                              check=True, capture_output=True, text=True).stdout

    def end(self):
        self.process.terminate()
        assert self.process.wait(10) == 0, self.process.stderr.read()


def agents():
    """One before connections could be upgraded, and the newest of GitLab's."""
    return [path for version in ("14.7", "16.5") for path in glob.glob(str(AGENTS / f"agentk-{version}*"))[:1]]


class Job:
    """fakekube, the fake KAS, an agent between them, and kubectl as a job has it."""

    def __init__(self, agent, folder):
        self.kubectl = program("kubectl", "apt-get install kubernetes-client, or unpack that package's kubectl into $FAKEKAS_PEERS")
        self.kube = Started(BUILD / "fakekube/fakekube", "serve", "--json", "--listen", "https=127.0.0.1:0")
        self.upgrades = "14." not in pathlib.Path(agent).name  # agents from 15.1 on, KAS from 15.7 on
        version = [] if self.upgrades else ["--version", "14.7"]
        self.kas = Started(BUILD / "fakekas/fakekas", "serve", "--json", "--listen", "grpc=127.0.0.1:0", "--listen", "https=127.0.0.1:0",
                           *version)
        self.job = self.kas.told["kubernetes_api"]
        self.log = open(folder / "agent.log", "w+", encoding="utf-8")
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "POD_NAMESPACE": "gitlab-agent", "POD_NAME": "one"}
        words = [agent, f"--kas-address=grpc://{self.kas.told['listeners'][0]['address']}", f"--token-file={self.kas.told['token_file']}",
                 f"--kubeconfig={self.kube.told['kubeconfig']}"]
        if "16." in pathlib.Path(agent).name:
            words.append("--observability-listen-address=127.0.0.1:0")
        self.agent = subprocess.Popen(words, env=env, stdout=self.log, stderr=subprocess.STDOUT)
        self.env = {**os.environ, "KUBECONFIG": self.job["kubeconfig"], "HOME": str(folder)}

    def start(self, *words):
        return subprocess.Popen([self.kubectl, *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *words, manifest=None, fails=False):
        done = subprocess.run([self.kubectl, *words], env=self.env, input=manifest, capture_output=True, text=True, timeout=60, check=False)
        self.log.seek(0)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr + self.log.read()
        return done.stdout + done.stderr

    def end(self):
        self.agent.kill()
        self.agent.wait(10)
        self.log.close()
        self.kas.end()
        self.kube.end()


@pytest.fixture(name="job", scope="module", params=agents() or [None], ids=lambda path: pathlib.Path(path or "none").name)
def _job(request, tmp_path_factory):
    if not request.param:
        pytest.skip(f"no agentk-14.7 or agentk-16.5 in {AGENTS} ($FAKEKAS_AGENTS)")
    one = Job(request.param, tmp_path_factory.mktemp("job"))
    try:
        yield one
    finally:
        one.end()


def test_a_job(job):
    assert "Server Version: v1.27." in job.run("version", "--short")
    assert job.run("config", "current-context") == "group/project:my-agent\n"
    assert job.run("apply", "-f", "-", manifest=DEPLOYMENT) == "deployment.apps/nginx-deployment created\nconfigmap/cm created\n"
    assert job.run("apply", "-f", "-", manifest=DEPLOYMENT) == "deployment.apps/nginx-deployment unchanged\nconfigmap/cm unchanged\n"
    assert "3/3" in job.run("get", "deploy")
    assert "successfully rolled out" in job.run("rollout", "status", "deploy/nginx-deployment")
    assert "3 desired | 3 updated | 3 total | 3 available" in job.run("describe", "deploy", "nginx-deployment")
    assert job.run("delete", "-f", "-", manifest=DEPLOYMENT) == ('deployment.apps "nginx-deployment" deleted\n'
                                                                'configmap "cm" deleted\n')
    assert job.run("get", "cm", "cm", fails=True) == 'Error from server (NotFound): configmaps "cm" not found\n'


def test_watch(job):
    job.run("create", "cm", "first")
    watch = job.start("get", "cm", "--watch", "-o", "name")
    while watch.stdout.readline() != "configmap/first\n":
        assert watch.poll() is None
    job.run("create", "cm", "second")
    while watch.stdout.readline() != "configmap/second\n":
        assert watch.poll() is None
    watch.terminate()
    watch.wait(10)
    job.run("delete", "cm", "first", "second")


def test_logs(job):
    job.run("apply", "-f", "-", manifest=POD)
    assert "connect: connection refused" in job.run("logs", "p", fails=True)
    job.kube.do("log", {"name": "p", "lines": ["one", "two"], "end": True})
    assert job.run("logs", "p") == "one\ntwo\n"
    job.run("delete", "pod", "p")


def test_commands(job):
    if job.upgrades:
        check_commands(job)
    else:
        job.run("apply", "-f", "-", manifest=POD)
        assert "Upgrade request required" in job.run("exec", "p", "--", "echo", "hello", fails=True)
    job.run("delete", "pod", "p")


def test_who_may_not(job):
    job.kas.do("set_job", "success")
    assert "Forbidden" in job.run("get", "ns", fails=True) or "forbidden" in job.run("get", "ns", fails=True)
    job.kas.do("set_job", "running")
    bad = {**job.env, "KUBECONFIG": os.devnull}
    server = f"https://{job.job['listeners'][0]['address']}{job.job['prefix'].rstrip('/')}"
    done = subprocess.run([job.kubectl, "--server", server, "--token", f"ci:42:{job.job['job_token']}", "get", "ns"], env=bad,
                          capture_output=True, text=True, check=False)
    # F23; the middle is of newer Go releases
    assert re.fullmatch(r"Unable to connect to the server: (tls: failed to verify certificate: )?x509: certificate signed by "
                        r"unknown authority\n", done.stderr)
    done = subprocess.run([job.kubectl, "--server", server, "--insecure-skip-tls-verify", "--token", "ci:42:none", "get", "ns"],
                          env=bad, capture_output=True, text=True, check=False)
    assert "error: You must be logged in to the server" in done.stderr  # F22
    done = subprocess.run([job.kubectl, "--server", server, "--insecure-skip-tls-verify", "--token", f"ci:42:{job.job['job_token']}",
                           "get", "ns", "default", "-o", "name"], env=bad, capture_output=True, text=True, check=True)
    assert done.stdout == "namespace/default\n"
