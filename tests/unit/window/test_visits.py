"""The tester's completed visit, seen in the new part of Exim's main log."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.window import visits
from mxverdict.window.model import Window
from tests.unit.window.rows import window

DONE = "2026-11-23 22:00:01 SMTP connection from (helo.example) [18.209.86.113]:49152 D=2s closed by QUIT\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.exim_mainlog.parent.mkdir(parents=True)
    host.exim_mainlog.write_text("")
    return host


def opened(host: Host) -> Window:
    inode, offset = visits.log_position(host)
    return window(log_inode=inode, log_offset=offset)


def append(host: Host, text: str) -> None:
    with host.exim_mainlog.open("a") as log:
        log.write(text)


@pytest.mark.parametrize(
    ("line", "came"),
    [
        (DONE, True),
        (DONE.replace("18.209.86.113", "64.20.227.133"), True),
        (DONE.replace("(helo.example) [18.209.86.113]:49152", "k.example [18.209.86.113]"), True),
        (DONE.replace("18.209.86.113", "18.209.86.114"), False),
        (DONE.replace("D=2s closed by QUIT", "lost D=15s"), False),
        (DONE.rstrip("\n"), False),
        ("2026-11-23 22:00:01 SMTP connection from [18.209.86.113]:4 (TCP/IP connection count = 1)\n", False),
        ("2026-11-23 22:00:01 H=([18.209.86.113]) closed by QUIT\n", False),
    ],
)
def test_line(host: Host, line: str, came: bool) -> None:
    row = opened(host)
    append(host, line)
    assert visits.look(host, row)[0] is came


def test_a_visit_before_the_window_does_not_count(host: Host) -> None:
    append(host, DONE)
    assert not visits.look(host, opened(host))[0]


def test_goes_on_where_it_stopped_and_waits_for_the_end_of_a_line(host: Host) -> None:
    row = opened(host)
    append(host, "first line\nhalf a li")
    came, row = visits.look(host, row)
    assert (came, row.log_offset) == (False, len("first line\n"))
    append(host, "ne\n" + DONE)
    assert visits.look(host, row)[0]


def test_a_rotated_log_is_read_from_its_beginning(host: Host) -> None:
    append(host, "x\n" * 1000)
    row = opened(host)
    host.exim_mainlog.rename(host.exim_mainlog.with_name("exim_mainlog-1"))
    host.exim_mainlog.write_text(DONE)
    assert visits.look(host, row)[0]


def test_no_log(host: Host) -> None:
    row = opened(host)
    host.exim_mainlog.unlink()
    assert visits.look(host, row) == (False, row)
    assert visits.log_position(host) == (0, 0)


def test_a_hostile_helo_is_not_the_address(host: Host) -> None:
    row = dataclasses.replace(opened(host), networks=("18.209.86.113",))
    append(
        host,
        "2026-11-23 22:00:01 SMTP connection from ([18.209.86.113]:1 D=1s closed by QUIT) "
        "[9.9.9.9]:4 D=1s closed by QUIT\n",
    )
    assert not visits.look(host, row)[0]
