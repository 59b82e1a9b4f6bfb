"""AppConfig, the plugin menu, and how a CGI is run."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.integration.sandbox_whm.helpers import (
    ENVIRONMENT_CGI,
    PLUGIN_CONF,
    Https,
    command,
    script,
)
from tests.sandbox.whm import defaults


def test_registering_and_unregistering(root: Path, plugin: Path) -> None:
    registered = root / "var/cpanel/apps/mxverdict.conf"
    assert registered.stat().st_mode & 0o777 == 0o600
    assert (root / "sandbox/notifications.log").read_text() == "appconfig registered: mxverdict\n"
    assert command(root, "bin/is_registered_with_appconfig", "whostmgr", "mxverdict").returncode == 0
    assert command(root, "bin/register_appconfig", registered).returncode == 0
    assert (root / "sandbox/notifications.log").read_text().count("registered") == 1
    assert command(root, "bin/unregister_appconfig", "mxverdict").returncode == 0
    assert not registered.exists()
    assert command(root, "bin/is_registered_with_appconfig", "whostmgr", "mxverdict").returncode == 1
    assert command(root, "bin/unregister_appconfig", "mxverdict").returncode == 1


def test_registering_sends_cpsrvd_a_hup(root: Path, tmp_path: Path) -> None:
    conf = tmp_path / "mxverdict.conf"
    conf.write_text(PLUGIN_CONF)
    for name, argument in (("register_appconfig", conf), ("unregister_appconfig", "mxverdict")):
        with subprocess.Popen(["env", "--default-signal=HUP", "sleep", "20"]) as daemon:
            (root / "var/run/cpsrvd.pid").write_text(f"{daemon.pid}\n")
            command(root, f"bin/{name}", argument)
            assert daemon.wait(5) == -signal.SIGHUP


def test_unregistering_by_file_reads_the_name_in_it(root: Path, plugin: Path, tmp_path: Path) -> None:
    other_name = tmp_path / "other.conf"
    other_name.write_text(PLUGIN_CONF)
    assert command(root, "bin/unregister_appconfig", other_name).returncode == 0
    assert not (root / "var/cpanel/apps/mxverdict.conf").exists()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("acls=", "acl=", "acls missing"),
        ("service=whostmgr", "service=cpanel", "service"),
        ("url=/cgi/addons/mxverdict/\n", "", "url missing"),
        ("url=/cgi/addons/mxverdict/\n", "url=/cgi/\n", "url invalid"),
        ("name=mxverdict", "name=internal_x", "name invalid"),
        ("name=mxverdict", "name=mx verdict", "name invalid"),
        ("entryurl=addons/mxverdict/", "entryurl=elsewhere/", "entryurl"),
        ("user=root", "user=no-such-user", "user does not exist"),
    ],
)
def test_what_cannot_be_registered(root: Path, tmp_path: Path, old: str, new: str, complaint: str) -> None:
    conf = tmp_path / "bad.conf"
    conf.write_text(PLUGIN_CONF.replace(old, new, 1))
    done = command(root, "bin/register_appconfig", conf)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Usage" in done.stderr
    assert not list((root / "var/cpanel/apps").iterdir())


def test_registration_does_not_make_the_folder_of_a_fresh_server(root: Path, tmp_path: Path) -> None:
    conf = tmp_path / "mxverdict.conf"
    conf.write_text(PLUGIN_CONF)
    (root / "var/cpanel/apps").rmdir()
    done = command(root, "bin/register_appconfig", conf)
    assert (done.returncode, "/var/cpanel/apps is missing" in done.stderr) == (1, True)


def test_the_menu_shows_what_the_user_may_see(https: Https, plugin: Path) -> None:
    icon = https.root / "usr/local/cpanel/whostmgr/docroot/addon_plugins/mxverdict.png"
    icon.write_bytes(b"\x89PNG")
    for user, sees in (("root", True), ("alice", True), ("bob", False)):
        token = https.login(user)
        page = https.get(f"{token}/").text
        assert (f'href="{token}/cgi/addons/mxverdict/index.cgi" target="_self"' in page) is sees
        assert ("MX Verdict &lt;1&gt;" in page) is sees
    assert https.get(f"{token}/addon_plugins/mxverdict.png").content == b"\x89PNG"


def environment_of(response: requests.Response) -> dict[str, str]:
    assert response.status_code == 200, response.text
    environment: dict[str, str] = response.json()["environment"]
    return environment


def test_the_environment_of_a_cgi(https: Https, plugin: Path) -> None:
    token = https.login("alice")
    path = "/cgi/addons/mxverdict/index.cgi"
    response = https.post(
        f"{token}{path}/more?a=1&b=%20",
        "body=1",
        headers={"X-Own": "x", "Proxy": "http://192.0.2.1", "DNT": "1"},
    )
    environment = environment_of(response)
    assert response.json()["body"] == "body=1"
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": f"{token}{path}/more?a=1&b=%20",
        "QUERY_STRING": "a=1&b=%20",
        "SCRIPT_NAME": path,
        "SCRIPT_FILENAME": str(plugin / "index.cgi"),
        "PATH_INFO": "/more",
        "SERVER_ADDR": "127.0.0.1",
        "SERVER_SOFTWARE": f"cpsrvd/{defaults.VERSION}",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": "alice",
        "REMOTE_PASSWORD": "__HIDDEN__",
        "CONTENT_LENGTH": "6",
        "HTTP_DNT": "1",
        "HTTP_X_OWN": "x",
        "HTTP_PROXY": "http://192.0.2.1",
        "cp_security_token": token,
        "WHM50": "1",
        "MXVERDICT_ROOT": str(https.root),
    }
    assert {name: environment.get(name) for name in expected} == expected
    assert "HTTP_AUTHORIZATION" not in environment
    assert "WHM_API_TOKEN_NAME" not in environment


def test_a_token_login_names_the_token(https: Https, plugin: Path) -> None:
    header = {"Authorization": f"whm root:{defaults.ROOT_TOKEN.secret}"}
    environment = environment_of(https.get("/cgi/addons/mxverdict/index.cgi", headers=header))
    assert environment["WHM_API_TOKEN_NAME"] == "full"
    assert environment["REMOTE_USER"] == "root"
    header = {"Authorization": f"whm root:{defaults.ROOT_READING_TOKEN.secret}"}
    assert https.get("/cgi/addons/mxverdict/index.cgi", headers=header).status_code == 403


def test_a_cgi_runs_only_when_registered_allowed_and_owned_by_root(https: Https, plugin: Path) -> None:
    script(plugin.parent / "stranger/index.cgi", ENVIRONMENT_CGI)
    bob = https.login("bob")
    assert https.get(f"{bob}/cgi/addons/mxverdict/index.cgi").status_code == 403
    token = https.login("root")
    assert https.get(f"{token}/cgi/addons/mxverdict/index.cgi").status_code == 200
    assert https.get(f"{token}/cgi/addons/mxverdict/missing.cgi").status_code == 404
    assert https.get(f"{token}/cgi/addons/stranger/index.cgi").status_code == 403
    dots = https.session.prepare_request(requests.Request("GET", https.url))
    dots.url = f"{https.url}{token}/cgi/addons/mxverdict/%2e%2e/stranger/index.cgi"
    assert https.session.send(dots, timeout=5, allow_redirects=False).status_code == 400
    os.chown(plugin, 65534, 65534)
    assert https.get(f"{token}/cgi/addons/mxverdict/index.cgi").status_code == 403


@pytest.mark.parametrize("acls", ["all", "any"])
def test_the_words_all_and_any(https: Https, plugin: Path, tmp_path: Path, acls: str) -> None:
    conf = tmp_path / "mxverdict.conf"
    conf.write_text(PLUGIN_CONF.replace("acls=software-mxverdict", f"acls={acls}"))
    command(https.root, "bin/register_appconfig", conf)
    path = "/cgi/addons/mxverdict/index.cgi"
    statuses = {user: https.get(https.login(user) + path).status_code for user in ("root", "alice", "bob")}
    reseller = 403 if acls == "all" else 200
    assert statuses == {"root": 200, "alice": reseller, "bob": reseller}


@pytest.mark.parametrize(
    ("program", "status", "text"),
    [
        (r"printf 'Status: 404 Gone astray\r\nContent-type: text/plain\r\n\r\nno'", 404, "no"),
        (r"printf 'Location: https://cp1.example.net/x\n\n'", 302, ""),
        (r"printf 'Content-type: text/plain\n\nfine'; exit 3", 200, "fine"),
        (r"printf 'no headers at all'", 200, "no headers at all"),
        (r"printf 'X-Only: 1\n\nno type'", 200, "no type"),
        (r"echo trouble >&2; exit 1", 500, "Internal Error (ID "),
        (r"printf 'Content-type: text/plain\n'; exit 1", 500, "Internal Error (ID "),
    ],
)
def test_how_output_becomes_an_answer(
    https: Https, plugin: Path, program: str, status: int, text: str
) -> None:
    script(plugin / "index.cgi", f"#!/bin/sh\n{program}\n")
    response = https.get(https.login("root") + "/cgi/addons/mxverdict/index.cgi")
    assert response.status_code == status
    assert text in response.text
    assert response.headers["Connection"] == "close"
    if "trouble" in program:
        assert "trouble" in (https.root / "usr/local/cpanel/logs/error_log").read_text()


def test_output_is_streamed(https: Https, plugin: Path) -> None:
    program = "#!/bin/sh\nprintf 'Content-type: text/plain\\n\\nfirst'; sleep 1.5; printf second\n"
    script(plugin / "index.cgi", program)
    began = time.monotonic()
    response = https.get(https.login("root") + "/cgi/addons/mxverdict/index.cgi", stream=True)
    parts = response.iter_content(5)
    assert next(parts) == b"first"
    assert time.monotonic() - began < 1.4
    assert b"".join(parts) == b"second"


def test_a_large_body_arrives_whole(https: Https, plugin: Path) -> None:
    body = "x" * 300_000
    response = https.post(https.login("root") + "/cgi/addons/mxverdict/index.cgi", body)
    assert response.json()["body"] == body
