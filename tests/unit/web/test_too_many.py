"""A reseller cannot have so many checks that the server suffers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.web import jobs
from mxverdict.web.request import Refusal

STARTER = """
import sys, time
from pathlib import Path
from mxverdict.host import Host
from mxverdict.web import jobs
from mxverdict.web.request import Refusal
root, go_on = Path(sys.argv[1]), Path(sys.argv[2])
def work(desk):
    while not go_on.exists():
        time.sleep(0.01)
    return "done"
try:
    jobs.start_at_desk(Host(root), work, "domain-" + sys.argv[3], "shop.example", "alice", limited=True)
except Refusal:
    print("refused")
"""


@pytest.fixture
def go_on(tmp_path: Path) -> Iterator[Path]:
    """Work waits for this file."""
    file = tmp_path / "go-on"
    yield file
    file.touch()


def start(host: Host, go_on: Path, name: str, owner: str = "alice", *, limited: bool = True) -> None:
    def work(_desk: jobs.Desk) -> str:
        while not go_on.exists():
            time.sleep(0.01)
        return "done"

    jobs.start_at_desk(host, work, name, "shop.example", owner, limited=limited)


def names(host: Host) -> set[str]:
    return {path.name for path in (host.state / "jobs").iterdir()}


def test_so_many_at_once_and_no_more(host: Host, go_on: Path) -> None:
    running = {f"domain-{number}" for number in range(jobs.MOST_AT_ONCE)}
    for name in sorted(running):
        start(host, go_on, name)
    with pytest.raises(Refusal, match="4 of your checks are running") as refused:
        start(host, go_on, "domain-more")
    assert refused.value.status == 429
    assert names(host) == running
    start(host, go_on, "domain-0")  # it runs: its page is shown
    start(host, go_on, "domain-of-bob", "bob")
    start(host, go_on, "domain-of-root", "root", limited=False)
    go_on.touch()
    jobs.wait(host, "domain-0", 10)
    start(host, go_on, "domain-more")


def test_a_refused_check_leaves_what_an_earlier_one_found(host: Host, go_on: Path) -> None:
    def work(desk: jobs.Desk) -> str:
        desk.keep("found")
        return "done"

    jobs.start_at_desk(host, work, "domain-x", "shop.example", "bob")
    jobs.wait(host, "domain-x", 10)
    for number in range(jobs.MOST_AT_ONCE):
        start(host, go_on, f"domain-{number}")
    with pytest.raises(Refusal):
        start(host, go_on, "domain-x")
    job = jobs.read(host, "domain-x")
    assert job is not None
    assert (job.state, job.owner) == ("done", "bob")
    assert jobs.result(host, "domain-x") == "found"


def test_so_many_are_kept_and_no_more(host: Host, go_on: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_KEPT", 2)
    go_on.touch()
    for name in ("domain-1", "domain-2"):
        start(host, go_on, name)
        jobs.wait(host, name, 10)
    with pytest.raises(Refusal, match="2 of your checks are kept already"):
        start(host, go_on, "domain-3")
    start(host, go_on, "domain-2")


def test_many_requests_at_the_same_moment(host: Host, tmp_path: Path, go_on: Path) -> None:
    words = [sys.executable, "-c", STARTER, str(tmp_path), str(go_on)]
    asked = [
        subprocess.Popen([*words, str(number)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": path()})
        for number in range(12)
    ]
    refused = [one.communicate(timeout=60)[0].count("refused") for one in asked]
    assert sum(refused) == 12 - jobs.MOST_AT_ONCE


def path() -> str:
    return str(Path(jobs.__file__).parents[2])


@pytest.mark.parametrize(
    "line",
    ["{", '{"state": "runn{"state": "done"}', '{"state": "done", "text": "", "x": 1}', "[]", '"x"', "1"],
)
def test_a_line_that_cannot_be_read_is_an_interruption(host: Host, line: str) -> None:
    (host.state / "jobs").mkdir(parents=True)
    (host.state / "jobs/domain-1").write_text(f"{line}\n")
    job = jobs.read(host, "domain-1")
    assert job is not None
    assert job.state == "interrupted"
    assert jobs.titled(host, "domain-") == []
