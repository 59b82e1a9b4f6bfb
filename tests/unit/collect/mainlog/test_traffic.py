"""Senders and the delay, counted from logs: against a slow count of the truth, in pieces and whole, and with
lines that visitors made."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Sequence
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mxverdict.collect.mainlog import traffic, traffic_store
from mxverdict.collect.mainlog.traffic import read_traffic, store_path
from mxverdict.collect.mainlog.traffic_counter import HOUR, TrafficCounter
from mxverdict.collect.mainlog.verify_failures import cause_of
from mxverdict.evidence.decode import decode
from mxverdict.evidence.traffic import CAUSES, Traffic
from mxverdict.host import Host
from tests.traffic_log import Event, Line, Maker, counted
from tests.unit.seeds import seeds

CASES = json.loads((Path(__file__).parents[3] / "tables/traffic_cases.json").read_text(encoding="utf-8"))
EXEMPT = ("198.51.100.5", "2001:db8::a/128")
_LISTED = {"groups"}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.exim_mainlog.parent.mkdir(parents=True)
    return host


@cache
def start() -> int:
    """A day and a half ago, on the hour: within what is kept. The same though the next hour may begin."""
    return int((time.time() - 36 * HOUR) // HOUR * HOUR)


def write(path: Path, lines: Sequence[Line]) -> None:
    path.write_bytes(b"".join(line.text + b"\n" for line in lines))


def read(host: Host, **options: Any) -> Traffic:
    return read_traffic(host, start(), time.time(), exempt=[ip_network(one) for one in EXEMPT], **options)


def events(lines: Sequence[Line]) -> list[Event]:
    return [line.event for line in lines if line.event is not None]


def groups(found: Traffic) -> dict[tuple[str, str], tuple[int, int, float, float]]:
    """By address and domain, whatever the cause."""
    made: dict[tuple[str, str], tuple[int, int, float, float]] = {}
    for one in found.refused:
        count, deferred, first, last = made.get((one.address, one.domain), (0, 0, one.first, one.last))
        made[one.address, one.domain] = (
            count + one.count, deferred + one.deferred, min(first, one.first), max(last, one.last)
        )  # fmt: skip
    return made


@pytest.mark.parametrize("style", range(5))
@pytest.mark.parametrize("seed", seeds(3, quick=1))
def test_counts_as_the_slow_count(host: Host, seed: int, style: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxverdict.collect.mainlog.traffic_query.MAX_LISTED", 10_000)
    lines = list(Maker(seed, start(), style, hostile=0.0).lines(1500))
    write(host.exim_mainlog, lines)
    found = read(host)
    truth = counted(events(lines), ("198.51.100.5", "2001:db8::a"))
    assert {name: getattr(found, name) for name in truth if name not in _LISTED} == {
        name: value for name, value in truth.items() if name not in _LISTED
    }
    assert groups(found) == truth["groups"]
    assert sum(hour.left for hour in found.hours) == found.left > 20
    assert found.kept_waiting > 3 and found.giving_up_total > 0 and found.remarks == ()


@pytest.mark.parametrize("seed", [4, 5])
def test_what_visitors_write_moves_nothing_to_others(host: Host, seed: int) -> None:
    lines = list(Maker(seed, start(), hostile=0.6).lines(1500))
    write(host.exim_mainlog, lines)
    read(host)
    sure = counted([line.event for line in lines if line.event and not line.maybe], EXEMPT)
    most = counted(events(lines), EXEMPT)
    with sqlite3.connect(store_path(host)) as kept:
        addresses = {
            row[0] for row in kept.execute("SELECT address FROM cells UNION SELECT address FROM refusals")
        }
    assert addresses <= {event.address for event in events(lines)}
    with sqlite3.connect(store_path(host)) as kept:
        (left,) = kept.execute("SELECT sum(departed) FROM cells").fetchone()
        (refused,) = kept.execute("SELECT sum(count) FROM refusals").fetchone()
    assert sum(e.kind == "left" for e in events(lines)) == left
    assert sure["refused_total"] <= refused <= most["refused_total"] + most["exempt_connections"]


def test_in_pieces_as_in_one(
    host: Host, tmp_path: Path, random: Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "_FLUSH", 50)
    lines = list(Maker(random.randrange(1000), start(), hostile=0.1).lines(800))
    whole = b"".join(line.text + b"\n" for line in lines)
    cuts = sorted(random.sample(range(1, len(whole)), 6))
    log = host.exim_mainlog
    for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(whole)])):
        with log.open("ab") as file:
            file.write(whole[begin:end])
        piecemeal = read(host)
        if number == 1:
            log.rename(log.with_name("exim_mainlog.1"))
        elif number == 3:
            shutil.copy2(log, log.with_name("exim_mainlog-20261120"))
            os.truncate(log, 0)
        elif number == 4:
            packed = log.with_name("exim_mainlog.1")
            log.with_name("exim_mainlog.1.gz").write_bytes(gzip.compress(packed.read_bytes()))
            packed.unlink()
    other = Host(tmp_path / "other")
    other.exim_mainlog.parent.mkdir(parents=True)
    # A rotation cuts a line in two, unless it comes between two: neither half counts.
    for cut in (cuts[1], cuts[3]):
        begin = whole.rfind(b"\n", 0, cut) + 1
        end = whole.find(b"\n", cut)
        if begin < cut:
            whole = whole[:begin] + b"x" * (end - begin) + whole[end:]
    other.exim_mainlog.write_bytes(whole)
    assert dataclasses.replace(read(other), read_to=None, read_from=None) == dataclasses.replace(
        piecemeal, read_to=None, read_from=None
    )


def test_new_bytes_alone_are_read(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = list(Maker(9, start()).lines(300))
    write(host.exim_mainlog, lines[:-5])
    read(host)
    seen: list[int] = []
    consume = TrafficCounter.consume

    def counting(self: TrafficCounter, block: bytes, begin: int, end: int) -> None:
        seen.append(end - begin)
        consume(self, block, begin, end)

    monkeypatch.setattr(TrafficCounter, "consume", counting)
    with host.exim_mainlog.open("ab") as log:
        log.write(b"".join(line.text + b"\n" for line in lines[-5:]))
    read(host)
    read(host)
    assert seen == [sum(len(line.text) + 1 for line in lines[-5:])]


def test_a_stretch_before_what_is_kept_is_counted_from_the_files(host: Host) -> None:
    old = int(time.time()) // HOUR * HOUR - 20 * 24 * HOUR
    write(host.exim_mainlog, list(Maker(3, old).lines(300)))
    found = read_traffic(host, old, old + 24 * HOUR)
    assert found.connections > 250 and not store_path(host).exists()


def test_state_is_private_and_mended(host: Host) -> None:
    write(host.exim_mainlog, list(Maker(3, start()).lines(300)))
    first = read(host)
    assert store_path(host).stat().st_mode & 0o777 == 0o600
    assert store_path(host).parent.stat().st_mode & 0o777 == 0o700
    store_path(host).write_bytes(b"no database" * 1000)
    again = read(host)
    assert "damaged" in again.remarks[0]
    assert len(again.remarks) == 1 and dataclasses.replace(again, remarks=()) == first
    assert read(host) == first


def test_state_that_cannot_be_written(host: Host) -> None:
    write(host.exim_mainlog, list(Maker(3, start()).lines(300)))
    host.state.parent.mkdir(parents=True)
    host.state.write_text("in the way")
    found = read(host)
    assert found.connections > 250 and "cannot be used" in found.remarks[0]


def test_no_log(host: Host) -> None:
    found = read(host)
    assert (found.connections, found.read_from, found.remarks) == (0, None, ())


def test_damaged_gzip(host: Host) -> None:
    lines = list(Maker(3, start()).lines(300))
    write(host.exim_mainlog, lines[300:])
    packed = gzip.compress(b"".join(line.text + b"\n" for line in lines[:300]))
    host.exim_mainlog.with_name("exim_mainlog.1.gz").write_bytes(packed[: len(packed) // 2])
    found = read(host)
    assert found.connections > 0 and "exim_mainlog.1.gz" in found.remarks[0]


def test_time_runs_out(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "_BLOCK", 1 << 16)
    write(host.exim_mainlog, list(Maker(3, start()).lines(2000)))
    part = read_traffic(host, start(), start() + 999 * HOUR, deadline=time.monotonic() - 1)
    whole = read_traffic(host, start(), start() + 999 * HOUR)
    assert not part.complete and whole.complete and 0 < part.connections < whole.connections


def test_too_many_to_tell_apart(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = list(Maker(3, start(), hostile=0.0, logins=False).lines(2500))
    write(host.exim_mainlog, lines)
    whole = read_traffic(host, start(), time.time())
    store_path(host).unlink()
    monkeypatch.setattr(traffic_store, "MAX_CELLS", 100)
    monkeypatch.setattr(traffic_store, "MAX_REFUSALS", 20)
    monkeypatch.setattr(traffic, "_BLOCK", 20_000)
    monkeypatch.setattr(traffic, "_FLUSH", 200)
    few = read_traffic(host, start(), time.time())
    same = ("connections", "left", "left_at_once", "left_later", "refused_total")
    assert [getattr(few, name) for name in same] == [getattr(whole, name) for name in same]
    assert few.untold > 0 and few.refused_untold > 0
    assert few.refused_total == sum(one.count for one in few.refused) + few.refused_untold
    with sqlite3.connect(store_path(host)) as kept:
        assert kept.execute("SELECT count(*) FROM cells WHERE address <> ''").fetchone()[0] <= 100


def test_old_hours_are_dropped(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    write(host.exim_mainlog, list(Maker(3, start()).lines(300)))
    read(host)
    later = time.time() + 9 * 24 * HOUR
    monkeypatch.setattr(time, "time", lambda: later)
    read_traffic(host, later - HOUR, later)
    with sqlite3.connect(store_path(host)) as kept:
        assert kept.execute("SELECT count(*) FROM cells").fetchone() == (0,)


def test_endless_lines(host: Host) -> None:
    lines = [line.text for line in Maker(3, start(), hostile=0.0).lines(200)]
    half = len(lines) // 2
    stamp = lines[half][:20]
    endless = stamp + b"SMTP connection from [192.0.2.1]:4 lost D=1s " * 60_000
    subject = stamp + b'1wX000-0001ab-0c <= a@b.example H=[192.0.2.1]:4 P=esmtp T="' + b"x" * 20_000 + b'"'
    junk = bytes(range(256)).replace(b"\n", b"") * 50
    host.exim_mainlog.write_bytes(
        b"\n".join([*lines[:half], endless, subject, junk, b"\0" * 5000, b"", *lines[half:-9], b""])
    )
    read(host)
    with host.exim_mainlog.open("ab") as log:
        log.write(b"\n".join([*lines[-9:], b""]))
    mixed = read(host)
    store_path(host).unlink()
    host.exim_mainlog.write_bytes(b"\n".join([*lines, b""]))
    assert mixed == read(host)


def test_waiting_is_told_across_looks(host: Host) -> None:
    said = {
        "came": "1wX000-0001ab-0c <= a@b.example H=h.example (h) [198.51.100.7]:4 P=esmtp S=1",
        "left": "SMTP connection from h.example [198.51.100.7]:5 lost D=9s",
    }
    at = start()
    for minute, event in enumerate(("came", "left", "came", "came", "left", "came")):
        with host.exim_mainlog.open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at + 60 * minute))} {said[event]}\n")
        found = read(host)
    assert [one.waited for one in found.waiting] == [60.0]
    assert (found.left, found.delivered, found.waiting[0].last_left) == (2, 4, at + 240.0)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(host: Host, case: dict[str, Any]) -> None:
    text = "\n".join(
        line.replace("DAY", time.strftime("%Y-%m-%d", time.gmtime(start()))) for line in case["log"]
    )
    host.exim_mainlog.write_bytes(text.encode("latin-1") + b"\n")
    found = read_traffic(host, start() - 24 * HOUR, time.time(), exempt=[ip_network("192.0.2.64/26")])
    told = dataclasses.asdict(found)
    for name, value in case["expect"].items():
        if name == "refused":
            assert [
                [o.address, o.name, o.domain, o.cause, o.count, o.deferred, o.passed] for o in found.refused
            ] == value
        elif name in ("waiting", "giving_up"):
            assert [[o["address"], o["name"], o["left"], o["waited"]] for o in told[name]] == value
        else:
            assert told[name] == value, name
    assert decode(Traffic, json.loads(json.dumps(told)), "traffic") == found


CAUSE_TEXTS = json.loads(
    (Path(__file__).parents[3] / "tables/verify_causes.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("how", "text", "cause"), CAUSE_TEXTS, ids=[row[1][:60] for row in CAUSE_TEXTS])
def test_causes(how: str, text: str, cause: str) -> None:
    assert cause_of(how, text) == cause
    assert cause in CAUSES
