"""Nothing that a visitor or the environment names as a proxy gets to see what we send."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mxverdict.whm.https import HttpsWhmApi
from tests.integration.sandbox_whm.helpers import Https, script
from tests.sandbox.plugin import install_plugin
from tests.sandbox.server_files import REPOSITORY
from tests.sandbox.whm import certificate
from tests.sandbox.whm.defaults import ROOT_TOKEN

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
OTHERS = (
    "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "SSLKEYLOGFILE", "OPENSSL_CONF", "LOCALDOMAIN", "RES_OPTIONS", "PERL5LIB", "HTTP_X_OWN", "HTTP_COOKIE",
    "REMOTE_PASSWORD", "MXVERDICT_WHM_TOKEN",
)  # fmt: skip
SHOWN = f"""#!{sys.executable} -I
import json, os, subprocess, sys
sys.path.insert(0, {str(REPOSITORY / "plugin")!r})
from mxverdict.web import app, entry

def show(environ, start_response):
    import requests
    environ[app.FRAME].close()
    os.environ.pop("REQUEST_METHOD")  # without it, as in a job, Python itself believes HTTP_PROXY
    with __import__("contextlib").suppress(requests.exceptions.RequestException):
        requests.get("http://127.0.0.1:1/", timeout=2)
    child = subprocess.run(["env"], capture_output=True, text=True).stdout
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({{"own": dict(os.environ), "child": child}}).encode()]

app.application = show
entry.main()
"""
"""The page's entry; what follows it is replaced by a look at what is left of the environment."""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening


def address(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def nobody_came(listener: socket.socket) -> bool:
    listener.settimeout(0.2)
    try:
        listener.accept()
    except OSError:
        return True
    return False


def left(answer: dict[str, Any]) -> set[str]:
    return {*answer["own"], *(line.partition("=")[0] for line in answer["child"].splitlines())}


def test_headers_of_the_visitor_set_nothing(https: Https, listener: socket.socket) -> None:
    path = install_plugin(https.root)
    script(https.root / "usr/local/cpanel/whostmgr/docroot" / path.lstrip("/"), SHOWN)
    names = ("Proxy", "X-Own", "SSL-Cert-File", "proxy")
    headers = {name: address(listener) for name in names}
    answer = https.get(https.login("root") + path, headers=headers)
    assert answer.status_code == 200, answer.text
    kept = left(answer.json())
    assert {name for name in kept if name.startswith("HTTP_")} <= {"HTTP_HOST", "HTTP_ACCEPT_LANGUAGE"}
    assert "REMOTE_PASSWORD" not in kept
    assert nobody_came(listener)


def test_the_environment_of_cpsrvd_sets_nothing(tmp_path: Path, listener: socket.socket) -> None:
    environment = dict.fromkeys([*PROXIES, *OTHERS], address(listener))
    program = script(tmp_path / "index.cgi", SHOWN)
    done = subprocess.run(
        [str(program)],
        env={**environment, "no_proxy": "x", "NO_PROXY": "x", "REQUEST_METHOD": "GET", "REMOTE_USER": "root"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    kept = left(json.loads(done.stdout.partition("\n\n")[2]))
    assert "REMOTE_USER" in kept
    assert not kept & {*PROXIES, *OTHERS}
    assert nobody_came(listener)


@pytest.mark.parametrize("user", ["root", "alice"])
def test_no_page_goes_through_a_visitors_proxy(https: Https, listener: socket.socket, user: str) -> None:
    path = install_plugin(https.root)
    token = https.login(user)
    for query in ("", "?view=settings", "?view=history", "?static=app.css", "?view=poll&job="):
        answer = https.get(token + path + query, headers={"Proxy": address(listener)})
        assert answer.status_code < 500, query
    assert nobody_came(listener)


def test_the_api_token_goes_to_whm_directly(
    https: Https, listener: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever the administrator's shell has for other programs."""
    for name in PROXIES:
        monkeypatch.setenv(name, address(listener))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY"):
        monkeypatch.setenv(name, "/no/such/file")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine cp1.example.net login root password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    authority = str(certificate.authority(https.root).certificate)
    port = int(https.url.rpartition(":")[2])
    api = HttpsWhmApi("cp1.example.net", "root", ROOT_TOKEN.secret, port=port, verify=authority)
    assert api.call("gethostname") == {"hostname": "cp1.example.net"}
    assert nobody_came(listener)
