"""A session of Debian's kubectl with fakekube: what the issue asks for, in the order in which a person does it."""
import json
import os
import pathlib
import re
import socket
import subprocess

import pytest

from conftest import BUILD, ROOT
from peers import program

FAKEKUBE = BUILD / "fakekube" / "fakekube"

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx-deployment
spec:
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers: [{name: nginx, image: "nginx:1.14.2"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm}
data: {a: b}
"""

POD = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}'

# As the documentation's page shows it: what belongs to the spec stands under metadata.
MISPLACED = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx-deployment
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template: {metadata: {labels: {app: nginx}}}
"""

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class Kube:
    """One `fakekube serve --json`, and a kubectl that knows it."""

    def __init__(self, folder, *args):
        self.kubectl = program("kubectl", "apt-get install kubernetes-client, or unpack that package's kubectl into $FAKEKAS_PEERS")
        version = json.loads(subprocess.run([self.kubectl, "version", "--client", "-o", "json"], capture_output=True, text=True,
                                            check=True).stdout)["clientVersion"]["gitVersion"]
        if not version.startswith("v1.20."):
            pytest.skip(f"{self.kubectl} is {version}, not Debian's 1.20; apt-get install kubernetes-client, or unpack it into $FAKEKAS_PEERS")
        self.folder = pathlib.Path(folder)
        self.process = subprocess.Popen([FAKEKUBE, "serve", "--json", "--listen", "https=127.0.0.1:0", *map(str, args)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.announced = json.loads(line)
        self.env = {**os.environ, "KUBECONFIG": self.announced["kubeconfig"], "HOME": str(folder)}

    def start(self, *words):
        return subprocess.Popen([self.kubectl, *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *words, manifest=None, fails=False):
        """All that it prints."""
        done = subprocess.run([self.kubectl, *words], env=self.env, input=manifest, capture_output=True, text=True, timeout=60,
                              check=False)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(10) == 0, self.process.stderr.read()
        assert not pathlib.Path(self.announced["kubeconfig"]).exists()


@pytest.fixture(name="kube", scope="module")
def _kube(tmp_path_factory):
    with Kube(tmp_path_factory.mktemp("kubectl")) as one:
        yield one


def test_a_session(kube):
    assert "Server Version: v1.27." in kube.run("version", "--short")
    assert kube.run("apply", "-f", "-", manifest=DEPLOYMENT) == "deployment.apps/nginx-deployment created\nconfigmap/cm created\n"
    assert kube.run("apply", "-f", "-", manifest=DEPLOYMENT) == "deployment.apps/nginx-deployment unchanged\nconfigmap/cm unchanged\n"
    assert "3/3" in kube.run("get", "deploy")
    assert "successfully rolled out" in kube.run("rollout", "status", "deploy/nginx-deployment")
    described = kube.run("describe", "deploy", "nginx-deployment")
    assert "3 desired | 3 updated | 3 total | 3 available | 0 unavailable" in described
    changed = DEPLOYMENT.replace("replicas: 3", "replicas: 4")
    assert "configured (server dry run)" in kube.run("apply", "--dry-run=server", "-f", "-", manifest=changed)
    assert kube.run("get", "deploy/nginx-deployment", "-o", "jsonpath={.spec.replicas}") == "3"
    assert kube.run("scale", "deploy/nginx-deployment", "--replicas=2") == "deployment.apps/nginx-deployment scaled\n"
    assert kube.run("label", "cm/cm", "x=y") == "configmap/cm labeled\n"
    assert kube.run("get", "cm", "-l", "x=y", "-o", "name") == "configmap/cm\n"
    assert kube.run("get", "cm", "--field-selector", "metadata.name=none") == "No resources found in default namespace.\n"
    said = kube.run("apply", "--server-side", "-f", "-", fails=True, manifest=DEPLOYMENT.replace("1.14.2", "1.15"))
    assert "Apply failed with 2 conflicts: conflicts with \"kubectl-client-side-apply\" using apps/v1" in said
    assert '- .spec.template.spec.containers[name="nginx"].image' in said and "- .spec.replicas" in said
    assert "serverside-applied" in kube.run("apply", "--server-side", "--force-conflicts", "-f", "-",
                                            manifest=DEPLOYMENT.replace("1.14.2", "1.15"))
    assert kube.run("delete", "-f", "-", manifest=DEPLOYMENT) == ('deployment.apps "nginx-deployment" deleted\n'
                                                                 'configmap "cm" deleted\n')
    assert kube.run("get", "deploy", "nginx-deployment", fails=True) == (
        'Error from server (NotFound): deployments.apps "nginx-deployment" not found\n')


def test_the_documented_failure(kube):
    said = kube.run("apply", "-f", "-", manifest=MISPLACED, fails=True)
    wrong = ", ".join(f'ValidationError(Deployment.metadata): unknown field "{field}" in {OBJECT_META}'
                      for field in ("replicas", "selector", "template"))
    assert f"error validating data: [{wrong}]" in said
    said = kube.run("apply", "--validate=false", "-f", "-", manifest=MISPLACED, fails=True)
    assert 'The Deployment "nginx-deployment" is invalid' in said and "spec.selector: Required value" in said
    said = kube.run("apply", "--server-side", "--validate=false", "-f", "-", manifest=MISPLACED, fails=True)
    assert "failed to create typed patch object (default/nginx-deployment; apps/v1, Kind=Deployment): .metadata.replicas: " in said


def test_watch(kube):
    kube.run("create", "cm", "first")
    watch = kube.start("get", "cm", "--watch", "-o", "name")
    while watch.stdout.readline() != "configmap/first\n":  # it lists what is there, then it watches
        assert watch.poll() is None
    kube.run("create", "cm", "second")
    while watch.stdout.readline() != "configmap/second\n":
        assert watch.poll() is None
    kube.run("delete", "cm", "second")
    assert watch.stdout.readline() == "configmap/second\n"
    watch.terminate()
    watch.wait(10)


def test_logs_are_refused_politely(kube):
    kube.run("apply", "-f", "-", manifest=POD)
    assert "connect: connection refused" in kube.run("logs", "p", fails=True)


def test_logs(kube):
    pod = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"speaks","labels":{"app":"a"}},"spec":{"containers":[{"name":"c","image":"i"}]}}'
    control = ["curl", "-s", "--unix-socket", kube.announced["control"], "http://fakekube/do", "-d"]
    kube.run("apply", "-f", "-", manifest=pod)
    subprocess.run([*control, '{"log": {"name": "speaks", "lines": ["one", "two"]}}'], check=True, capture_output=True)
    assert kube.run("logs", "speaks", "--tail=1") == "two\n"
    follow = kube.start("logs", "-f", "-l=app=a")
    assert [follow.stdout.readline(), follow.stdout.readline()] == ["one\n", "two\n"]
    subprocess.run([*control, '{"log": {"name": "speaks", "lines": ["three"], "end": true}}'], check=True, capture_output=True)
    assert follow.stdout.readline() == "three\n"
    assert follow.wait(10) == 0  # the container is through


def echoes(process, local_port_line):
    """What comes back through a forwarded port, when the client has said that it sends no more."""
    port = re.search(r"127.0.0.1:(\d+) ->", local_port_line)
    assert port, local_port_line + process.stdout.read()
    with socket.create_connection(("127.0.0.1", int(port[1])), timeout=10) as one:
        one.sendall(b"x" * 100000)
        one.shutdown(socket.SHUT_WR)
        return sum(len(piece) for piece in iter(lambda: one.recv(65536), b""))


def check_commands(kube):
    """`kube` is whoever has run() and start()."""
    kube.run("apply", "-f", "-", manifest=POD)
    kube.run("wait", "--for=condition=Ready", "pod/p", "--timeout=10s")
    assert kube.run("exec", "p", "--", "echo", "hello", "you") == "hello you\n"
    assert kube.run("exec", "-i", "p", "--", "cat", manifest="one\ntwo\n" * 50000) == "one\ntwo\n" * 50000
    assert kube.run("exec", "p", "--", "false", fails=True) == "command terminated with exit code 1\n"
    said = kube.run("exec", "p", "--", "nmap", fails=True)
    assert 'exec: "nmap": executable file not found in $PATH' in said and "command terminated with exit code 127" in said
    forward = kube.start("port-forward", "pod/p", ":80")
    line = forward.stdout.readline()
    assert echoes(forward, line) == 100000
    assert echoes(forward, line) == 100000
    forward.terminate()
    forward.wait(10)


def test_commands(kube):
    check_commands(kube)
    assert "container nope is not valid for pod p" in kube.run("exec", "p", "-c", "nope", "--", "true", fails=True)
    closed = kube.start("port-forward", "pod/only80", ":81")
    assert 'pods "only80" not found' in closed.stdout.read()
    assert closed.wait(10) == 1
    kube.run("delete", "pod", "p")


def test_commands_by_rules(tmp_path):
    spec = tmp_path / "kube.yaml"
    spec.write_text('exec: [{when: {command: {has: psql}}, stdout: "1 row\\n", stderr: "slow\\n", code: 3}]\n', encoding="utf-8")
    with Kube(tmp_path, spec) as kube:
        kube.run("apply", "-f", "-", manifest=POD)
        kube.run("wait", "--for=condition=Ready", "pod/p", "--timeout=10s")
        assert kube.run("exec", "p", "--", "psql", "-c", "select 1", fails=True) == "1 row\nslow\ncommand terminated with exit code 3\n"


def test_custom_resources(kube):
    definition = json.dumps({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                             "metadata": {"name": "things.example.com"},
                             "spec": {"group": "example.com", "scope": "Namespaced",
                                      "names": {"plural": "things", "singular": "thing", "kind": "Thing", "shortNames": ["th"]},
                                      "versions": [{"name": "v1", "served": True, "storage": True,
                                                    "schema": {"openAPIV3Schema": {"type": "object"}}}]}})
    thing = '{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"t"},"spec":{"size":3}}'
    kube.run("apply", "-f", "-", manifest=definition)
    assert "condition met" in kube.run("wait", "--for=condition=Established", "crd/things.example.com", "--timeout=10s")
    assert kube.run("apply", "-f", "-", manifest=thing) == "thing.example.com/t created\n"
    assert kube.run("get", "th", "t", "-o", "jsonpath={.spec.size}") == "3"


def test_forbidden(kube):
    control = ["curl", "-s", "--unix-socket", kube.announced["control"], "http://fakekube/do", "-d"]
    subprocess.run([*control, '{"forbid": {"verb": "get", "resource": "secrets"}}'], check=True, capture_output=True)
    assert kube.run("auth", "can-i", "get", "secrets", fails=True) == "no\n"
    assert kube.run("get", "secret", "s", fails=True) == (
        'Error from server (Forbidden): secrets "s" is forbidden: User "system:admin" cannot get resource "secrets" in API group "" '
        'in the namespace "default"\n')
    subprocess.run([*control, '{"allow": true}'], check=True, capture_output=True)
    assert "NotFound" in kube.run("get", "secret", "s", fails=True)
