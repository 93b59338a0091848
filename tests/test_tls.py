"""TLS when nothing is asked: no protocol and no cipher below what OpenSSL's level 2 allows. Asked of openssl s_client, at
level 0, so that it is the fake that refuses."""
import shutil
import subprocess

import pytest

from test_serve import address

CLIENT = shutil.which("openssl")
pytestmark = pytest.mark.skipif(not CLIENT, reason="no openssl; apt-get install openssl")


def ciphers(selection):
    """Names of what s_client can offer."""
    listed = subprocess.run([CLIENT, "ciphers", "-s", selection], capture_output=True, text=True, check=False)
    return [name for name in listed.stdout.strip().split(":") if name]


def handshake(announced, transport, *args):
    """The protocol and cipher that were agreed, or None."""
    host, port = address(announced, transport)
    run = subprocess.run([CLIENT, "s_client", "-connect", f"{host}:{port}", "-brief", *args], input="", text=True,
                         capture_output=True, timeout=20, check=False)
    lines = dict(line.split(": ", 1) for line in run.stderr.splitlines() if ": " in line)
    return (lines["Protocol version"], lines["Ciphersuite"]) if "Ciphersuite" in lines else None


@pytest.mark.parametrize("transport", ["wss", "grpcs"])
def test_versions(serve, transport):
    _, announced = serve()
    weak = ["-cipher", "ALL:@SECLEVEL=0"]
    assert handshake(announced, transport, "-tls1_3")[0] == "TLSv1.3"
    assert handshake(announced, transport, "-tls1_2", *weak)[0] == "TLSv1.2"
    assert handshake(announced, transport, "-tls1_1", *weak) is None
    assert handshake(announced, transport, "-tls1", *weak) is None


def test_ciphers(serve):
    """Each cipher of TLS 1.2 that this OpenSSL knows, offered alone: those below level 2 are refused, and the usual one of
    Go's clients is taken."""
    _, announced = serve()
    allowed = set(ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=2"))
    weak = [name for name in ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0") if name not in allowed]
    assert any("NULL" in name for name in weak) and any(name.startswith("AECDH") or name.startswith("ADH") for name in weak)
    taken = [name for name in weak if handshake(announced, "wss", "-tls1_2", "-cipher", name + ":@SECLEVEL=0")]
    assert taken == []
    assert handshake(announced, "wss", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")


def test_certificate_and_alpn(serve):
    _, announced = serve()
    host, port = address(announced, "grpcs")
    run = subprocess.run([CLIENT, "s_client", "-connect", f"{host}:{port}", "-CAfile", announced["ca_file"], "-alpn", "h2",
                          "-verify_return_error", "-verify_ip", host, "-cipher", "DEFAULT:@SECLEVEL=2"],
                         input="", text=True, capture_output=True, timeout=20, check=False)
    assert "Verify return code: 0 (ok)" in run.stdout and "ALPN protocol: h2" in run.stdout, run.stdout + run.stderr
