"""A KAS and a person as the fake GitLab sees them: JWTs, tokens, requests."""
import base64
import hashlib
import hmac
import http.client
import json
import pathlib
import socket
import subprocess
import time

from conftest import BUILD, ROOT

FAKEGITLAB = BUILD / "fakegitlab" / "fakegitlab"
INTERNAL = "/api/v4/internal/kubernetes"
AGENTS = "/api/v4/projects/grp%2Fproj/cluster_agents"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(key, header=None, **claims):
    now = int(time.time())
    claims = {"iss": "gitlab-kas", "aud": ["gitlab"], "iat": now, "nbf": now - 5, "exp": now + 30, **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    head = json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode()
    message = b64url(head) + "." + b64url(json.dumps(claims).encode())
    return message + "." + b64url(hmac.new(key, message.encode(), hashlib.sha256).digest())


class Gitlab:
    """One `fakegitlab serve --json` and what it announced."""

    def __init__(self, *args):
        self.process = subprocess.Popen([FAKEGITLAB, "serve", "--json", *map(str, args)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, cwd=ROOT)
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.announced = json.loads(line)
        self.key = base64.b64decode(pathlib.Path(self.announced["kas_secret_file"]).read_text())
        secrets = self.announced.get("secrets", {})
        self.token = next(iter(secrets.get("agents", {"": [None]}).values()))[0]
        self.pat = secrets.get("users", {}).get("root", [None])[0]

    def address(self):
        host, port = next(one["address"] for one in self.announced["listeners"] if one["transport"] == "http").rsplit(":", 1)
        return host, int(port)

    def ask(self, method, path, headers=None, body=None):
        """(status, headers, text)"""
        link = http.client.HTTPConnection(*self.address(), timeout=10)
        if isinstance(body, (dict, list)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **(headers or {})}
        link.request(method, path, body, headers or {})
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        return answer.status, answer.headers, text

    def as_kas(self, method, path, body=None, token=None, **headers):
        return self.ask(method, INTERNAL + path, {"Gitlab-Kas-Api-Request": jwt(self.key),
                                                  "Authorization": f"Bearer {token or self.token}", **headers}, body)

    def as_user(self, method, path, body=None):
        return self.ask(method, path, {"PRIVATE-TOKEN": self.pat}, body)

    def raw(self, data):
        """All that comes back for these bytes, until it closes or says nothing for a second after something came."""
        with socket.create_connection(self.address(), timeout=10) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            seen = b""
            while True:
                some = sock.recv(65536)
                if not some:
                    return seen
                seen += some

    def do(self, verb, args):
        body = json.dumps({verb: args})
        done = subprocess.run(["curl", "-s", "--unix-socket", self.announced["control"], "http://fakegitlab/do", "-d", body],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        _, errors = self.process.communicate(timeout=20)
        assert "Sanitizer" not in errors and "runtime error" not in errors, errors
        assert self.process.returncode in (0, -9), errors
