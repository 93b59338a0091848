"""The fake Gitaly before clients of others: grpcio with messages that protoc made, and grpcurl. What KAS asks, with the
token that GitLab told it, and what Gitaly says to a wrong one."""
import hashlib
import hmac
import importlib
import json
import shutil
import subprocess
import sys
import time

import pytest

from conftest import ROOT
from gitlab_client import FAKEGITLAB, Gitlab
from peers import program

pytestmark = pytest.mark.skipif(not FAKEGITLAB.exists(), reason=f"{FAKEGITLAB} is not built")
GRPCURL = "go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest"
TOKEN = "the-token-of-gitaly"
CONFIG = "observability:\n  logging:\n    level: debug\n"
SEED = json.dumps({"projects": [{"path": "grp/proj", "files": {
    ".gitlab/agents/my-agent/config.yaml": CONFIG, "dir/a.yaml": "a", "dir/sub/b.yaml": "b", "README": ""}}, {"path": "grp/empty", "empty": True}]})
SERVICES = """syntax = "proto3";
package gitaly;
import "gitaly.proto";
service SmartHTTPService { rpc InfoRefsUploadPack(InfoRefsRequest) returns (stream InfoRefsResponse); }
service CommitService {
  rpc TreeEntry(TreeEntryRequest) returns (stream TreeEntryResponse);
  rpc GetTreeEntries(GetTreeEntriesRequest) returns (stream GetTreeEntriesResponse);
}
"""


def proof(token=TOKEN, seconds=None, version="v2"):
    """What KAS sends: facts of Gitaly's authentication, version 2."""
    seconds = str(int(time.time()) if seconds is None else seconds)
    return f"Bearer {version}.{hmac.new(token.encode(), seconds.encode(), hashlib.sha256).hexdigest()}.{seconds}"


@pytest.fixture(name="world", scope="module")
def fixture_world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gitaly")
    (folder / "seed.yaml").write_text(SEED)
    (folder / "token").write_text(TOKEN + "\n")
    (folder / "services.proto").write_text(SERVICES)
    one = Gitlab(folder / "seed.yaml", "--gitaly-token-file", folder / "token")
    one.folder = folder
    one.info = json.loads(one.as_kas("GET", "/agent_info")[2])
    yield one
    one.end()


def test_gitlab_tells_kas_the_token(world):
    assert world.info["gitaly_info"]["token"] == TOKEN and world.info["gitaly_info"]["address"].startswith("tcp://127.0.0.1:")
    assert TOKEN not in json.dumps({key: value for key, value in world.announced.items() if key != "secrets"})


# grpcio


class Client:
    """Gitaly's three calls, as KAS makes them."""

    def __init__(self, grpc, messages, world):
        self.grpc, self.m = grpc, messages
        self.channel = grpc.insecure_channel(world.info["gitaly_info"]["address"].removeprefix("tcp://"))
        told = world.info["gitaly_repository"]
        self.repository = messages.Repository(**{key: value for key, value in told.items() if key != "git_alternate_object_directories"})

    def call(self, method, kind, authorization=..., **fields):
        service = "SmartHTTPService" if method == "InfoRefsUploadPack" else "CommitService"
        stub = self.channel.unary_stream(f"/gitaly.{service}/{method}", getattr(self.m, kind + "Request").SerializeToString,
                                         getattr(self.m, kind + "Response").FromString)
        authorization = proof() if authorization is ... else authorization
        fields.setdefault("repository", self.repository)
        return list(stub(getattr(self.m, kind + "Request")(**fields), timeout=20,
                         metadata=[("authorization", authorization)] if authorization else []))

    def refs(self, **kwargs):
        return b"".join(part.data for part in self.call("InfoRefsUploadPack", "InfoRefs", **kwargs))

    def file(self, path, revision=b"HEAD", **kwargs):
        return self.call("TreeEntry", "TreeEntry", revision=revision, path=path.encode(), **kwargs)

    def folder(self, path, recursive=False, revision=b"HEAD"):
        parts = self.call("GetTreeEntries", "GetTreeEntries", revision=revision, path=path.encode(), recursive=recursive)
        return [entry for part in parts for entry in part.entries]

    def refusal(self, call, *args, **kwargs):
        with pytest.raises(self.grpc.RpcError) as caught:
            call(*args, **kwargs)
        return caught.value.code().name, caught.value.details()


@pytest.fixture(name="gitaly", scope="module")
def fixture_gitaly(world):
    grpc = pytest.importorskip("grpc", reason="no grpcio; apt-get install python3-grpcio")
    pytest.importorskip("google.protobuf", reason="no protobuf for Python; apt-get install python3-protobuf")
    protoc = shutil.which("protoc")
    if not protoc:
        pytest.skip("no protoc; apt-get install protobuf-compiler")
    proto = ROOT / "fixtures" / "proto"
    subprocess.run([protoc, f"-I{proto}", f"--python_out={world.folder}", proto / "gitaly.proto"], check=True)
    sys.path.insert(0, str(world.folder))
    client = Client(grpc, importlib.import_module("gitaly_pb2"), world)
    yield client
    client.channel.close()
    sys.path.remove(str(world.folder))


def packets(data):
    """pkt-lines; None is a flush."""
    lines = []
    while data:
        length = int(data[:4], 16)
        lines.append(data[4:length] if length else None)
        data = data[length or 4:]
    return lines


def test_refs(gitaly):
    lines = packets(gitaly.refs())
    assert lines[0] == b"# service=git-upload-pack\n" and lines[1] is None and lines[-1] is None
    head, _, capabilities = lines[2].partition(b"\0")
    refs = dict(reversed(line.split(b" ", 1)) for line in [head] + [line.rstrip(b"\n") for line in lines[3:-1]])
    assert b"symref=HEAD:refs/heads/main" in capabilities
    assert refs[b"HEAD"] == refs[b"refs/heads/main"] and len(refs[b"HEAD"]) == 40


def test_file(gitaly):
    path = ".gitlab/agents/my-agent/config.yaml"
    commit = packets(gitaly.refs())[2][:40]
    parts = gitaly.file(path, revision=commit, max_size=131072)
    blob = hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG.encode(), usedforsecurity=False).hexdigest()
    assert (parts[0].type, parts[0].oid, parts[0].size, parts[0].mode) == (1, blob, len(CONFIG), 0o100644)
    assert b"".join(part.data for part in parts) == CONFIG.encode()
    assert b"".join(part.data for part in gitaly.file(path, limit=5)) == CONFIG[:5].encode()
    code, text = gitaly.refusal(gitaly.file, path, max_size=10)
    assert code == "FAILED_PRECONDITION" and f"object size ({len(CONFIG)}) is bigger than the maximum allowed size (10)" in text
    assert gitaly.refusal(gitaly.file, "no/such")[0] == "NOT_FOUND"
    for bad in ("../x", "/etc/passwd", "", "dir/../README"):
        assert gitaly.refusal(gitaly.file, bad)[0] in ("NOT_FOUND", "INVALID_ARGUMENT"), bad


def test_folders(gitaly):
    commit = packets(gitaly.refs())[2][:40].decode()
    seen = gitaly.folder(".", revision=commit.encode())
    assert {entry.path: entry.type for entry in seen} == {b".gitlab": 1, b"README": 0, b"dir": 1}
    assert {entry.commit_oid for entry in seen} == {commit}
    everything = gitaly.folder("dir", recursive=True)
    assert [entry.path for entry in everything if entry.type == 0] == [b"dir/a.yaml", b"dir/sub/b.yaml"]
    assert gitaly.folder("nope") == []


def test_tokens(gitaly):
    required, denied = ("UNAUTHENTICATED", "authentication required"), ("PERMISSION_DENIED", "permission denied")
    now = int(time.time())
    for authorization, expected in [(None, required), ("Bearer", required), ("Basic x", required), (f"Bearer {TOKEN}", required), (proof("other"), denied),
                                    (proof(version="v1"), denied), (proof(seconds=now - 120), denied), (proof(seconds=now + 120), denied),
                                    (proof(seconds="x"), denied), (proof()[:-1], denied)]:
        assert gitaly.refusal(gitaly.refs, authorization=authorization) == expected, authorization
    assert gitaly.refs(authorization=proof(seconds=now - 15))


def test_repositories_that_are_none(gitaly):
    m = gitaly.m
    assert gitaly.refusal(gitaly.refs, repository=m.Repository())[0] == "INVALID_ARGUMENT"
    code, text = gitaly.refusal(gitaly.refs, repository=m.Repository(storage_name="default", relative_path="../../etc"))
    assert code == "NOT_FOUND" and "not a git repository" in text
    assert b"refs/heads" not in gitaly.refs(repository=m.Repository(storage_name="default", gl_project_path="grp/empty"))
    code, text = gitaly.refusal(gitaly.call, "FindCommit", "TreeEntry")
    assert code == "UNIMPLEMENTED"


# grpcurl


def grpcurl(world, *args, method=None):
    path = program("grpcurl", GRPCURL)
    where = world.info["gitaly_info"]["address"].removeprefix("tcp://")
    words = [path, "-plaintext", "-max-time", "20", *args, where, *([method] if method else ["list"])]
    return subprocess.run(words, capture_output=True, text=True, timeout=40, check=False)


def test_grpcurl(world):
    program("grpcurl", GRPCURL)
    proto = ["-import-path", str(ROOT / "fixtures" / "proto"), "-import-path", str(world.folder), "-proto", "services.proto"]
    request = {"repository": {"storage_name": "default", "relative_path": world.info["gitaly_repository"]["relative_path"]},
               "revision": "SEVBRA==", "path": "ZGlyL2EueWFtbA=="}  # HEAD, dir/a.yaml
    asked = ["-d", json.dumps(request), *proto]
    done = grpcurl(world, "-H", f"authorization: {proof()}", *asked, method="gitaly.CommitService/TreeEntry")
    assert done.returncode == 0 and json.loads(done.stdout)["data"] == "YQ==", done.stderr
    done = grpcurl(world, *asked, method="gitaly.CommitService/TreeEntry")
    assert "Code: Unauthenticated" in done.stderr and "authentication required" in done.stderr
    assert "does not support the reflection API" in grpcurl(world, "-H", f"authorization: {proof()}").stderr
