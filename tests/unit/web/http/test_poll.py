"""The request that a page makes every few seconds: what it answers, to whom, and what it costs to import."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.web.http import poll
from mxverdict.web.http.csrf import opaque_marks
from mxverdict.web.http.poll import version
from mxverdict.web.jobs import queue
from mxverdict.whm.frame import Frame
from tests.sandbox.server_files import REPOSITORY
from tests.unit.web.cgi import call

_MAIN = "import sys; sys.path.insert(0, {package!r}); from mxverdict.web.entry import main; main()"
_HEAVY = """
import sys
sys.path.insert(0, {package!r})
from mxverdict.web import entry
entry._answer()
print("", *sorted({{"json", "re", "pathlib", "subprocess", "jinja2", "typing"}} & set(sys.modules)))
"""


def ask(root: Path, query: str = "view=poll&job=", program: str = _MAIN, **variables: str) -> str:
    """What the program says when cpsrvd starts it."""
    command = program.format(package=str(REPOSITORY / "plugin"))
    environment = {
        "MXVERDICT_ROOT": str(root),
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": query,
        "REMOTE_USER": "root",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


def test_root_gets_the_marks_and_no_more_is_imported(tmp_path: Path) -> None:
    head, _, body = ask(tmp_path).partition("\n\n")
    assert "Status: 200 OK" in head
    assert "no-store" in head
    assert body == version(str(tmp_path), "") == "- -"
    # without site packages of a virtual environment nothing of what takes time is there
    assert ask(tmp_path, program=_HEAVY).endswith("\n\n- -\n")


@pytest.mark.parametrize(
    "who", [{"REMOTE_USER": "bob"}, {"REMOTE_USER": ""}, {"WHM_API_TOKEN_NAME": "reading"}]
)
def test_others_are_asked_who_they_are(tmp_path: Path, who: dict[str, str]) -> None:
    assert ask(tmp_path, **who).startswith("Status: 403 ")


@pytest.mark.parametrize(
    "level, job, answered",
    [
        ("", "", False),
        ("none", "", False),
        ("delegated", "", True),
        ("delegated", "0123456789abcdef", False),
        ("root", "0123456789abcdef", True),
    ],
)
def test_what_a_level_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, level: str, job: str, answered: bool
) -> None:
    said: list[bytes] = []
    monkeypatch.setenv("MXVERDICT_ROOT", str(tmp_path))
    variables = {"REQUEST_METHOD": "GET", "QUERY_STRING": f"view=poll&job={job}", "REMOTE_USER": "alice"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    frame = Frame(0, -1, b"", level=level, framed=False) if level else None
    monkeypatch.setattr("mxverdict.web.http.poll.os.write", lambda _, data: said.append(data))
    assert poll.answer(frame) is answered
    assert bool(said) is answered
    if answered:
        told = said[0].decode().partition("\r\n\r\n")[2]
        assert told == version(str(tmp_path), job, veil_of(Host(tmp_path)) if level == "delegated" else None)
        assert told.startswith("- -") is (level == "root")


def veil_of(host: Host) -> Callable[[str], str]:
    return opaque_marks(str(host.state))


def marks_of_bob(host: Host) -> list[str]:
    """What a delegated reseller's page is told, which both ways of asking and the page itself tell alike."""
    polled = call(host, "view=poll&job=", as_level="delegated", REMOTE_USER="bob")
    page = call(host, "view=history", as_level="delegated", REMOTE_USER="bob").body
    quick = version(str(host.root), "", veil_of(host))
    found = re.search('data-version="([^"]*)"', page)
    assert found is not None
    assert (polled.status, polled.body, found[1]) == (200, quick, quick)
    return quick.split()


def test_a_reseller_is_told_that_something_changed_and_no_figure(host: Host) -> None:
    told = [marks_of_bob(host)]
    host.exim_mainlog.parent.mkdir(parents=True)
    for text in ("a", "ab"):
        host.exim_mainlog.write_text(text)
        told.append(marks_of_bob(host))
        assert marks_of_bob(host) == told[-1]
        plain = version(str(host.root), "").split()
        assert not {*plain, plain[1].rpartition(".")[2]} & set(told[-1])
    assert len({log for _journal, log in told}) == 3
    assert len({journal for journal, _log in told}) == 1
    (host.state / "web-secret").unlink()
    assert not {*marks_of_bob(host)} & {*told[-1]}
    (host.state / "web-secret").write_text("damaged")
    assert version(str(host.root), "", veil_of(host)) != version(str(host.root), "", veil_of(host))


def test_root_level_is_told_the_marks_themselves(host: Host) -> None:
    answer = call(host, "view=poll&job=", as_level="root", REMOTE_USER="ruth")
    assert (answer.status, answer.body) == (200, version(str(host.root), ""))


def test_the_marks_change_with_the_journal_the_log_and_the_job(host: Host) -> None:
    name = "0123456789abcdef"
    marks = [version(str(host.root), name)]
    for path in (host.journal, host.exim_mainlog, host.state / "jobs" / name):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a")
        marks.append(version(str(host.root), name))
        path.write_text("ab")
        marks.append(version(str(host.root), name))
    assert len(set(marks)) == len(marks)
    assert queue.read(host, name) is not None


@pytest.mark.parametrize("name", ["../web-secret", "a/b", "A", "a" * 41, "é", "%2e%2e"])
def test_what_is_no_job_has_no_mark(host: Host, name: str) -> None:
    (host.state / "jobs").mkdir(parents=True)
    (host.state / "web-secret").write_text("x")
    assert version(str(host.root), name) == version(str(host.root), "")
