"""A reseller cannot have so many checks and changes that the server suffers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mxverdict import settings
from mxverdict.audit.actor import Actor
from mxverdict.fs.lock import exclusive
from mxverdict.host import Host
from mxverdict.settings import Settings
from mxverdict.web.http import csrf
from mxverdict.web.http.request import HttpError
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import submit
from mxverdict.window import Window
from mxverdict.window.deadline import Deadline, instant
from mxverdict.window.journal import Journal
from tests.unit.web.cgi import SESSION, post
from tests.unit.window import rows

STARTER = """
import fcntl, sys, time
from pathlib import Path
from mxverdict.host import Host
from mxverdict.web.jobs import queue
from mxverdict.web.http.request import HttpError
folder, name = Path(sys.argv[1]), sys.argv[2]
def wait_for(file):
    while not (folder / file).exists():
        time.sleep(0.01)
def work(handle):
    wait_for("go-on")
    return "done"
def count(*given, count=queue._enforce_quota):
    count(*given)
    (folder / f"{name}-counted").touch()
    wait_for("counting-ends")
def lock(file, how, lock=fcntl.flock):
    try:
        lock(file, how)
    except BlockingIOError:
        (folder / f"{name}-waits").touch()
        raise
queue._enforce_quota, fcntl.flock = count, lock
try:
    queue.start_with_handle(Host(folder), work, "domain-" + name, "shop.example", "alice", limited=True)
except HttpError:
    print("refused")
"""


@pytest.fixture
def go_on(tmp_path: Path) -> Iterator[Path]:
    """Work waits for this file."""
    file = tmp_path / "go-on"
    yield file
    file.touch()


def start(host: Host, go_on: Path, name: str, owner: str = "alice", *, limited: bool = True) -> None:
    def work(_handle: queue.JobHandle) -> str:
        while not go_on.exists():
            time.sleep(0.01)
        return "done"

    queue.start_with_handle(host, work, name, "shop.example", owner, limited=limited)


def names(host: Host) -> set[str]:
    return {path.name for path in (host.state / "jobs").iterdir()}


def test_so_many_at_once_and_no_more(host: Host, go_on: Path) -> None:
    running = {f"domain-{number}" for number in range(queue.MAX_RUNNING_CHECKS)}
    for name in sorted(running):
        start(host, go_on, name)
    with pytest.raises(HttpError, match="4 of your checks are running") as refused:
        start(host, go_on, "domain-more")
    assert refused.value.status == 429
    assert names(host) == running
    start(host, go_on, "domain-0")  # it runs: its page is shown
    start(host, go_on, "domain-of-bob", "bob")
    start(host, go_on, "domain-of-root", "root", limited=False)
    go_on.touch()
    queue.wait(host, "domain-0", 10)
    start(host, go_on, "domain-more")


def test_a_refused_check_leaves_what_an_earlier_one_found(host: Host, go_on: Path) -> None:
    def work(handle: queue.JobHandle) -> str:
        handle.save_result("found")
        return "done"

    queue.start_with_handle(host, work, "domain-x", "shop.example", "bob")
    queue.wait(host, "domain-x", 10)
    for number in range(queue.MAX_RUNNING_CHECKS):
        start(host, go_on, f"domain-{number}")
    with pytest.raises(HttpError):
        start(host, go_on, "domain-x")
    job = queue.read(host, "domain-x")
    assert job is not None
    assert (job.state, job.owner) == ("done", "bob")
    assert queue.result(host, "domain-x") == "found"


def test_so_many_are_kept_and_no_more(host: Host, go_on: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MAX_KEPT_CHECKS", 2)
    go_on.touch()
    for name in ("domain-1", "domain-2"):
        start(host, go_on, name)
        queue.wait(host, name, 10)
    with pytest.raises(HttpError, match="2 of your checks are kept already"):
        start(host, go_on, "domain-3")
    start(host, go_on, "domain-2")


def test_so_much_is_kept_and_no_more(host: Host, go_on: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one of them; the results of domains that mean harm are large."""

    def work(handle: queue.JobHandle) -> str:
        handle.save_result("x" * 600)
        return "done"

    monkeypatch.setattr(queue, "MAX_KEPT_BYTES", 1000)
    for name in ("domain-1", "domain-2"):
        queue.start_with_handle(host, work, name, "shop.example", "alice", limited=True)
        queue.wait(host, name, 10)
    with pytest.raises(HttpError, match="2 of your checks are kept already"):
        start(host, go_on, "domain-3")
    start(host, go_on, "domain-2")  # its result takes the place of the old one
    start(host, go_on, "domain-3", "bob")


def change(host: Host, go_on: Path, owner: str = "bob", *, limited: bool = True) -> str:
    def work() -> str:
        while not go_on.exists():
            time.sleep(0.01)
        return "done"

    return queue.start(host, work, owner=owner, limited=limited) or ""


def test_so_many_changes_at_once_and_no_more(host: Host, go_on: Path) -> None:
    running = {change(host, go_on) for _ in range(queue.MAX_RUNNING_CHANGES)}
    with pytest.raises(HttpError, match="Another change of yours is under way") as refused:
        change(host, go_on)
    assert refused.value.status == 429
    assert names(host) == running
    start(host, go_on, "domain-1", "bob")  # a check is none
    change(host, go_on, "alice")
    change(host, go_on, "root", limited=False)
    go_on.touch()
    for name in running:
        queue.wait(host, name, 10)
    change(host, go_on)


def test_so_many_changes_a_day_and_no_more(host: Host, go_on: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MAX_CHANGES", 2)
    go_on.touch()
    for _ in range(2):
        queue.wait(host, change(host, go_on), 10)
    with pytest.raises(HttpError, match="You have changed test windows 2 times within a day"):
        change(host, go_on)
    change(host, go_on, "alice")
    for name in names(host):
        yesterday = time.time() - 86401
        os.utime(host.state / "jobs" / name, (yesterday, yesterday))
    change(host, go_on)


@pytest.mark.parametrize("action", ["open", "extend", "close"])
def test_forms_of_a_reseller_at_once(host: Host, action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those before wait for the lock, which somebody else holds."""
    monkeypatch.setattr(submit, "PATIENCE", 0.0)
    settings.write(host, Settings(resellers_may_open=True), Actor("root", "web"))
    with closing(Journal(host, create=True)) as journal:
        journal.insert(rows.window(opened_by="bob", origin="web", ends=Deadline.after(instant(host), 900)))
    token = csrf.make_token(host, "bob", SESSION)
    form = {"token": token, "id": "1", "kind": "whitelist", "tester": "mxtoolbox", "minutes": "5"}
    with exclusive(host, "whitelist", 10):
        before = audit_and_journal(host)
        answers = [
            post(host, f"action={action}", form, as_level="delegated", REMOTE_USER="bob") for _ in range(3)
        ]
        assert [one.status for one in answers] == [303, 303, 429]
        assert "Another change of yours is under way." in answers[-1].body
        assert "Try again in a minute." in answers[-1].body
        assert len(names(host)) == 2
        assert audit_and_journal(host) == before
    for name in names(host):
        queue.wait(host, name, 60)


def audit_and_journal(host: Host) -> tuple[bytes, list[Window]]:
    with closing(Journal(host)) as journal:
        return host.audit.read_bytes(), journal.windows(10)


def test_nobody_counts_while_another_has_counted_and_not_begun(
    host: Host, tmp_path: Path, go_on: Path
) -> None:
    for number in range(queue.MAX_RUNNING_CHECKS - 1):
        start(host, go_on, f"domain-{number}")
    asked = []
    for name in ("first", "second"):
        words = [sys.executable, "-c", STARTER, str(tmp_path), name]
        asked.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": path()}))
        one_is_there(tmp_path / f"{name}-counted", *([tmp_path / "second-waits"] * (name == "second")))
    (tmp_path / "counting-ends").touch()
    assert [one.communicate(timeout=60)[0] for one in asked] == ["", "refused\n"]


def one_is_there(*files: Path) -> None:
    limit = time.monotonic() + 60
    while not any(file.exists() for file in files):
        assert time.monotonic() < limit
        time.sleep(0.01)


def path() -> str:
    return str(Path(queue.__file__).parents[3])


@pytest.mark.parametrize(
    "line",
    ["{", '{"state": "runn{"state": "done"}', '{"state": "done", "text": "", "x": 1}', "[]", '"x"', "1"],
)
def test_a_line_that_cannot_be_read_is_an_interruption(host: Host, line: str) -> None:
    (host.state / "jobs").mkdir(parents=True)
    (host.state / "jobs/domain-1").write_text(f"{line}\n")
    job = queue.read(host, "domain-1")
    assert job is not None
    assert job.state == "interrupted"
    assert queue.list_titled(host, "domain-") == []
