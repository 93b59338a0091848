"""The page of the fake GitLab, in headless Chromium as people see it, and as bytes for what a browser does not show."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest

from conftest import REFAGENT, ROOT
from gitlab_client import AGENTS, FAKEGITLAB, INTERNAL, Gitlab, jwt

pytestmark = pytest.mark.skipif(not FAKEGITLAB.exists(), reason=f"{FAKEGITLAB} is not built")
PICTURES = ROOT / "results" / "page"
IDS = {"data": {"project": {"clusterAgent": {"id": "gid://gitlab/Clusters::Agent/1",
                                             "tokens": {"edges": [{"node": {"id": "gid://gitlab/Clusters::AgentToken/1"}}]}}}}}
CONFIG = {"gitops": {"manifest_projects": [{"id": "grp/proj", "paths": [{"glob": "<script>alert(1)</script>"}]}]}}
ALERT = {"flow": {"verdict": "DROPPED"}, "ciliumNetworkPolicy": {"metadata": {"name": "no-<b>egress"}}}


@pytest.fixture(name="gitlab")
def fixture_gitlab():
    one = Gitlab()
    yield one
    one.end()


def agent_works(one):
    """What GitLab hears of an agent that connected: KAS asks who it is, reports, and passes on what it sends."""
    assert one.as_kas("GET", "/agent_info", **{"User-Agent": "gitlab-kas/v14.7.0/1234567"})[0] == 200
    assert one.as_kas("POST", "/agent_configuration", {"agent_id": 1, "agent_config": CONFIG})[0] == 204
    assert one.as_kas("POST", "/usage_metrics", {"gitops_sync_count": 3})[0] == 204
    assert one.as_kas("POST", "/modules/cilium_alert", {"alert": ALERT})[0] == 200


# ---- in a browser ----


@pytest.fixture(name="browser", scope="module")
def fixture_browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium; apt-get install python3-selenium")
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not chromium:
        pytest.skip("no chromium or chromedriver; apt-get install chromium chromium-driver")
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1000"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    one = webdriver.Chrome(service=Service(driver), options=options)
    yield one
    one.quit()


def waits(browser, what, true):
    """Until true(browser) is; what it is comes back."""
    from selenium.common.exceptions import WebDriverException  # the page may change while one looks
    from selenium.webdriver.support.ui import WebDriverWait
    return WebDriverWait(browser, 30, 0.05, (WebDriverException,)).until(true, what)


def text_of(browser, css):
    return browser.execute_script("const e = document.querySelector(arguments[0]); return e ? e.innerText : null", css)


def has_text(css, words):
    return lambda browser: words in (text_of(browser, css) or "")


def picture(browser, name, width=1280):
    """The whole page below results/, for people."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.set_window_size(width, 1000)
    browser.set_window_size(width, max(700, browser.execute_script("return document.documentElement.scrollHeight") + 150))
    assert browser.save_screenshot(str(PICTURES / f"{name}.png"))
    wide = browser.execute_script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    browser.set_window_size(1280, 1000)
    assert wide[0] <= wide[1], f"{name}: wider than the window"


def visit(browser, one, path):
    """What the page before asked of a GitLab that is gone by now is forgotten."""
    host, port = one.address()
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"http://{host}:{port}{path}")


def quiet(browser):
    """Nothing that the browser refused, and no script that failed."""
    said = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert not said, said


def click(browser, css):
    element = browser.find_element("css selector", css)
    element.click()
    return element


def test_an_agent_connects_and_is_deleted(browser, gitlab):
    visit(browser, gitlab, "/")
    assert "Never connected" in text_of(browser, "#agent-1") and "Never" in text_of(browser, "#agent-1")
    agent_works(gitlab)
    waits(browser, "the agent is not seen to connect", has_text("#agent-1 .status", "Connected"))
    waits(browser, "no alert", has_text("#alerts", "no-<b>egress"))
    waits(browser, "no usage", has_text("#usage", "gitops_sync_count"))
    click(browser, "#tokens-1 summary")
    click(browser, "#config-1 summary")
    waits(browser, "no configuration", has_text("#config-1 pre", "<script>alert(1)</script>"))
    picture(browser, "clusters")
    picture(browser, "clusters-narrow", 500)

    click(browser, "#menu-1 summary")
    click(browser, "#menu-1 a")
    dialog = waits(browser, "no dialog", lambda b: b.find_element("css selector", "#delete-1[open]"))
    assert "You cannot undo this" in dialog.text
    browser.switch_to.active_element.send_keys("another")
    click(browser, "#delete-1 button")
    assert browser.find_elements("css selector", "#delete-1[open] input:invalid"), "the wrong name is good enough"
    picture(browser, "delete")
    field = browser.find_element("css selector", "#confirm-1")
    field.clear()
    field.send_keys("my-agent")
    click(browser, "#delete-1 button")
    waits(browser, "it does not say so", has_text(".notice", "my-agent successfully deleted"))
    assert not browser.find_elements("css selector", "#agent-1")
    assert gitlab.as_kas("GET", "/agent_info")[0] == 401
    quiet(browser)


def test_what_is_open_stays_open(browser, gitlab):
    """The list follows what happens, and does not take away what somebody reads."""
    visit(browser, gitlab, "/")
    click(browser, "#tokens-1 summary")
    assert gitlab.as_user("POST", AGENTS, {"name": "second"})[0] == 201
    waits(browser, "the new agent is not seen", has_text("#agent-2", "second"))
    assert browser.find_elements("css selector", "#tokens-1[open]")
    assert browser.switch_to.active_element.text.startswith("1 active")
    quiet(browser)


def test_explorer(browser, gitlab):
    visit(browser, gitlab, "/-/graphql-explorer")
    click(browser, "#explorer button")
    waits(browser, "no answer", has_text("#outcome", "200 OK"))
    assert json.loads(text_of(browser, "#result")) == IDS
    picture(browser, "explorer")
    picture(browser, "explorer-narrow", 500)
    from selenium.webdriver.support.ui import Select
    Select(browser.find_element("id", "example")).select_by_value("example-remove")
    assert "mutation deleteAgent" in browser.find_element("id", "query").get_property("value")
    browser.find_element("id", "variables").send_keys("{")
    click(browser, "#explorer button")
    waits(browser, "bad variables are not told", has_text("#outcome", "The variables are no JSON"))
    browser.find_element("id", "variables").clear()
    click(browser, "#explorer button")
    waits(browser, "not deleted", has_text("#result", '"clusterAgentDelete"'))
    assert json.loads(text_of(browser, "#result")) == {"data": {"clusterAgentDelete": {"errors": []}}}
    assert gitlab.as_kas("GET", "/agent_info")[0] == 401
    quiet(browser)


def test_without_script(browser, gitlab):
    """The page is of use where scripts are off: the dialog is a place in the page, the explorer's form asks by GET."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, gitlab, "/-/graphql-explorer")
        click(browser, "#explorer button")
        waits(browser, "no answer", lambda b: "gid://gitlab/Clusters::AgentToken/1" in b.find_element("css selector", "pre").text)
        visit(browser, gitlab, "/")
        click(browser, "#menu-1 summary")
        click(browser, "#menu-1 a")
        browser.find_element("css selector", "#confirm-1").send_keys("my-agent")
        click(browser, "#delete-1 button")
        waits(browser, "not deleted", lambda b: "my-agent successfully deleted" in b.find_element("css selector", ".notice").text)
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


AGENTS_OF_OTHERS = pathlib.Path(os.environ.get("FAKEKAS_AGENTS", pathlib.Path.home() / "agents"))


def free_ports(n):
    """Of loopback, none twice."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(n)]
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def program(*args, **env):
    """What it logs, line by line."""
    with subprocess.Popen([str(arg) for arg in args], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, **env}) as process:
        try:
            yield process.stderr
        finally:
            process.terminate()


def line_with(log, *words):
    """The next line that has all of them; reading ends with the program."""
    seen = []
    for line in log:
        seen.append(line)
        if all(word in line for word in words):
            return json.loads(line)
    raise AssertionError(f"no line with {words} in:\n" + "".join(seen))


@pytest.fixture(name="connected")
def fixture_connected(gitlab, tmp_path):
    """An agent that is connected through a real KAS of 14.7, which needs neither Redis nor private API: the agent's log."""
    kas = AGENTS_OF_OTHERS / "kas-14.7"
    if not kas.exists():
        pytest.skip(f"no {kas}: CONTRIBUTING.md says where real builds are looked for")
    agents, metrics = free_ports(2)
    (tmp_path / "token").write_text(gitlab.token)
    host, port = gitlab.address()
    (tmp_path / "kas.yaml").write_text(json.dumps({
        "gitlab": {"address": f"http://{host}:{port}", "authentication_secret_file": gitlab.announced["kas_secret_file"]},
        "agent": {"listen": {"address": f"127.0.0.1:{agents}", "websocket": True}, "configuration": {"poll_period": "1s"},
                  "info_cache_ttl": "1s", "info_cache_error_ttl": "1s"},
        "observability": {"listen": {"address": f"127.0.0.1:{metrics}"}}}))
    with program(kas, f"--configuration-file={tmp_path / 'kas.yaml'}") as log:
        line_with(log, "Agentk API endpoint is up")
        with program(REFAGENT, f"--kas-address=ws://127.0.0.1:{agents}/", f"--token-file={tmp_path / 'token'}",
                     POD_NAMESPACE="gitlab-kubernetes-agent", POD_NAME="agent-0") as log_of_agent:
            yield log_of_agent


def test_removed_by_the_button_through_a_real_kas(browser, gitlab, connected):
    """The documented removal by GitLab's UI, and its sign in the agent's log."""
    visit(browser, gitlab, "/")
    waits(browser, "the agent is not seen to connect", has_text("#agent-1 .status", "Connected"))
    waits(browser, "KAS told of no configuration", has_text("#config-1", "KAS sent it"))
    waits(browser, "no KAS among the connections", has_text("#live", "gitlab-kas/"))
    picture(browser, "real-kas")
    click(browser, "#menu-1 summary")
    click(browser, "#menu-1 a")
    browser.find_element("css selector", "#confirm-1").send_keys("my-agent")
    click(browser, "#delete-1 button")
    waits(browser, "it does not say so", has_text(".notice", "my-agent successfully deleted"))
    line = line_with(connected, "GetConfiguration.Recv failed", "Unauthenticated")
    assert line["error"] == "rpc error: code = Unauthenticated desc = unauthenticated"


# ---- as bytes ----


class Browser:
    """A session: the cookie that was set, and the token of the page."""

    def __init__(self, one, path="/", cookie=None):
        self.one = one
        _, headers, html = one.ask("GET", path, {"Cookie": f"_gitlab_session={cookie}"} if cookie else {})
        self.headers, self.html = headers, html
        self.cookie = cookie or re.match("_gitlab_session=([^;]+)", headers["Set-Cookie"]).group(1)
        self.token = re.search('csrf-token" content="([^"]+)"', html).group(1)

    def post(self, path, form, cookie=None):
        body = "&".join(f"{name}={value}" for name, value in form.items())
        return self.one.ask("POST", path, {"Cookie": f"_gitlab_session={cookie or self.cookie}",
                                           "Content-Type": "application/x-www-form-urlencoded"}, body)


def test_nothing_from_elsewhere(gitlab):
    for path in ("/", "/-/graphql-explorer", "/no/such/page"):
        _, headers, html = gitlab.ask("GET", path)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert not re.search(r'(src|href|action)="(?!/|#)', html), html
        assert not re.search(r"<script(?! src=)|<style| style=| on[a-z]+=", html), html
        for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', html):
            status, headers, _ = gitlab.ask("GET", asset)
            assert status == 200 and headers["Content-Type"].split(";")[0] in ("text/css", "text/javascript", "image/svg+xml")
    cookie = Browser(gitlab).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie


@pytest.mark.parametrize("path, status", [
    ("/assets/..%2fpage.css", 404), ("/assets/%2e%2e/page.css", 404), ("/assets/../page.css", 404), ("/assets/head.html", 404),
    ("/assets/", 404), ("/assets/page.css/", 200), ("/assets/page.css%00.html", 400), ("/assets/page.css%2f", 404),
    ("/assets//page.css", 404), ("/?deleted=%3Cscript%3E", 200), ("/?deleted=%zz", 400), ("/-/agents/1/delete", 405),
    ("/-/agents/1%2fdelete", 404), ("/-", 404), ("//", 404), ("/-/graphql-explorer/x", 404)])
def test_path_tricks(gitlab, path, status):
    got, _, text = gitlab.ask("GET", path)
    assert got == status, text
    assert "<script>" not in text and "{{" not in text


def test_only_who_read_the_page_can_delete(gitlab):
    page, other = Browser(gitlab), Browser(gitlab)
    path = "/-/agents/1/delete"
    refused = [
        (page.post(path, {"confirm": "my-agent"}), 422),
        (page.post(path, {"confirm": "my-agent", "authenticity_token": "x"}), 422),
        (page.post(path, {"confirm": "my-agent", "authenticity_token": other.token}), 422),
        (page.post(path, {"confirm": "my-agent", "authenticity_token": page.token}, other.cookie), 422),
        (page.post(path, {"confirm": "my-agen", "authenticity_token": page.token}), 422),
        (page.post(path, {"authenticity_token": page.token}), 422),
        (page.post("/-/agents/9/delete", {"confirm": "my-agent", "authenticity_token": page.token}), 404),
        (page.post("/-/agents/x/delete", {"confirm": "my-agent", "authenticity_token": page.token}), 404),
        (gitlab.ask("POST", path, {"Content-Type": "application/x-www-form-urlencoded"}, f"confirm=my-agent&authenticity_token={page.token}"), 422),
        (page.post(path, {"confirm": "%zz"}), 400),
    ]
    for (status, _, text), expected in refused:
        assert status == expected, text
    assert gitlab.as_kas("GET", "/agent_info")[0] == 200
    status, headers, _ = page.post(path, {"confirm": "my-agent", "authenticity_token": page.token})
    assert (status, headers["Location"]) == (303, "/?deleted=my-agent")
    assert gitlab.as_kas("GET", "/agent_info")[0] == 401


def test_a_session_speaks_graphql(gitlab):
    page = Browser(gitlab)
    asked = {"query": "{ currentUser { username } }"}

    def who(headers):
        return json.loads(gitlab.ask("POST", "/api/graphql", {"Cookie": f"_gitlab_session={page.cookie}", **headers}, asked)[2])

    root, nobody = {"data": {"currentUser": {"username": "root"}}}, {"data": {"currentUser": None}}
    assert who({"X-CSRF-Token": page.token}) == root
    assert who({}) == nobody and who({"X-CSRF-Token": page.token[:-1]}) == nobody
    assert json.loads(gitlab.ask("POST", "/api/graphql", {"X-CSRF-Token": page.token}, asked)[2]) == nobody


SEED = """
users:
  - {username: root, admin: true}
  - {username: dev, sessions: [dev-session]}
  - {username: stranger, sessions: [stranger-session]}
projects: [{path: grp/secret, members: {dev: developer}}]
agents: [{name: hidden}]
"""


def test_who_may_see_and_delete(tmp_path):
    (tmp_path / "seed.yaml").write_text(SEED)
    one = Gitlab(tmp_path / "seed.yaml")
    try:
        root, dev, stranger = Browser(one), Browser(one, cookie="dev-session"), Browser(one, cookie="stranger-session")
        assert 'id="delete-1"' in root.html and "seen as <strong>root</strong>" in root.html
        assert "hidden" in dev.html and 'id="delete-1"' not in dev.html and "seen as <strong>dev</strong>" in dev.html
        assert "grp/secret" not in stranger.html and "hidden" not in stranger.html
        form = {"confirm": "hidden", "authenticity_token": dev.token}
        status, _, text = dev.post("/-/agents/1/delete", form)
        assert status == 403 and "You have insufficient permissions to delete this cluster agent" in text
        assert stranger.post("/-/agents/1/delete", {**form, "authenticity_token": stranger.token})[0] == 404
        assert one.as_kas("GET", "/agent_info")[0] == 200
    finally:
        one.end()


def test_before_14_7_there_is_no_delete():
    one = Gitlab("--version", "14.6")
    try:
        page = Browser(one)
        assert "GitLab 14.6" in page.html and 'id="delete-1"' not in page.html and "since GitLab 14.7" in page.html
        assert page.post("/-/agents/1/delete", {"confirm": "my-agent", "authenticity_token": page.token})[0] == 404
        assert one.as_kas("GET", "/agent_info")[0] == 200
    finally:
        one.end()


def test_many_alerts_and_long_texts_are_shown(gitlab):
    """What agents send is theirs to choose: the page stays whole, and short enough to read."""
    for i in range(60):
        assert gitlab.as_kas("POST", "/modules/cilium_alert", {"alert": {"flow": {"n": i, "x": "\"'><img src=x>" * 50}}})[0] == 200
    html = Browser(gitlab).html
    assert html.count('id="alerts-') == 51 and "and 10 older ones" in html  # and the title
    assert "<img src=x" not in html
    assert html.rstrip().endswith("</html>")


def test_connections_are_seen(gitlab):
    """A KAS that holds a connection, as KAS does."""
    link = http.client.HTTPConnection(*gitlab.address(), timeout=10)
    for _ in range(2):
        link.request("GET", INTERNAL + "/agent_info", headers={"Gitlab-Kas-Api-Request": jwt(gitlab.key), "User-Agent": "gitlab-kas/v14.7.0/<x>",
                                                               "Authorization": f"Bearer {gitlab.token}"})
        assert link.getresponse().read()
    html = Browser(gitlab).html
    assert '<span class="tag">KAS</span>' in html and "gitlab-kas/v14.7.0/&lt;x&gt;" in html
    assert '<td data-label="Requests">2</td>' in html
    link.close()
    assert gitlab.token not in html and gitlab.pat not in html
