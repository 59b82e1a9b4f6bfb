"""The tester's completed visit, seen in the new part of Exim's main log."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mxverdict.host import Host
from mxverdict.window.model import Window
from mxverdict.window.watch import tester_visit
from tests.unit.window.rows import window

CAME = "2026-11-23 22:00:01 SMTP connection from [18.209.86.113]:49152 (TCP/IP connection count = 1)\n"
DONE = "2026-11-23 22:00:03 SMTP connection from k.example [18.209.86.113]:49152 closed by QUIT\n"
OPENED = time.mktime((2026, 11, 23, 22, 0, 0, 0, 0, -1))
VISIT = CAME + DONE
CASES = json.loads((Path(__file__).parents[3] / "tables" / "visit_endings.json").read_text())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.exim_mainlog.parent.mkdir(parents=True)
    host.exim_mainlog.write_text("")
    return host


def opened(host: Host) -> Window:
    inode, offset = tester_visit.log_position(host)
    return window(log_inode=inode, log_offset=offset, opened_at=OPENED)


def append(host: Host, text: str) -> None:
    with host.exim_mainlog.open("a") as log:
        log.write(text)


def came(host: Host, row: Window) -> bool:
    return tester_visit.find_session(host, row)[0] is not None


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_endings(host: Host, case: dict[str, Any]) -> None:
    row = opened(host)
    append(host, "".join(f"2026-11-23 22:00:0{n} {line}\n" for n, line in enumerate(case["lines"], 1)))
    visit = tester_visit.find_session(host, row)[0]
    assert (visit.how if visit else None) == case["how"]


def test_says_who_came_when_and_what_it_met(host: Host) -> None:
    row = opened(host)
    refused = "H=k.example [18.209.86.113]:49152 F=<a@b.example> rejected RCPT <c@d.example>: Not\x1b here"
    append(host, f"{CAME}2026-11-23 22:00:02 {refused}\n{DONE}")
    visit = tester_visit.find_session(host, row)[0]
    assert visit is not None
    assert visit.message == (
        "the tester came from 18.209.86.113 at 22:00:01, refused with “Not\\x1b here”, "
        "and left with QUIT at 22:00:03"
    )


def test_a_refused_relay_is_no_failure(host: Host) -> None:
    row = opened(host)
    refused = (
        "H=k.example [18.209.86.113]:49152 F=<a@b.example> rejected RCPT <c@d.example>: relay not permitted"
    )
    append(host, f"{CAME}2026-11-23 22:00:02 {refused}\n{DONE}")
    visit = tester_visit.find_session(host, row)[0]
    assert visit is not None
    assert visit.message == (
        "the tester came from 18.209.86.113 at 22:00:01, got through, was rightly refused relaying "
        "(“relay not permitted”), and left with QUIT at 22:00:03"
    )


def test_a_visit_before_the_window_does_not_count(host: Host) -> None:
    append(host, VISIT)
    assert not came(host, opened(host))


def test_a_session_that_had_begun_before_the_window_does_not_count(host: Host) -> None:
    append(host, CAME)
    row = opened(host)
    append(host, DONE)
    assert not came(host, row)


def test_goes_on_where_it_stopped_and_waits_for_the_end_of_a_line(host: Host) -> None:
    row = opened(host)
    append(host, "first line\nhalf a li")
    visit, row = tester_visit.find_session(host, row)
    assert (visit, row.log_offset) == (None, len("first line\n"))
    append(host, "ne\n" + CAME)
    visit, row = tester_visit.find_session(host, row)
    assert (visit, row.log_offset) == (None, len("first line\nhalf a line\n")), (
        "it waits for the session's end"
    )
    append(host, DONE[:-1])
    assert not came(host, row)
    append(host, "\n")
    assert came(host, row)


def test_a_session_without_an_end_is_not_waited_for_for_ever(host: Host) -> None:
    row = opened(host)
    append(host, CAME + CAME.replace("22:00:01", "22:14:59").replace("18.209.86.113", "9.9.9.9"))
    assert tester_visit.find_session(host, row)[1].log_offset == 0
    append(host, CAME.replace("22:00:01", "22:15:02").replace("18.209.86.113", "9.9.9.9"))
    assert tester_visit.find_session(host, row)[1].log_offset == host.exim_mainlog.stat().st_size


def rename(log: Path) -> None:
    log.rename(log.with_name("exim_mainlog-20261123"))
    log.write_text("")


def rename_alone(log: Path) -> None:
    log.rename(log.with_name("exim_mainlog.1"))


def compress(log: Path) -> None:
    with gzip.open(log.with_name("exim_mainlog.1.gz"), "wb") as packed:
        packed.write(log.read_bytes())
    log.unlink()
    log.write_text("")


def copy_and_truncate(log: Path) -> None:
    log.with_name("exim_mainlog-20261123").write_bytes(log.read_bytes())
    log.write_text("")


def copy_truncate_and_grow(log: Path) -> None:
    copy_and_truncate(log)
    log.write_text("2026-11-23 22:00:01 " + "y" * 5000 + "\n")


def truncate(log: Path) -> None:
    log.write_text("")


KEPT = [rename, rename_alone, copy_and_truncate, copy_truncate_and_grow, compress]


@pytest.mark.parametrize("rotate", KEPT)
def test_a_visit_just_before_the_rotation_counts(host: Host, rotate: Callable[[Path], None]) -> None:
    append(host, "x\n" * 1000)
    row = opened(host)
    append(host, VISIT)
    rotate(host.exim_mainlog)
    assert came(host, row)


@pytest.mark.parametrize("rotate", KEPT)
def test_a_visit_across_the_rotation_counts(host: Host, rotate: Callable[[Path], None]) -> None:
    append(host, "x\n" * 1000)
    row = opened(host)
    append(host, CAME)
    rotate(host.exim_mainlog)
    if rotate is not compress:
        row = tester_visit.find_session(host, row)[1]
    append(host, DONE)
    assert came(host, row)


@pytest.mark.parametrize("rotate", [*KEPT, truncate])
def test_a_visit_after_the_rotation_counts(host: Host, rotate: Callable[[Path], None]) -> None:
    append(host, "x\n" * 1000)
    row = opened(host)
    rotate(host.exim_mainlog)
    row = tester_visit.find_session(host, row)[1]
    append(host, VISIT)
    assert came(host, row)


@pytest.mark.parametrize("rotate", [*KEPT, truncate])
def test_a_visit_before_the_window_does_not_count_after_a_rotation(
    host: Host, rotate: Callable[[Path], None]
) -> None:
    append(host, VISIT.replace("22:00:", "21:00:") + "x\n" * 1000)
    row = opened(host)
    rotate(host.exim_mainlog)
    assert not came(host, row)


def test_an_older_rotation_is_no_part_of_the_log(host: Host) -> None:
    older = "x\n" * 1000 + VISIT.replace("22:00:", "21:00:")
    host.exim_mainlog.with_name("exim_mainlog-20261122").write_text(older)
    append(host, "x\n" * 1000)
    row = opened(host)
    truncate(host.exim_mainlog)
    assert not came(host, row)


def test_more_than_is_read_in_time(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call goes on where the one before stopped."""
    monkeypatch.setattr(tester_visit, "_READING", 0.0)
    row = opened(host)
    append(host, ("2026-11-23 22:00:00 " + "x" * 80 + "\n") * 2000 + VISIT)
    offsets = [row.log_offset]
    while not came(host, row):
        row = tester_visit.find_session(host, row)[1]
        assert row.log_offset > offsets[-1]
        offsets.append(row.log_offset)
    assert len(offsets) > 2


@pytest.mark.parametrize("size", [20_000, 300_000, 3_000_000])
def test_goes_on_at_a_session_between_endless_lines(host: Host, size: int) -> None:
    row = opened(host)
    before = "2026-11-23 22:00:00 " + "x" * size + "\n"
    append(host, before + CAME + before + ("y" * 80 + "\n") * 200)
    visit, row = tester_visit.find_session(host, row)
    assert (visit, row.log_offset) == (None, len(before))
    append(host, DONE)
    assert came(host, row)


def test_no_log(host: Host) -> None:
    row = opened(host)
    host.exim_mainlog.unlink()
    assert tester_visit.find_session(host, row) == (None, row)
    assert tester_visit.log_position(host) == (0, 0)
    host.exim_mainlog.write_text(VISIT)
    assert came(host, row)


def test_a_log_that_is_no_text(host: Host) -> None:
    row = opened(host)
    with host.exim_mainlog.open("ab") as log:
        log.write(bytes(range(256)) * 4096 + b"\n" + VISIT.encode())
    assert came(host, row)
