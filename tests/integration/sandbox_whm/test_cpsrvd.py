"""cpsrvd over HTTPS: API, tokens, sessions, and the server as a process."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.integration.sandbox_whm.helpers import (
    REPOSITORY,
    Https,
    command,
    fault,
    whmapi1,
)
from tests.sandbox.whm import defaults
from tests.sandbox.whm.cpsrvd import listen


def test_the_api_over_https_answers_as_the_command_does(https: Https) -> None:
    response = https.api("get_tweaksetting", module="Mail", key="acl_delay_unknown_hosts")
    assert response.json() == whmapi1(
        https.root, "get_tweaksetting", "module=Mail", "key=acl_delay_unknown_hosts"
    )
    assert response.headers["Connection"] == "close"
    header = {"Authorization": f"whm root:{defaults.ROOT_TOKEN.secret}"}
    form = [("api.version", "1"), ("command", "version"), ("command", "no_such_function")]
    results = https.post("/json-api/batch", form, headers=header).json()["data"]["result"]
    assert [one["metadata"]["result"] for one in results] == [1, 0]


def test_a_function_error_is_http_200(https: Https) -> None:
    response = https.api("set_tweaksetting", module="Mail", key="nope", value="0")
    assert (response.status_code, response.json()["metadata"]["result"]) == (200, 0)


def test_without_version_the_shape_is_the_old_one(https: Https) -> None:
    header = {"Authorization": f"whm root:{defaults.ROOT_TOKEN.secret}"}
    assert https.get("/json-api/version", headers=header).json() == {
        "version": defaults.VERSION,
        "status": 1,
        "statusmsg": "Ok",
    }
    refused = https.get("/json-api/get_tweaksetting?key=nope", headers=header).json()
    assert refused["status"] == 0
    assert "metadata" not in refused


def test_the_certificate_is_for_the_host_name_alone(https: Https) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(
            https.url.replace("cp1.example.net", "127.0.0.1"), verify=https.session.verify, timeout=5
        )
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(https.url, timeout=5)


def test_bad_tokens_and_missing_privileges(https: Https) -> None:
    bad = https.api("version", defaults.ROOT_TOKEN._replace(secret="wrong"))
    assert (bad.status_code, bad.json()["cpanelresult"]["error"]) == (403, "Access denied")
    assert https.get("/json-api/version?api.version=1").status_code == 403
    subset = https.api(
        "set_tweaksetting", defaults.ROOT_READING_TOKEN, module="Mail", key="callouts", value="0"
    )
    assert (subset.status_code, subset.json()["metadata"]["result"]) == (403, 0)
    assert https.api("listaccts", defaults.ROOT_READING_TOKEN).status_code == 200


def test_a_reseller_sees_own_accounts_alone(https: Https) -> None:
    accounts = https.api("listaccts", defaults.ALICE_TOKEN).json()["data"]["acct"]
    assert [account["domain"] for account in accounts] == ["shop.example"]
    assert (
        https.api("domainuserdata", defaults.ALICE_TOKEN, domain="bakery.example").json()["metadata"][
            "result"
        ]
        == 0
    )
    assert (
        https.api("get_tweaksetting", defaults.ALICE_TOKEN, module="Mail", key="callouts").status_code == 403
    )
    [privileges] = https.api("myprivs", defaults.ALICE_TOKEN).json()["data"]["privileges"]
    assert (privileges["all"], privileges["software-mxverdict"]) == (0, 1)
    batch = https.api("batch", defaults.ALICE_TOKEN, command="listips").json()
    assert batch["data"]["result"][0]["metadata"]["result"] == 0


def test_a_token_gives_no_more_than_its_user_has(https: Https) -> None:
    token = defaults.ALICE_TOKEN._replace(
        name="greedy", secret="GREEDY", privileges=frozenset({"all", "list-accts"})
    )
    with (https.root / "sandbox/tokens").open("a") as file:
        file.write(f"alice:greedy:{token.secret}:all,list-accts\n")
    assert https.api("listips", token).status_code == 403
    assert https.api("listaccts", token).status_code == 200


def test_login_by_the_form_and_logout(https: Https) -> None:
    assert 'name="user"' in https.get("/").text
    assert https.post("/login/", {"user": "root", "pass": "wrong"}).status_code == 401
    welcome = https.post("/login/", {"user": "root", "pass": defaults.PASSWORDS["root"]})
    assert welcome.status_code == 302
    assert re.fullmatch(r"/cpsess\d{10}/", welcome.headers["Location"])
    assert https.get(welcome.headers["Location"]).status_code == 200
    cookies = https.session.cookies.copy()
    https.get(welcome.headers["Location"] + "logout/")
    https.session.cookies.update(cookies)
    assert https.get(welcome.headers["Location"]).status_code == 401


def test_a_session_needs_its_token_in_the_path_and_its_cookie(https: Https) -> None:
    token = https.login("root")
    assert https.get(f"{token}/json-api/version?api.version=1").json()["metadata"]["result"] == 1
    assert https.get("/cpsess0000000000/").status_code == 401
    assert https.get("/json-api/version?api.version=1").status_code == 403
    https.session.cookies.clear()
    page = https.get(f"{token}/cgi/addons/mxverdict/index.cgi?a=1")
    assert page.status_code == 401
    assert f'value="{token}/cgi/addons/mxverdict/index.cgi?a=1"' in page.text


def test_after_login_the_wanted_page_comes_with_the_new_token(https: Https) -> None:
    form = {"user": "root", "pass": defaults.PASSWORDS["root"], "goto_uri": "/cpsess0000000000/cgi/x?a=1"}
    assert re.fullmatch(r"/cpsess\d{10}/cgi/x\?a=1", https.post("/login/", form).headers["Location"])


def test_cpsrvd_out_of_order(https: Https) -> None:
    fault(https.root, "cpsrvd-garbage", "<html>")
    assert https.api("version").text == "<html>"
    fault(https.root, "cpsrvd-500")
    assert (https.api("version").status_code, "ID" in https.api("version").text) == (500, True)
    fault(https.root, "cpsrvd-503")
    assert https.api("version").status_code == 503
    assert https.get("/").status_code == 503


@contextlib.contextmanager
def process(root: Path, *arguments: str, inherited: socket.socket, sockets: int) -> Iterator[list[int]]:
    """cpsrvd as a process of its own; the ports it says it listens on."""
    server = subprocess.Popen(
        [*arguments, "--root", str(root), "--listen-fd", str(inherited.fileno())],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[inherited.fileno()],
    )
    assert server.stdout is not None
    try:
        yield [int(server.stdout.readline().rpartition(":")[2]) for _ in range(sockets)]
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(5) == 0
        server.stdout.close()


CPSRVD = (sys.executable, "-m", "tests.sandbox.whm.cpsrvd")


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_the_server_takes_an_inherited_socket_and_survives_a_hup(
    root: Path, plugin: Path, tmp_path: Path
) -> None:
    own = ("--listen", "127.0.0.1:0")
    with listen("127.0.0.1:0") as inherited:
        with process(root, *CPSRVD, *own, inherited=inherited, sockets=2) as ports:
            assert ports[1] == inherited.getsockname()[1]
            assert command(root, "bin/register_appconfig", tmp_path / "mxverdict.conf").returncode == 0
            for port in ports:
                page = requests.get(f"https://127.0.0.1:{port}/", verify=False, timeout=5)
                assert 'name="user"' in page.text
        assert not (root / "var/run/cpsrvd.pid").exists()


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_a_cgi_lives_in_the_namespace_of_the_server(root: Path, plugin: Path) -> None:
    header = {"Authorization": f"whm root:{defaults.ROOT_TOKEN.secret}"}
    with (
        listen("127.0.0.1:0") as inherited,
        process(root, "unshare", "--net", *CPSRVD, inherited=inherited, sockets=1) as [port],
    ):
        address = f"https://127.0.0.1:{port}/cgi/addons/mxverdict/index.cgi"
        answer = requests.get(address, headers=header, verify=False, timeout=5).json()
        server = (root / "var/run/cpsrvd.pid").read_text().strip()
        assert answer["namespace"] == str(Path(f"/proc/{server}/ns/net").readlink())
        assert answer["namespace"] != str(Path("/proc/self/ns/net").readlink())
