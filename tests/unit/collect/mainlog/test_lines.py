"""Single lines of the main log (tests/tables/log_lines.tsv), most of them as Exim 4.96 wrote them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mxverdict.collect.mainlog.lines import parse, stamp_of
from tests.table import log_lines
from tests.table.case import Case

TABLE = Path(__file__).parents[3] / "tables/log_lines.tsv"


@pytest.mark.parametrize("case", log_lines.cases(TABLE), ids=str)
def test_line(case: Case) -> None:
    assert case.wrong() == []


@pytest.mark.parametrize(
    ("stamp", "at", "zone", "pid"),
    [
        ("2026-11-23 22:00:01 ", 1795471201.0, 0, 0),
        ("2026-11-23 22:00:01.250 ", 1795471201.25, 0, 0),
        ("2026-11-23 22:00:01 +0100 ", 1795467601.0, 3600, 0),
        ("2026-11-23 22:00:01.250 -0330 [4711] ", 1795483801.25, -12600, 4711),
        ("2026-11-23 22:00:01 [4711] ", 1795471201.0, 0, 4711),
    ],
)
def test_time(stamp: str, at: float, zone: int, pid: int) -> None:
    raw = stamp.encode() + b"SMTP connection from [192.0.2.1]:4 lost D=1s"
    line = parse(raw)
    assert line is not None
    assert (line.time, line.zone, line.pid, line.kind) == (at, zone, pid, "end")
    assert stamp_of(raw) == at


@pytest.mark.parametrize(("day", "zone"), [("2026-11-23", 3600), ("2026-07-23", 7200)])
def test_time_in_the_servers_zone(day: str, zone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    line = parse(f"{day} 22:00:01 SMTP connection from [192.0.2.1]:4 lost D=1s".encode())
    other = parse(f"{day} 22:00:01 +0000 SMTP connection from [192.0.2.1]:4 lost D=1s".encode())
    assert line is not None
    assert other is not None
    assert line.zone == other.time - line.time == zone


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"  Subject: 2026-11-23 22:00:01 SMTP connection from [18.209.86.113]:4 lost D=1s",
        b" 2026-11-23 22:00:01 SMTP connection from [18.209.86.113]:4 lost D=1s",
        b"from [18.209.86.113]:4 lost D=1s",
        b"2026-13-23 22:00:01 SMTP connection from [18.209.86.113]:4 lost D=1s",
        b"2026-11-23 22:00",
    ],
)
def test_what_does_not_begin_with_the_time_is_no_line(raw: bytes) -> None:
    assert parse(raw) is None
    assert stamp_of(raw) is None
