"""What is kept of the log between looks, damaged in any way: no look fails, what cannot be true is not shown,
and the next look finds what the log says."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mxverdict.collect.mainlog.lines import NEWEST, parse, stamp_of, times_of
from mxverdict.collect.mainlog.plausible import is_traffic, is_visit
from mxverdict.collect.mainlog.traffic import read_traffic, store_path
from mxverdict.collect.mainlog.traffic_counter import TrafficCounter
from mxverdict.collect.mainlog.visit_reader import read_visits
from mxverdict.evidence.traffic import Traffic
from mxverdict.evidence.visit import VisitLog
from mxverdict.host import Host
from mxverdict.judge.smtp.visit_comparison import ending, format_time
from mxverdict.report.log import log_json
from mxverdict.report.traffic import traffic_json
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import log_reading
from mxverdict.window.watch import tester_visit
from tests.traffic_log import Maker
from tests.unit.collect.mainlog.logs import TESTERS, at_rest, host_in, look
from tests.unit.window.rows import window

pytestmark = pytest.mark.slow

TESTER = "18.209.86.113"
HOUR = 3600
IMPOSSIBLE: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 70, 1e300, math.nan, math.inf, "", "é\x00", "9" * 400, [], {}, [1, 2],
    253402300799, "nan",
)  # fmt: skip
POSITIONS = (
    '{"device": -1, "inode": "x", "offset": -9, "head": 3}',
    f'{{"device": 1, "inode": 1, "offset": {1 << 70}, "head": ""}}',
    '{"device": 1.5, "inode": null, "offset": NaN, "head": "x"}',
    '{"device": 0, "inode": 0, "offset": 5, "head": []}',
)
IN_SQL: tuple[Any, ...] = (
    None,
    -1,
    1 << 62,
    253402300799,
    1e300,
    math.inf,
    "",
    "é",
    "9" * 400,
    b"\xff\xfe",
    "nan",
)


def stamp(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """With a log of the last day, read once."""
    host = host_in(tmp_path)
    start = int(time.time()) // HOUR * HOUR - 20 * HOUR
    lines = [line.text for line in Maker(5, start).lines(60)]
    for number in range(4):
        peer = f"[{TESTER}]:{5000 + number}"
        lines.append(
            f"{stamp(start + number)} SMTP connection from {peer} (TCP/IP connection count = 1)".encode()
        )
        lines.append(f"{stamp(start + number + 15)} SMTP connection from {peer} lost D=15s".encode())
    host.exim_mainlog.write_bytes(b"".join(line + b"\n" for line in lines))
    at_rest(host.exim_mainlog)
    assert len(seen(host).visits) == 4
    assert counted(host).connections > 5
    return host


def seen(host: Host) -> VisitLog:
    """The visits, which can be shown."""
    log = look(host)
    log_json(log, TESTERS)
    assert all(is_visit(visit) and format_time(visit) and ending(visit) for visit in log.visits)
    return log


def counted(host: Host) -> Traffic:
    found = read_traffic(host, time.time() - 48 * HOUR, time.time())
    assert is_traffic(found)
    traffic_json(found)
    return found


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in some JSON."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def first_ones(data: Any) -> Any:
    """The same with one item in each list."""
    if isinstance(data, dict):
        return {key: first_ones(value) for key, value in data.items()}
    return [first_ones(value) for value in data[:1]] if isinstance(data, list) else data


def with_value(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = with_value(data[path[0]], path[1:], value)
    return copy


def test_every_value_of_the_visits_kept(host: Host) -> None:
    kept = json.loads(host.mainlog_memory.read_bytes())
    kept["visits"] = kept["visits"][:1]
    for path in places(kept):
        for value in IMPOSSIBLE:
            host.mainlog_memory.write_text(json.dumps(with_value(kept, path, value)))
            seen(host)


@pytest.mark.random
def test_any_bytes_in_the_visits_kept(host: Host, random: Random) -> None:
    kept = host.mainlog_memory.read_bytes()
    for number in range(400):
        damaged = bytearray(kept)
        for _ in range(random.choice((1, 1, 20))):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        host.mainlog_memory.write_bytes(
            damaged[: random.randrange(len(damaged))] if number % 3 == 0 else damaged
        )
        seen(host)


def test_a_visit_in_the_year_9999_is_forgotten(host: Host) -> None:
    kept = json.loads(host.mainlog_memory.read_bytes())
    kept["visits"][0][3] = 253402300799.0 + 99 * HOUR
    host.mainlog_memory.write_text(json.dumps(kept))
    assert len(seen(host).visits) == 4


@pytest.mark.random
@pytest.mark.parametrize("part", range(2))
def test_any_bytes_in_the_ledger(host: Host, random: Random, part: int) -> None:
    truth = counted(host)
    kept = store_path(host).read_bytes()
    for number in range(60):
        damaged = bytearray(kept)
        if number % 5 == 0:
            del damaged[random.randrange(len(damaged)) :]
        for _ in range(random.choice((1, 3, 100))):
            if damaged:
                most = random.choice((110, len(damaged)))
                damaged[random.randrange(min(most, len(damaged)))] = random.randrange(256)
        store_path(host).write_bytes(damaged)
        counted(host)
        store_path(host).write_bytes(b"garbage")
    assert counted(host).remarks != ()
    again = counted(host)
    assert (again.connections, again.left, again.remarks) == (truth.connections, truth.left, ())


@pytest.mark.slow
def test_every_value_of_the_ledger(host: Host) -> None:
    kept = store_path(host).read_bytes()
    with sqlite3.connect(store_path(host)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")] for table in tables}
        notes = [row[0] for row in db.execute("SELECT name FROM notes")]
    db.close()
    places: list[tuple[str, tuple[str, ...]]]
    places = [(f"UPDATE {table} SET {column} = ?", ()) for table in tables for column in columns[table]]
    places += [("UPDATE notes SET value = ? WHERE name = ?", (name,)) for name in notes]
    for statement, more in places:
        for value in [*IN_SQL, *(POSITIONS if more == ("position",) else ())]:
            store_path(host).write_bytes(kept)
            db = sqlite3.connect(store_path(host))
            try:
                db.execute(statement.replace("UPDATE", "UPDATE OR IGNORE"), (value, *more))
                db.commit()
            finally:
                db.close()
            counted(host)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE cells", "DROP TABLE notes", "ALTER TABLE refusals RENAME COLUMN hour TO x",
        "PRAGMA user_version = 9", "PRAGMA user_version = 0", "DROP TABLE passed; CREATE TABLE passed (x)",
        "DROP TABLE cells; CREATE VIEW cells AS SELECT 1 AS hour",
    ],
)  # fmt: skip
def test_another_schema(host: Host, statement: str) -> None:
    truth = counted(host)
    db = sqlite3.connect(store_path(host))
    db.executescript(statement)
    db.close()
    assert counted(host).connections == truth.connections
    again = counted(host)
    assert (again.connections, again.remarks) == (truth.connections, ())


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_something_else_in_its_place(host: Host, kind: str) -> None:
    import os

    truth = counted(host)
    for path in (store_path(host), host.mainlog_memory):
        path.unlink()
        os.mkfifo(path) if kind == "fifo" else path.mkdir()
    found = counted(host)
    assert found.connections == truth.connections
    assert len(found.remarks) == 1
    assert len(seen(host).visits) == 4


def test_another_process_that_counts_is_no_damage(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxverdict.collect.mainlog.traffic_store._TIMEOUT", 0.2)
    other = sqlite3.connect(store_path(host), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    inode = store_path(host).stat().st_ino
    found = counted(host)
    other.close()
    assert "cannot be used" in found.remarks[0]
    assert store_path(host).stat().st_ino == inode


@pytest.mark.parametrize(
    ("inode", "offset"), [(-1, -1), ("x", "y"), (None, None), (0, 1 << 63), (1.5, math.nan)]
)
def test_a_place_in_the_log_that_cannot_be(host: Host, inode: Any, offset: Any) -> None:
    row = window(opened_at=time.time() - 20 * HOUR - 60, log_inode=inode, log_offset=offset)
    visit, row = tester_visit.find_session(host, row)
    assert visit is None
    assert (row.log_inode, row.log_offset) == tester_visit.log_position(host)
    now = time.time()
    with host.exim_mainlog.open("a") as log:
        for seconds, end in ((0, "(TCP/IP connection count = 1)"), (1, "closed by QUIT")):
            log.write(f"{stamp(now + seconds)} SMTP connection from [{TESTER}]:7 {end}\n")
    assert tester_visit.find_session(host, row)[0] is not None


@pytest.mark.slow
def test_what_the_page_kept(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    reading = log_reading.Reading(time.time(), seen(host), counted(host), counted(host))
    data = first_ones(json.loads(json.dumps(dataclasses.asdict(reading))))
    shown = 0
    for path in places(data):
        for value in IMPOSSIBLE:
            kept = with_value(data, path, value)
            monkeypatch.setattr(queue, "result", lambda *_, kept=kept: kept)
            found = log_reading.latest(host)
            shown += found is not None
            if found is not None:
                log_json(found.visits, TESTERS)
                traffic_json(found.week)
    monkeypatch.setattr(queue, "result", lambda *_: data)
    assert log_reading.latest(host) is not None
    assert shown > 0


YEAR = 366 * 86_400.0
ZONES = ("+1401", "-1401", "-9999", "+9959")


@pytest.mark.parametrize("zone", ZONES)
def test_no_such_zone(zone: str) -> None:
    raw = f"2026-11-23 22:00:01 {zone} SMTP connection from [{TESTER}]:4 lost D=1s".encode()
    assert parse(raw) is None
    assert stamp_of(raw) is None
    near = raw.replace(zone.encode(), b"+1400")
    assert stamp_of(near) is not None


@pytest.mark.parametrize("moment", ["9999-12-31 23:59:59", "0001-01-01 00:00:00", "2999-01-01 00:00:00"])
def test_times_that_no_line_has(host: Host, moment: str) -> None:
    before = counted(host)
    first, last = before.read_from, before.read_to
    peer = f"[{TESTER}]:9"
    with host.exim_mainlog.open("a") as log:
        for zone in ("", " -1400", " +1400"):
            log.write(f"{moment}{zone} SMTP connection from {peer} (TCP/IP connection count = 1)\n")
            log.write(f"{moment}{zone} SMTP connection from {peer} closed by QUIT\n")
            log.write(f"{moment}{zone} SMTP connection from [198.51.100.9]:9 lost D=3s\n")
    row = window(opened_at=0.0, log_inode=host.exim_mainlog.stat().st_ino)
    assert tester_visit.find_session(host, row)[0] is None
    assert len(seen(host).visits) == 4
    after = counted(host)
    assert (after.connections, after.left, after.read_from, after.read_to) == (
        before.connections, before.left, first, last
    )  # fmt: skip
    tally = TrafficCounter(20.0)
    tally.consume(b"".join(host.exim_mainlog.read_bytes().splitlines(keepends=True)[-9:]))
    assert not tally.cells


def test_the_bounds_are_those_of_the_file(tmp_path: Path) -> None:
    now = time.time()
    host = host_in(tmp_path)
    for age, counts in (
        (YEAR + 3 * HOUR, 0),
        (YEAR - 30 * HOUR, 1),
        (-NEWEST + HOUR, 1),
        (-NEWEST - HOUR, 0),
    ):
        host.mainlog_memory.unlink(missing_ok=True)
        host.exim_mainlog.write_text(f"{stamp(now - age)} SMTP connection from [{TESTER}]:4 lost D=1s\n")
        assert len(read_visits(host, TESTERS, 0.0).visits) == counts, age
    old = times_of(now - YEAR)
    assert now - 2 * YEAR + 9 in old and now - 2 * YEAR - 9 not in old and now + NEWEST + 9 not in old
