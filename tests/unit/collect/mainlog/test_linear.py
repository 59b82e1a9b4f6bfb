"""Whatever a visitor writes costs time in proportion to its length: each reader of log lines, fed with lines
of 4 and of 256 KiB. The bound is on the ratio of CPU times within one run, far from both 64 and 64²."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mxverdict.collect.mainlog import blocks, folder_names, helo_search, line_scan, lines, traffic_counter
from mxverdict.collect.mainlog.verify_failures import cause_of
from mxverdict.window.watch import tester_visit
from tests.cpu_time import cost
from tests.unit.collect.mainlog.logs import TESTERS, host_in
from tests.unit.window.rows import window

pytestmark = pytest.mark.slow

SHORT, LONG = 4 * 1024, 256 * 1024
MOST = 4.0
"""Times as long as its length tells."""
LEAST = 50e-6
"""Seconds below which a measurement says nothing."""
STAMP = b"2026-11-23 22:00:01 "
ENDING = b") [18.209.86.113]:4 lost D=1s"
PEER = b") [18.209.86.113]:5"
FILLINGS = (
    PEER + b" F=<", PEER + b' F=<"', PEER + b' SNI="', PEER + b' DN="a" ', PEER + b" lost ", PEER + b" D=1 ",
    PEER + b" (error: ", b"[", b"(", b'"', b" A=x", b" D=1", b"1", b'\\"', b" H=",
    b" DS H=", b'" H=[1.2.3.4]:5', b" Ci=1", b" I=[", b" lost", b">", b"mxtoolbox.com) ",
    b" SPF", b" DMARC=x",
)  # fmt: skip
LINES = b"H=(", b"SMTP connection from (", b"1xWAFC-000780-0l <= a H=("
"""What a line begins with."""
OPENINGS = (
    *LINES, b" DSH=(", b"H=", b"SMTP connection Ci=1 from ", b"SMTP call from (", b'1xWAFC-000780-0l <= "',
    b"1xWAFC-000780-0l <= ", b"TLS error on connection from (", b"SMTP command timeout on connection from (",
    b"SMTP data timeout (message abandoned) on connection from (", b"rejected EHLO from (",
    b"unexpected disconnection while reading SMTP command from (",
    b'SMTP protocol synchronization error (next input sent too soon: x): rejected "',
    b"SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection"
    b" from H=", b"SMTP protocol synchronization error (",
    b"H=(x) [18.209.86.113]:5",
    b"H=(x) [18.209.86.113]:5 sender verify fail for <a@b.example>: ", b"H=(x) [18.209.86.113]:5 F=<",
    b"SMTP connection from [18.209.86.113]:5 lost", b"",
)  # fmt: skip
ANSWERS = (
    "", 'response to "', "response to x from ", "SMTP error from remote mail server after x:<", "x [1.2.3.4]:"
)  # fmt: skip
"""What a host that was asked about a sender said."""


def grows_as_the_line_does(work: Callable[[bytes], object], openings: Sequence[bytes]) -> None:
    most = MOST * LONG / SHORT
    for opening in openings:
        for filling in FILLINGS:
            short, long = (
                STAMP + opening + filling * (size // len(filling)) + ENDING + b"\n" for size in (SHORT, LONG)
            )
            quick = cost(work, long, 1, LEAST) < most * cost(work, short, 2, LEAST)
            assert quick or cost(work, long, 3, LEAST) < most * cost(work, short, 30, LEAST), (
                opening,
                filling,
            )


@pytest.fixture(autouse=True)
def long_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut off."""
    for module in (lines, line_scan, traffic_counter, blocks):
        monkeypatch.setattr(module, "MAX_LINE", 1 << 20)


def test_parse() -> None:
    grows_as_the_line_does(lines.parse, OPENINGS)


def test_tally() -> None:
    grows_as_the_line_does(lambda line: traffic_counter.TrafficCounter(20.0).consume(line), LINES)


def test_what_a_scan_looks_for() -> None:
    wanted = line_scan.pattern(network for tester in TESTERS for network in tester.networks)
    grows_as_the_line_does(lambda line: list(line_scan.lines_with(wanted, line)), LINES)


FOLDERS = (
    b"/x", b"/", b"x", b" 1 args:", b" args:", b" cwd=/", b"\n", b"\n" + STAMP + b"cwd=/x",
    b"\n" + STAMP + b"cwd=/x 1 args:", b"\n" + STAMP + b"cwd=/" + b"x" * 250,
    b"\n" + STAMP + b"cwd=/home/x 1 args: exim\n" + STAMP + b"SMTP connection from [18.209.86.113]:5 lost",
)  # fmt: skip


@pytest.mark.parametrize("filling", FOLDERS)
def test_names_of_folders(filling: bytes) -> None:
    def texts(size: int) -> bytes:
        return STAMP + b"cwd=/home" + filling * (size // len(filling)) + b"\n"

    def work(text: bytes) -> None:
        folder_names.Unbelieved(text, 0, len(text))
        folder_names.certain_end(text, 0, len(text), at_rest=True)

    short, long = texts(SHORT), texts(LONG)
    most = MOST * LONG / SHORT
    quick = cost(work, long, 1, LEAST) < most * cost(work, short, 2, LEAST)
    assert quick or cost(work, long, 3, LEAST) < most * cost(work, short, 30, LEAST)


def test_names_of_testers() -> None:
    wanted = helo_search._pattern(TESTERS)
    grows_as_the_line_does(lambda line: list(line_scan.lines_with(wanted, line)), LINES[:1])


@pytest.mark.parametrize("said", ANSWERS)
def test_causes(said: str) -> None:
    grows_as_the_line_does(lambda line: cause_of("defer", said + line.decode("latin-1")), (b"",))


def test_a_window_is_followed(tmp_path: Path) -> None:
    host = host_in(tmp_path)
    row = window(opened_at=0.0, log_inode=host.exim_mainlog.stat().st_ino)

    def follow(line: bytes) -> None:
        host.exim_mainlog.write_bytes(line)
        tester_visit.find_session(host, row)

    grows_as_the_line_does(follow, LINES[:1])
