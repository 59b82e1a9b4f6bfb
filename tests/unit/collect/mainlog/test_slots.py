"""How many connections Exim had at once, how many of them the delay held, and those that it refused."""

from __future__ import annotations

import gzip
import re
import sqlite3
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from mxverdict.collect.mainlog.slots import held_at
from mxverdict.collect.mainlog.traffic import read_traffic, store_path
from mxverdict.evidence.traffic import Traffic
from mxverdict.host import Host

DELAY = 20.0
AT = int(time.time() // 3600 * 3600) - 2 * 3600 + 1800
"""In the middle of an hour that is over."""


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.exim_mainlog.parent.mkdir(parents=True)
    return host


def line(at: float, text: str) -> tuple[float, str]:
    return at, f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))} {text}"


def visit(
    peer: str, began: float, lasted: float, how: str = "closed by QUIT", count: int = 1
) -> list[tuple[float, str]]:
    """A connection; `how` without HELO for one that left during the delay."""
    helo = "" if how == "lost" else "(x.example) "
    end = f"SMTP connection from {helo}{peer} {how} D={lasted:.0f}s"
    if how.startswith("closed"):
        end = f"SMTP connection from {helo}{peer} D={lasted:.0f}s {how}"
    elif how == "unexpected":
        end = f"unexpected disconnection while reading SMTP command from {helo}{peer} D={lasted:.0f}s"
    return [
        line(began, f"SMTP connection from {peer} (TCP/IP connection count = {count})"),
        line(began + lasted, end),
    ]


BUSY = [
    *visit("[192.0.2.1]:1001", AT - 15, 41),  # delayed, at the banner
    *visit("[192.0.2.1]:1002", AT - 35, 41),  # delayed, at RCPT
    *visit("[192.0.2.2]:1003", AT - 10, 15, "lost"),  # leaves during the delay, after that moment
    *visit("[192.0.2.3]:1004", AT - 16, 15, "lost"),  # had left before it
    *visit("[192.0.2.4]:1005", AT - 1, 2),  # exempt: was through at once
    *visit("[192.0.2.5]:1006", AT - 38, 37),  # delayed, was gone before
    *visit("[2001:db8::6]:1007", AT - 30, 45, "unexpected"),  # delayed
    *visit("[192.0.2.7]:1008", AT - 300, 600),  # exempt, sends for long
    *visit("[198.51.100.8]:1009", AT - 5, 41),  # delayed, but a tester
    *visit("[192.0.2.9]:1010", AT, 20, "lost", count=9),  # delayed: the one that makes it the busiest moment
    *visit("[192.0.2.9]:1011", AT + 60, 41, count=9),  # no more than then
    *visit("[192.0.2.9]:1012", AT + 900, 41, count=3),
]
HELD = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::6", "192.0.2.9"]
REFUSED = [
    line(AT + 2, "Connection from [192.0.2.11]:99 refused: too many connections"),
    line(AT + 3, "Connection from [192.0.2.12]:99 I=[203.0.113.5]:25 refused: too many connections"),
    line(AT + 4, "Connection from [192.0.2.12] refused: too many connections from that IP address"),
    line(AT + 5, "H=(x) [192.0.2.12]:4 F=<a@b.example> rejected RCPT <c@d>: refused: too many connections"),
    line(AT + 6, "Connection from [192.0.2.13]:99 refused: load average = 9.00"),
]


def with_milliseconds(whole: bytes) -> bytes:
    return re.sub(rb"(?m)^(\S+ \S+)", rb"\1.213", whole)


def text(lines: list[tuple[float, str]]) -> bytes:
    return "".join(f"{said}\n" for _, said in sorted(lines, key=lambda one: one[0])).encode()


def read(host: Host) -> Traffic:
    return read_traffic(host, AT - 7200, time.time(), exempt=[ip_network("198.51.100.0/24")], delay=DELAY)


@pytest.mark.parametrize("form", ["current", "milliseconds", "rotated", "gzipped", "in two files"])
def test_who_held_a_slot_at_the_busiest_moment(host: Host, form: str) -> None:
    log, whole = host.exim_mainlog, text([*BUSY, *REFUSED])
    if form == "rotated":
        log.with_name("exim_mainlog.1").write_bytes(whole)
        whole = b""
    elif form == "milliseconds":
        whole = with_milliseconds(whole)
    elif form == "gzipped":
        log.with_name("exim_mainlog.1.gz").write_bytes(gzip.compress(whole))
        whole = b""
    elif form == "in two files":
        cut = whole.index(b"\n", whole.index(b"]:1010 (TCP")) + 1
        log.with_name("exim_mainlog.1").write_bytes(whole[:cut])
        whole = whole[cut:]
    log.write_bytes(whole)
    found = held_at(log, AT, DELAY)
    assert found is not None and found.certain
    assert sorted(found.addresses) == sorted([*HELD, "198.51.100.8"])
    for _ in range(2):  # counted, and kept
        seen = read(host)
        assert (seen.peak_connections, seen.peak_at, seen.delayed_at_peak) == (9, float(AT), 5)
        assert (seen.refused_connections, seen.refused_connection_at) == (2, float(AT + 3))
        assert (seen.refused_of_address, seen.remarks) == (1, ())


def test_a_busier_moment_takes_its_place(host: Host) -> None:
    host.exim_mainlog.write_bytes(text(BUSY))
    assert read(host).peak_connections == 9
    later = visit("[192.0.2.20]:1", AT + 1000, 41, count=10) + visit("[192.0.2.21]:1", AT + 1100, 1)
    host.exim_mainlog.write_bytes(text([*BUSY, *later]))
    seen = read(host)
    assert (seen.peak_connections, seen.peak_at, seen.delayed_at_peak) == (10, float(AT + 1000), 1)


def test_while_the_log_does_not_show_how_they_ended_it_is_looked_up_again(host: Host) -> None:
    lines = sorted(BUSY, key=lambda one: one[0])
    host.exim_mainlog.write_bytes(text([one for one in lines if one[0] <= AT]))
    found = held_at(host.exim_mainlog, AT, DELAY)
    assert found is not None and not found.certain
    assert len(found.addresses) > len(HELD)
    read(host)
    host.exim_mainlog.write_bytes(text(BUSY))
    assert read(host).delayed_at_peak == 5


def test_without_the_log_of_that_moment_it_is_not_known(host: Host) -> None:
    host.exim_mainlog.write_bytes(text(BUSY))
    read(host)
    with sqlite3.connect(store_path(host)) as kept:
        kept.execute("UPDATE slots SET held = NULL")
    kept.close()
    host.exim_mainlog.write_bytes(text(visit("[192.0.2.30]:1", AT + 1000, 41)))
    seen = read(host)
    assert (seen.peak_connections, seen.delayed_at_peak) == (9, None)


def test_what_the_version_before_counted_is_counted_again(host: Host) -> None:
    host.exim_mainlog.write_bytes(text(BUSY))
    whole = read(host)
    with sqlite3.connect(store_path(host)) as kept:
        kept.execute("DROP TABLE slots")
        kept.execute("PRAGMA user_version = 1")
    kept.close()
    assert read(host) == whole
