"""Logs for the tests: a folder with a host's log in it, and lines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mxverdict import testers
from mxverdict.collect.mainlog.lines import Times
from mxverdict.collect.mainlog.visit_reader import read_visits
from mxverdict.evidence.visit import VisitLog
from mxverdict.host import Host

TESTERS = testers.load().testers
DAY = "2026-11-23 22:"
ANY = Times(0.0, float("inf"))


def host_in(folder: Path) -> Host:
    host = Host(folder)
    host.exim_mainlog.parent.mkdir(parents=True)
    host.exim_mainlog.write_bytes(b"")
    return host


def look(host: Host, since: float = 0.0, most: int | None = None) -> VisitLog:
    return read_visits(host, TESTERS, since, max_bytes=most)


def visit(minute: int, address: str = "18.209.86.113", port: int = 4711) -> bytes:
    """Two lines: a tester comes and leaves after 15 s."""
    peer = f"[{address}]:{port}"
    return (
        f"{DAY}{minute:02}:00 SMTP connection from {peer} (TCP/IP connection count = 1)\n"
        f"{DAY}{minute:02}:15 SMTP connection from {peer} lost D=15s\n"
    ).encode()


def others(minute: int, count: int = 20) -> bytes:
    """Lines of other visitors."""
    return b"".join(
        f"{DAY}{minute:02}:30 SMTP connection from (h) [198.51.100.{n % 250}]:4 closed by QUIT\n".encode()
        for n in range(count)
    )


def append(path: Path, *parts: bytes) -> None:
    with path.open("ab") as log:
        log.writelines(parts)


def at_rest(path: Path) -> None:
    """Nothing was written to a log for some seconds."""
    moment = path.stat().st_mtime - 10
    os.utime(path, (moment, moment))


def minutes(log: VisitLog) -> Sequence[int]:
    """In which minute each visit came."""
    return [int(v.came_at // 60 % 60) for v in log.visits]
