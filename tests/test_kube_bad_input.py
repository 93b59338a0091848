"""Whatever a client sends, the fake Kubernetes API refuses it in words and goes on serving."""
import http.client
import json
import os
import socket
import subprocess

import pytest

from conftest import BUILD, ROOT

FAKEKUBE = BUILD / "fakekube" / "fakekube"
MAPS = "/api/v1/namespaces/default/configmaps"
JSON, YAML = "application/json", "application/yaml"
PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
           "application/apply-patch+yaml")
DEEP = 900  # Python bears no more
SANITIZED = "detect_leaks=1:exitcode=99"


class Kube:
    """One `fakekube serve --json` over plain HTTP."""

    def __init__(self, *args):
        self.process = subprocess.Popen([FAKEKUBE, "serve", "--json", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        cwd=ROOT, env={**os.environ, "ASAN_OPTIONS": SANITIZED})
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        announced = json.loads(line)
        self.host, self.port = announced["listeners"][0]["address"].rsplit(":", 1)
        self.control = announced["control"]

    def ask(self, method, target, body=None, kind=JSON):
        c = http.client.HTTPConnection(self.host, int(self.port), timeout=60)
        c.request(method, target, body, {"Content-Type": kind} if kind else {})
        answer = c.getresponse()
        text = answer.read()
        c.close()
        return answer.status, json.loads(text) if answer.getheader("Content-Type") == JSON and b"}" * DEEP not in text else text

    def state(self):
        return json.loads(subprocess.run(["curl", "-s", "--unix-socket", self.control, "http://fakekube/state"], capture_output=True,
                                         check=True).stdout)

    def still_serves(self):
        assert self.ask("GET", "/api/v1/namespaces/default")[1]["metadata"]["name"] == "default"


@pytest.fixture(name="kube", scope="module")
def _kube():
    one = Kube("--watch-buffer", "1MiB")
    yield one
    one.still_serves()
    one.process.terminate()
    assert one.process.wait(20) == 0, one.process.stderr.read()
    assert "runtime error" not in one.process.stderr.read()


def config_map(name, **more):
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more})


MALFORMED = ["", "{", "null", "[]", '"x"', "1", "{}}", '{"metadata":[]}', '{"metadata":{"name":[]}}', '{"metadata":{"labels":"x"}}', "\0",
             b"\xff\xfe", b'{"data":{"a":"\xff"}}', '{"metadata":{"name":"\\u0000"}}', '{"a":1,"a":2}', "- a\n- b: {", "a: &x [*x, *x]",
             '{"spec":1e999}', '{"metadata":{"finalizers":{"a":1},"ownerReferences":"x","managedFields":7}}',
             '{"metadata":{"managedFields":[{"fieldsV1":[1]},2]}}', '[{"op":"add","path":"","value":1}]', '[{"op":"move","from":"/","path":"/"}]',
             '[{"op":"add","path":"/metadata/name/x/-/99999999999999999999","value":1}]', '{"$patch":"replace"}',
             '{"data":{"$retainKeys":["x"],"$setElementOrder/x":1,"$deleteFromPrimitiveList/y":[1]}}']


@pytest.mark.parametrize("kind", [JSON, YAML, *PATCHES])
def test_malformed(kube, kind):
    kube.ask("POST", MAPS, config_map("there", data={"a": "b"}))
    for body in MALFORMED:
        for method, target in (("POST", MAPS), ("PUT", f"{MAPS}/there"), ("DELETE", f"{MAPS}/none")) if kind in (JSON, YAML) else (
                ("PATCH", f"{MAPS}/there?fieldManager=x"),):
            status, said = kube.ask(method, target, body.encode() if isinstance(body, str) else body, kind)
            assert status in (200, 201) or (400 <= status <= 500 and said["kind"] == "Status" and said["message"]), (method, body, said)
    kube.still_serves()


@pytest.mark.parametrize("depth", [100, 3000, 400000])
@pytest.mark.parametrize("kind", [JSON, YAML, *PATCHES])
def test_deep_nesting(kube, kind, depth):
    for opening, closing in (('{"a":', "}"), ("[", "]")):
        body = opening * depth + "1" + closing * depth
        patch = kind in PATCHES
        status, said = kube.ask("PATCH" if patch else "POST", f"{MAPS}/deep?fieldManager=x" if patch else MAPS, body, kind)
        assert status >= 400 and said["kind"] == "Status"
    kube.still_serves()


def test_deep_nesting_of_a_custom_resource(kube):
    """What nobody knows the fields of is taken as it is, applied, patched and watched."""
    names = {"plural": "deeps", "kind": "Deep"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    kube.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json.dumps(
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "deeps.example.com"},
         "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}}))
    deep = '{"a":' * 1500 + "1" + "}" * 1500
    body = '{"apiVersion":"example.com/v1","kind":"Deep","metadata":{"name":"d"},"spec":' + deep + "}"
    deeps = "/apis/example.com/v1/namespaces/default/deeps"
    assert kube.ask("POST", deeps, body)[0] == 201
    assert kube.ask("PATCH", f"{deeps}/d?fieldManager=x&force=true", body, PATCHES[3])[0] == 200
    assert kube.ask("PATCH", f"{deeps}/d", '{"spec":' + deep.replace("1}", "2}") + "}", PATCHES[1])[0] == 200
    assert kube.ask("DELETE", f"{deeps}/d")[0] == 200


def test_wrong_content_types(kube):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/vnd.kubernetes.protobuf", "x", None):
        assert kube.ask("PATCH", f"{MAPS}/there", "{}", kind)[0] == 415
        status, said = kube.ask("POST", MAPS, "k8s\0\x0a\xff", kind)
        assert status in (400, 415) and said["kind"] == "Status"


def test_too_large(kube):
    status, said = kube.ask("POST", MAPS, config_map("large", data={"a": "x" * (4 << 20)}))
    assert (status, said["reason"]) == (413, "RequestEntityTooLarge")
    status, said = kube.ask("POST", MAPS, config_map("large", data={"a": "x" * (2 << 20)}))
    assert (status, said["reason"]) == (422, "Invalid")


@pytest.mark.parametrize("query", ["labelSelector=" + "a%2C" * 2000, "labelSelector=" + "%28" * 5000, "fieldSelector=" + "%3D" * 3000,
                                   "limit=49999999999999999999", "continue=" + "A" * 20000, "resourceVersion=-1&watch=1&timeoutSeconds=0",
                                   "watch=1&timeoutSeconds=-9&resourceVersion=x", "%zz=%", "dryRun=x&fieldManager=" + "m" * 9000])
def test_queries(kube, query):
    c = http.client.HTTPConnection(kube.host, int(kube.port), timeout=10)
    c.request("GET", f"{MAPS}?{query}")
    assert 200 <= c.getresponse().status <= 500
    c.close()


def test_an_enormous_list(kube):
    """1 500 objects, listed whole and by pages."""
    c = http.client.HTTPConnection(kube.host, int(kube.port), timeout=60)
    leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    for i in range(1500):
        body = f'{{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{{"name":"l{i}"}}}}'
        c.request("POST", leases, body, {"Content-Type": JSON})
        assert c.getresponse().read()
    assert len(kube.ask("GET", leases)[1]["items"]) == 1500
    seen, token = 0, ""
    while token is not None:
        page = kube.ask("GET", f"{leases}?limit=499&continue={token}")[1]
        seen, token = seen + len(page["items"]), page["metadata"].get("continue")
    assert seen == 1500
    assert kube.ask("DELETE", leases)[0] == 200
    assert kube.ask("GET", leases)[1]["items"] == []


def test_watches_that_never_read(kube):
    """They are let go before they cost memory: each has room for 1 MiB, and 6 MB come."""
    kube.ask("POST", MAPS, config_map("busy", data={"a": "0" * 500000}))
    deaf = []
    for _ in range(20):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect((kube.host, int(kube.port)))
        s.sendall(f"GET {MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert s.recv(12) == b"HTTP/1.1 200"
        deaf.append(s)
    assert kube.state()["watches"] == 20
    for i in range(12):
        assert kube.ask("PUT", f"{MAPS}/busy", config_map("busy", data={"a": str(i % 10) * 500000}))[0] == 200
    assert kube.state()["watches"] == 0
    for s in deaf:
        s.close()
    kube.still_serves()
