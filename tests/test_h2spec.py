"""h2spec --strict against every listener; through the WebSocket by way of tools/wsbridge.py."""
import contextlib
import subprocess
import xml.etree.ElementTree

import pytest

from peers import Bridge, program
from test_serve import address

HOW = "go install github.com/summerwind/h2spec/cmd/h2spec@latest"
# h2spec skips what the server does not offer.
SKIPPED = {"http2/5.1.2": "a KAS announces no MAX_CONCURRENT_STREAMS, so there is no limit to exceed"}


@pytest.mark.parametrize("transport", ["grpc", "grpcs", "ws"])
def test_every_case_passes(serve, tmp_path, transport):
    h2spec = program("h2spec", HOW)
    _, announced = serve()
    report = tmp_path / "report.xml"
    with contextlib.ExitStack() as stack:
        host, port = address(announced, transport)
        if transport == "ws":
            host, port = stack.enter_context(Bridge(f"{host}:{port}")).address.rsplit(":", 1)
        tls = ["--tls", "--insecure"] if transport == "grpcs" else []
        run = subprocess.run([h2spec, "--strict", "--host", host, "--port", str(port), "--junit-report", report, *tls],
                             capture_output=True, text=True, timeout=120, check=False)
    cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    skipped = [case.get("package") for case in cases if case.find("skipped") is not None]
    assert run.returncode == 0 and "0 failed" in run.stdout, run.stdout[run.stdout.find("Failures:"):]
    assert len(cases) > 140 and skipped == list(SKIPPED), skipped
