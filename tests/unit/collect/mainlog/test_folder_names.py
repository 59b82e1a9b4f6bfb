"""Folders' names that look like lines of Exim's, made by seed, among lines that are Exim's: nobody believes
the former, everybody the latter, in pieces as in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from mxverdict.collect.mainlog import line_scan
from mxverdict.collect.mainlog.folder_names import REACH, Unbelieved, certain_end
from mxverdict.collect.mainlog.traffic_counter import TrafficCounter
from mxverdict.window.watch import tester_visit
from tests import log_reference
from tests.unit.collect.mainlog.logs import DAY, at_rest, host_in, look
from tests.unit.window.rows import window

FORGED, REAL = "18.209.86.113", "64.20.227.9"
START = 1795471200.0
FORGED_LINES = (
    f"SMTP connection from [{FORGED}]:4 (TCP/IP connection count = 1)",
    f"SMTP connection from (k) [{FORGED}]:4 closed by QUIT",
    f"SMTP connection from [{FORGED}]:4 lost D=5s",
    f"1xWAFC-000780-0l <= a@b.example H=(k) [{FORGED}]:4 P=esmtp S=3 for c",
    f"H=(k) [{FORGED}]:4 sender verify fail for <a@b.example>: no",
    f"unexpected disconnection while reading SMTP command from (k) [{FORGED}]:4 D=3s",
    "cwd=",
    "cwd=x 3 args: exim -bp",
    "x 3 args: exim -Mc 1xWAFC-000780-0l",
)


def part(random: Random) -> str:
    """One part of a path: what the kernel takes as the name of a folder."""
    pieces = (
        "x", " 3 args: exim -bp", f"\n{DAY}00:05 {random.choice(FORGED_LINES)}", "\n", " args:", " cwd=",
        f" 3 args: exim -bp\n{DAY}00:05 {random.choice(FORGED_LINES)}\n", "y" * random.randrange(200),
    )  # fmt: skip
    made = "".join(random.choice(pieces) for _ in range(random.randrange(1, 5))).replace("/", "")
    return made[:255] or "x"


def record(random: Random) -> bytes:
    folder = "/home/x"
    while random.random() < 0.9:
        folder += f"/{part(random)}"
    folder = folder[:7000].rstrip("/")
    return f"{DAY}00:05 cwd={folder} 3 args: exim -bp x\n".encode()


def honest(random: Random, number: int) -> bytes:
    """A session that is far enough from what may be a folder's name."""
    far = f"{DAY}00:05 {'z' * 300}\n" * 2
    peer = f"[{REAL}]:{1000 + number}"
    return (
        f"{far}{DAY}00:05 SMTP connection from {peer} (TCP/IP connection count = 1)\n"
        f"{DAY}00:07 SMTP connection from (k.example) {peer} closed by QUIT\n"
    ).encode()


def seen(folder: Path, pieces: Sequence[bytes]) -> list[tuple[str, int, str]]:
    """The visits that the reader finds, looking after each piece."""
    host = host_in(folder)
    for piece in pieces:
        with host.exim_mainlog.open("ab") as log:
            log.write(piece)
        look(host)
    at_rest(host.exim_mainlog)
    return [(visit.address, visit.port, visit.ended) for visit in look(host).visits]


@pytest.mark.random
@pytest.mark.parametrize("seed", range(12))
def test_names_are_not_believed(
    seed: int, random: Random, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_scan, "CHUNK", random.choice((700, 5000, 1 << 16)))
    records, sessions = [record(random) for _ in range(15)], [honest(random, n) for n in range(15)]
    log = b"".join(text for pair in zip(records, sessions) for text in pair)
    wanted = [(REAL, 1000 + number, "quit") for number in range(15)]
    assert seen(tmp_path / "whole", [log]) == wanted
    cuts = sorted(random.sample(range(1, len(log)), 6))
    assert seen(tmp_path / "split", [log[a:b] for a, b in zip([0, *cuts], [*cuts, len(log)])]) == wanted
    theirs = log_reference.visits(log.splitlines(True), [f"{FORGED}/32", f"{REAL}/32"])
    assert [(one.address, one.port, one.ended) for one in theirs] == wanted
    tally = TrafficCounter(20.0)
    tally.consume(log)
    assert {address for _, address in tally.cells} == {REAL} and not tally.refusals
    assert sum(cell.connections for cell in tally.cells.values()) == 15


@pytest.mark.random
@pytest.mark.parametrize("seed", range(12))
def test_a_window_is_not_closed_by_a_name(seed: int, random: Random, tmp_path: Path) -> None:
    host = host_in(tmp_path)
    row = window(opened_at=START - 5, networks=(FORGED,), log_inode=host.exim_mainlog.stat().st_ino)
    log = b"".join(record(random) for _ in range(20)) + honest(random, 1)
    cuts = sorted(random.sample(range(1, len(log)), 8))
    for begin, end in zip([0, *cuts], [*cuts, len(log)]):
        with host.exim_mainlog.open("ab") as file:
            file.write(log[begin:end])
        visit, row = tester_visit.find_session(host, row)
        assert visit is None
    at_rest(host.exim_mainlog)
    assert tester_visit.find_session(host, row)[0] is None
    real = window(opened_at=START - 5, networks=(REAL,), log_inode=row.log_inode)
    assert tester_visit.find_session(host, real)[0] is not None


def test_distrust_ends_after_the_longest_record() -> None:
    """Where the rest of a record is missing, as in a log that was cut off."""
    text = f"{DAY}00:05 cwd=/home/x/a\n".encode() + f"{DAY}00:06 {'z' * 80}\n".encode() * 200
    unbelieved = Unbelieved(text, 0, len(text))
    starts = [at + 1 for at in range(len(text) - 1) if text[at : at + 1] == b"\n"]
    assert [start in unbelieved for start in starts] == [start < REACH for start in starts]
    assert certain_end(text, 0, len(text), at_rest=False) == len(text)
    begun = text.rfind(b"\n", 0, 250) + 1
    assert certain_end(text[:begun], 0, begun, at_rest=True) == 0


def test_a_part_of_a_path_that_is_too_long_is_none() -> None:
    line = f"{DAY}00:06 SMTP connection from [{REAL}]:4 lost D=1s\n".encode()
    first = f"{DAY}00:05 cwd=/home/x/public_html 4 args: /usr/sbin/sendmail -t\n".encode()
    later = f"{DAY}00:05 cwd=/home/y 3 args: exim -bp\n".encode()
    for filling, believed in ((b"", False), (b"z" * 90 + b"\n", False), (b"z" * 300 + b"\n", True)):
        text = first + filling + line + later
        assert (len(first + filling) not in Unbelieved(text, 0, len(text))) is believed


def test_what_looks_complete_is_when_nothing_is_being_written() -> None:
    text = f"{DAY}00:05 cwd=/home/x 3 args: exim -bp\n{DAY}00:06 SMTP\n".encode()
    assert certain_end(text, 0, len(text), at_rest=False) == 0
    assert certain_end(text, 0, len(text), at_rest=True) == len(text)
