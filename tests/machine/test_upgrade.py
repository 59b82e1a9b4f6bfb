"""From the version before the modules moved to this one, and back, with work under way: nothing is lost."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from typing import Any

import pytest

from tests.machine.image import REPOSITORY, wheels
from tests.machine.machine import wait_for
from tests.machine.server import TESTER, Server

OLDER = "97f96797ef65934a133a303fdc3e2848e5c7a9ec"
"""The last commit before the modules of the package moved; its journal is of version 1."""
_INSTALLER = "/var/tmp/older/install.sh"
_OLDER_WHEELS = "var/tmp/older-wheels"
_OTHER = "192.0.2.55"
_START_JOB = """
from mxverdict.host import Host
from mxverdict.web import jobs
def work(desk):
    desk.keep({"kept": "by the older version"})
    return "shop.example was checked"
jobs.start_at_desk(Host("/"), work, "domain-shop", "shop.example")
jobs.wait(Host("/"), "domain-shop", 30)
"""
_READ_JOB = """
import json
from mxverdict.host import Host
from mxverdict.web.jobs import queue
job = queue.read(Host("/"), "domain-shop")
print(json.dumps([job.state, job.text, job.title, queue.result(Host("/"), "domain-shop")]))
"""
_ROWS = """
import json, sqlite3
journal = sqlite3.connect("file:/var/lib/mxverdict/journal.sqlite?mode=ro", uri=True)
journal.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in journal.execute("SELECT * FROM windows ORDER BY id")]))
"""
_WINDOWS = (
    ("--until-tested", "--minutes", 200, "--reason", "until tested"),
    ("--delay-off", "--minutes", 200, "--reason", "the delay is off"),
    ("--permanent", "--address", _OTHER, "--reason", "for ever"),
)
"""A window of each kind. The permanent entry, which is the last, stays when the others close."""
_KEPT = ("id", "kind", "tester", "networks", "minutes", "opened_by", "origin", "reason", "until_tested")
"""Columns of the journal that closing leaves alone; writing to one of an older version changes its schema."""
_IN_TIME = len(_WINDOWS) - 1


@pytest.fixture
def older(server: Server) -> Server:
    """A server that has the older version's files in /var/tmp, and greylisting."""
    made = subprocess.run(["git", "-C", REPOSITORY, "archive", OLDER], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.fail(f"no commit {OLDER} in this clone, which is shallow or a copy: `git fetch --unshallow`")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(server.disk / "var/tmp/older")
    shutil.copytree(wheels(server.disk / "var/tmp/older/requirements.lock"), server.disk / _OLDER_WHEELS)
    (server.disk / "var/cpanel/greylist/enabled").touch()
    assert server.run("/usr/local/cpanel/scripts/buildeximconf").returncode == 0
    return server


def install_older(server: Server) -> None:
    done = server.install(script=_INSTALLER, wheels=f"/{_OLDER_WHEELS}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (server.disk / "opt/mxverdict/plugin/mxverdict/net").exists()


def open_all(server: Server) -> None:
    for options in _WINDOWS:
        server.open_window(*options)
    assert server.windows() == ["open"] * len(_WINDOWS)
    assert (server.delays(), TESTER in trusted(server)) == (0, True)


def assert_listed(server: Server) -> None:
    done = server.run("mxverdict", "window", "list")
    assert (done.returncode, done.stderr) == (0, "")
    for title in ("Test window 1", "Test window 2", "Permanent entry 3"):
        assert title in done.stdout


def let_all_close(server: Server) -> None:
    server.let_time_pass(200 * 60)
    wait_for(lambda: server.windows() == ["closed"] * _IN_TIME + ["open"], 120, "the windows to close")
    assert server.exempt() == [_OTHER]
    assert server.delays() == 3
    wait_for(lambda: trusted(server) == "", 30, "greylisting to trust nobody")
    assert not server.greets()


def trusted(server: Server) -> str:
    return (server.disk / "etc/greylist_trusted_netblocks").read_text()


def rows(server: Server) -> list[dict[str, Any]]:
    done = server.run(server.python, "-c", _ROWS)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def audit_log(server: Server) -> list[dict[str, Any]]:
    text = (server.disk / "var/lib/mxverdict/audit.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def page(server: Server, view: str) -> str:
    request = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": f"view={view}",
        "SCRIPT_NAME": "/cgi/addons/mxverdict/index.cgi",
        "REMOTE_USER": "root",
        "cp_security_token": "/cpsess1234567890",
    }
    done = server.run("/usr/local/cpanel/whostmgr/docroot/cgi/addons/mxverdict/index.cgi", env=request)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_an_upgrade_with_work_under_way_loses_nothing(older: Server) -> None:
    server = older
    install_older(server)
    open_all(server)
    server.product(_START_JOB)
    windows, entries = rows(server), audit_log(server)

    server.installed()
    assert_listed(server)
    assert server.windows() == ["open"] * len(_WINDOWS)
    assert [{key: row[key] for key in windows[0]} for row in rows(server)] == windows
    assert audit_log(server)[: len(entries)] == entries
    history = page(server, "history")
    for *_, reason in _WINDOWS:
        assert str(reason) in history
    found = json.loads(server.product(_READ_JOB))
    assert found == ["done", "shop.example was checked", "shop.example", {"kept": "by the older version"}]

    let_all_close(server)
    server.open_window("--minutes", 5)
    *closed, new = rows(server)
    assert new["id"] == len(_WINDOWS) + 1
    assert [[row[key] for key in _KEPT] for row in closed] == [[row[key] for key in _KEPT] for row in windows]
    assert server.run("mxverdict", "window", "close", "--all").returncode == 0
    assert server.run("mxverdict", "window", "close", len(_WINDOWS)).returncode == 0
    assert server.exempt() == []
    assert audit_log(server)[: len(entries)] == entries


@pytest.mark.slow
def test_the_version_before_closes_what_this_one_opened(older: Server) -> None:
    server = older
    server.installed()
    open_all(server)
    entries = audit_log(server)
    install_older(server)
    assert_listed(server)
    let_all_close(server)
    assert audit_log(server)[: len(entries)] == entries
