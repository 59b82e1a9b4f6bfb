"""The audit trail read in pages, from its end and back, whatever stands in it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Optional

import pytest

from mxverdict.audit import log, reader
from mxverdict.audit.actor import Actor
from mxverdict.audit.reader import AuditFilter, AuditPage
from mxverdict.host import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.state.mkdir(parents=True)
    return host


EVERYTHING = AuditFilter()


def line(number: int, **changes: Any) -> bytes:
    entry = {
        "time": "2026-11-25T10:00:00.000+00:00",
        "user": "root",
        "origin": "web",
        "action": "check",
        "window": None,
        "kind": "",
        "addresses": ["shop.example"],
        "reason": "",
        "result": str(number),
        **changes,
    }
    return json.dumps(entry).encode() + b"\n"


def put(host: Host, *lines: bytes) -> None:
    host.audit.write_bytes(b"".join(lines))


def numbers(look: AuditPage) -> list[int]:
    return [int(entry.result) for entry in look.entries]


def test_nothing_without_a_file(host: Host) -> None:
    assert reader.read_before(host, EVERYTHING) == AuditPage()
    assert reader.read_after(host, EVERYTHING, 0) == AuditPage()


def test_what_is_recorded_is_read(host: Host) -> None:
    now = time.time()
    log.record(
        host,
        Actor("bob", "cli"),
        "open",
        result="open",
        window=7,
        kind="whitelist",
        addresses=["a"],
        reason="x",
    )
    (entry,) = reader.read_before(host, EVERYTHING).entries
    assert (entry.user, entry.origin, entry.action, entry.window) == ("bob", "cli", "open", 7)
    assert (entry.kind, entry.addresses, entry.reason, entry.result) == ("whitelist", ("a",), "x", "open")
    assert abs(entry.time - now) < 5
    assert (entry.start, entry.end) == (0, host.audit.stat().st_size)


@pytest.mark.parametrize("total", [0, 1, 49, 50, 51, 100, 101, 175])
def test_pages_back_and_forth_hold_every_line_once(host: Host, total: int) -> None:
    put(host, *(line(number) for number in range(total)))
    look = reader.read_before(host, EVERYTHING)
    assert look.newer is None
    seen = numbers(look)
    pages = [look]
    while look.older is not None:
        look = reader.read_before(host, EVERYTHING, look.older)
        seen += numbers(look)
        pages.append(look)
    assert seen == list(reversed(range(total)))
    assert all(page.entries for page in pages[1:])
    while look.newer is not None and len(pages) > 1:
        expected = pages[-2]
        look = reader.read_after(host, EVERYTHING, look.newer)
        if len(pages) > 2:
            assert numbers(look) == numbers(expected)
        pages.pop()
    assert len(pages) == 1


@pytest.mark.parametrize(
    "marks", [(), (reader.field_pattern("user", "bob"),), (b"nothing", reader.field_pattern("user", "bob"))]
)
def test_only_what_is_wanted(host: Host, marks: tuple[bytes, ...]) -> None:
    put(host, *(line(number, user="bob" if number % 10 == 0 else "root") for number in range(200)))
    wanted = AuditFilter(lambda entry: entry.user == "bob", marks)
    look = reader.read_before(host, wanted, count=5)
    assert numbers(look) == [190, 180, 170, 160, 150]
    assert look.older is not None
    assert numbers(reader.read_after(host, wanted, look.older)) == [190, 180, 170, 160, 150]
    look = reader.read_before(host, wanted, look.older, count=50)
    assert numbers(look) == list(range(140, -1, -10))
    assert look.older is None


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"{\n",
        b"null\n",
        b"[]\n",
        b'"x"\n',
        b"\x00\xff\xfe\n",
        b"[" * 50_000 + b"\n",
        b'{"time": "2026\n',
        line(1, time=5),
        line(1, time="then"),
        line(1, window="7"),
        line(1, addresses=[5]),
        line(1, addresses=None),
        line(1, user=None),
        line(1, result={}),
        b"x" * 700_000 + b"\n",
    ],
)
def test_damaged_lines_are_left_out_and_counted(host: Host, damage: bytes) -> None:
    put(host, line(0), damage, line(2), damage, line(3))
    look = reader.read_before(host, EVERYTHING)
    assert numbers(look) == [3, 2, 0]
    assert look.damaged == (2 if damage.strip() else 0)
    (third, second, first) = look.entries
    assert host.audit.read_bytes()[second.start : second.end] == line(2)
    assert numbers(reader.read_after(host, EVERYTHING, second.start)) == [3, 2]
    assert numbers(reader.read_before(host, EVERYTHING, second.start)) == [0]
    assert (first.start, third.end) == (0, host.audit.stat().st_size)


def test_a_line_that_is_not_whole_yet(host: Host) -> None:
    put(host, line(0), line(1)[:-20])
    look = reader.read_before(host, EVERYTHING)
    assert numbers(look) == [0]
    assert look.damaged == 1


@pytest.mark.parametrize("place", [-5, 3, 10**12])
def test_a_place_in_the_middle_of_a_line_is_the_end(host: Host, place: int) -> None:
    put(host, line(0), line(1))
    assert numbers(reader.read_before(host, EVERYTHING, place)) == [1, 0]
    assert numbers(reader.read_after(host, EVERYTHING, place)) == []


def test_lines_across_blocks(host: Host) -> None:
    put(host, *(line(number, reason="r" * (number * 37 % 300)) for number in range(3000)))
    look: Optional[AuditPage] = reader.read_before(host, EVERYTHING, count=10_000)
    assert look is not None
    assert numbers(look) == list(reversed(range(3000)))
    content = host.audit.read_bytes()
    assert all(content[one.start : one.end].count(b"\n") == 1 for one in look.entries)


def test_a_look_reads_its_share_and_says_where_to_go_on(host: Host) -> None:
    rare = line(7, user="bob")
    put(host, rare, *([line(1, reason="r" * 200)] * 40_000))
    size = host.audit.stat().st_size
    assert size > 15_000_000
    of_bob = AuditFilter(lambda entry: entry.user == "bob")
    place: Optional[int] = None
    looks = 0
    found: list[int] = []
    while looks == 0 or place is not None:
        look = reader.read_before(host, of_bob, place)
        assert look.stopped == (look.older is not None)
        found += numbers(look)
        place, looks = look.older, looks + 1
    assert found == [7]
    assert 1 < looks <= size // 8_000_000 + 1


def test_a_mark_is_what_the_trail_writes(host: Host) -> None:
    name = 'b"ö\\b'
    log.record(host, Actor(name, "web"), "check", result="1")
    log.record(host, Actor("bob", "web"), "check", result="2")
    assert numbers(reader.read_before(host, AuditFilter(marks=(reader.field_pattern("user", name),)))) == [1]
    assert numbers(
        reader.read_before(host, AuditFilter(marks=(reader.field_pattern("action", "check"),)))
    ) == [2, 1]


def test_one_endless_line_ends_the_look(host: Host) -> None:
    put(host, b"x" * 10_000_000)
    look = reader.read_before(host, EVERYTHING)
    assert (look.entries, look.older, look.stopped) == ((), None, True)


def test_a_folder_in_its_place_is_an_error(host: Host) -> None:
    host.audit.mkdir()
    with pytest.raises(OSError, match="regular file"):
        reader.read_before(host, EVERYTHING)
