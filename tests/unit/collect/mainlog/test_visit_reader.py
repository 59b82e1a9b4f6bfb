"""Reading goes on where it stopped, through everything that happens to a log."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mxverdict.collect.mainlog import line_scan, visit_reader
from mxverdict.collect.mainlog.lines import stamp_of
from mxverdict.collect.mainlog.log_files import files_of
from mxverdict.host import Host
from tests.unit.collect.mainlog.logs import ANY, TESTERS, append, host_in, look, minutes, others, visit


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_in(tmp_path)


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each scan covers."""
    seen: list[int] = []
    real = line_scan.Scan.__iter__

    def counted(self: Any) -> Any:
        before = self.offset
        yield from real(self)
        seen.append(self.offset - before)

    monkeypatch.setattr(line_scan.Scan, "__iter__", counted)
    return seen


def test_only_what_is_new_is_read(host: Host, bytes_read: list[int]) -> None:
    append(host.exim_mainlog, others(0, 500), visit(1))
    assert minutes(look(host)) == [1]
    bytes_read.clear()
    append(host.exim_mainlog, visit(2))
    assert minutes(look(host)) == [1, 2]
    assert sum(bytes_read) == len(visit(2))


def test_a_visit_goes_on_in_the_next_look(host: Host) -> None:
    first, second = visit(1).splitlines(keepends=True)
    append(host.exim_mainlog, first)
    assert [v.ended for v in look(host).visits] == ["unknown"]
    append(host.exim_mainlog, second)
    assert [v.ended for v in look(host).visits] == ["left"]


def test_half_a_line_waits_for_its_end(host: Host) -> None:
    whole = visit(1)
    for cut in range(0, len(whole), 7):
        host.mainlog_memory.unlink(missing_ok=True)
        host.exim_mainlog.write_bytes(whole[:cut])
        look(host)
        append(host.exim_mainlog, whole[cut:], visit(2))
        assert [(v.ended, v.seconds) for v in look(host).visits] == [("left", 15.0)] * 2


def rename(host: Host) -> None:
    host.exim_mainlog.rename(host.exim_mainlog.with_name("exim_mainlog-20261124"))


def copy_and_truncate(host: Host) -> None:
    shutil.copyfile(host.exim_mainlog, host.exim_mainlog.with_name("exim_mainlog.1"))
    os.truncate(host.exim_mainlog, 0)


def rename_and_pack(host: Host) -> None:
    rotated = host.exim_mainlog.with_name("exim_mainlog-20261124.gz")
    rotated.write_bytes(gzip.compress(host.exim_mainlog.read_bytes()))
    host.exim_mainlog.unlink()


@pytest.mark.parametrize("rotate", [rename, copy_and_truncate, rename_and_pack])
@pytest.mark.parametrize("unread", [b"", others(1) + visit(2)])
def test_rotation(host: Host, rotate: Callable[[Host], None], unread: bytes) -> None:
    append(host.exim_mainlog, others(0), visit(1))
    look(host)
    append(host.exim_mainlog, unread)
    rotate(host)
    append(host.exim_mainlog, visit(3))
    assert minutes(look(host)) == ([1, 2, 3] if unread else [1, 3])
    append(host.exim_mainlog, visit(4))
    assert minutes(look(host))[-2:] == [3, 4]


def test_two_rotations_between_looks(host: Host) -> None:
    append(host.exim_mainlog, visit(1))
    look(host)
    append(host.exim_mainlog, visit(2))
    os.utime(host.exim_mainlog, (1, 1_000))
    host.exim_mainlog.rename(host.exim_mainlog.with_name("exim_mainlog.2"))
    append(host.exim_mainlog, visit(3))
    os.utime(host.exim_mainlog, (1, 2_000))
    host.exim_mainlog.rename(host.exim_mainlog.with_name("exim_mainlog.1"))
    append(host.exim_mainlog, visit(4))
    assert minutes(look(host)) == [1, 2, 3, 4]


@pytest.mark.parametrize("longer", [False, True])
def test_truncated_and_written_anew(host: Host, longer: bool) -> None:
    """What was cut off is gone from the file; visits seen in it are counted no more, none twice."""
    append(host.exim_mainlog, others(0), visit(1))
    look(host)
    host.exim_mainlog.write_bytes(others(2, 200 if longer else 2) + visit(3))
    assert minutes(look(host)) == [3]
    assert minutes(look(host)) == [3]


def test_truncated_in_the_middle(host: Host) -> None:
    append(host.exim_mainlog, visit(1), others(1, 50))
    look(host)
    os.truncate(host.exim_mainlog, len(visit(1) + others(1, 5)))
    append(host.exim_mainlog, visit(2))
    assert minutes(look(host)) == [1, 2]


def test_an_empty_log_that_grows(host: Host) -> None:
    assert look(host).visits == ()
    append(host.exim_mainlog, visit(1))
    assert minutes(look(host)) == [1]


def test_no_log(host: Host) -> None:
    host.exim_mainlog.unlink()
    found = look(host)
    assert (found.since, found.visits, found.remarks) == (None, (), ())


def test_rotated_and_gzipped_files_are_read_in_order(host: Host) -> None:
    for number, name in enumerate(("exim_mainlog.2.gz", "exim_mainlog-20261120", "exim_mainlog.1"), 1):
        path = host.exim_mainlog.with_name(name)
        data = visit(number)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        os.utime(path, (1, 1000 * number))
    for name in ("exim_mainlog.swp", "exim_mainlog-old", "exim_mainlogx.1", "other.1", "exim_mainlog.1.bz2"):
        host.exim_mainlog.with_name(name).write_bytes(visit(50))
    append(host.exim_mainlog, visit(9))
    assert minutes(look(host)) == [1, 2, 3, 9]
    assert [file.path.name for file in files_of(host.exim_mainlog, 1500)] == [
        "exim_mainlog-20261120", "exim_mainlog.1", "exim_mainlog",
    ]  # fmt: skip


def test_plain_and_packed_copy_count_once(host: Host) -> None:
    rotated = host.exim_mainlog.with_name("exim_mainlog.1")
    rotated.write_bytes(visit(1))
    rotated.with_name("exim_mainlog.1.gz").write_bytes(gzip.compress(visit(1)))
    assert minutes(look(host)) == [1]


def test_a_damaged_file_is_told_and_the_others_are_read(host: Host) -> None:
    data = gzip.compress(visit(1) + others(1, 9000))
    host.exim_mainlog.with_name("exim_mainlog.1.gz").write_bytes(data[: len(data) // 2])
    host.exim_mainlog.with_name("exim_mainlog.2.gz").write_bytes(b"no gzip")
    append(host.exim_mainlog, visit(9))
    found = look(host)
    assert 9 in minutes(found)
    assert len(found.remarks) == 2


@pytest.mark.parametrize("spoil", ["", "{", "[]", '{"schema": 1}', "null", '{"schema": 9}'])
def test_a_spoilt_memory_is_no_memory(host: Host, spoil: str) -> None:
    append(host.exim_mainlog, visit(1))
    look(host)
    host.mainlog_memory.write_text(spoil)
    assert minutes(look(host)) == [1]
    data = json.loads(host.mainlog_memory.read_text())
    host.mainlog_memory.write_text(json.dumps({**data, "visits": [[1, 2]]}))
    assert minutes(look(host)) == [1]


def test_without_a_place_for_the_memory(host: Host) -> None:
    host.state.parent.mkdir(parents=True)
    host.state.write_text("in the way")
    append(host.exim_mainlog, visit(1))
    assert minutes(look(host)) == [1]
    assert not host.mainlog_memory.exists()


def test_other_testers_are_looked_for_from_the_beginning(host: Host) -> None:
    append(host.exim_mainlog, visit(1))
    found = visit_reader.read_visits(host, (), 0.0)
    assert found.visits == ()
    assert minutes(look(host)) == [1]


def test_since(host: Host, bytes_read: list[int]) -> None:
    for minute in range(60):
        append(host.exim_mainlog, visit(minute, port=minute + 1), others(minute, 300))
    late = stamp_of(visit(40))
    assert late is not None
    assert minutes(look(host, late)) == list(range(40, 60))
    assert minutes(look(host, late + 600)) == list(range(50, 60))
    assert minutes(look(host, late - 600)) == list(range(30, 60))
    assert look(host, late).since == late


def test_the_first_look_is_limited_and_says_so(host: Host, bytes_read: list[int]) -> None:
    for minute in range(60):
        append(host.exim_mainlog, visit(minute, port=minute + 1), others(minute, 300))
    found = look(host, most=300_000)
    assert sum(bytes_read) <= 300_000
    assert found.since is not None
    assert minutes(found) == list(range(minutes(found)[0], 60))
    assert found.since <= found.visits[0].came_at <= found.since + 60
    bytes_read.clear()
    assert look(host, most=300_000) == found
    assert sum(bytes_read) == 0
    assert minutes(look(host)) == list(range(60))


def test_a_first_look_that_reads_no_packed_log_says_so(host: Host) -> None:
    """The limit may be reached between two files."""
    packed = host.exim_mainlog.with_name("exim_mainlog.1.gz")
    packed.write_bytes(gzip.compress(visit(1)))
    append(host.exim_mainlog, others(4), visit(5))
    found = look(host, most=300_000)
    assert (minutes(found), found.since) == ([5], stamp_of(others(4)))
    assert minutes(look(host)) == [1, 5]


def test_the_beginning_is_found_by_time(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_scan, "CHUNK", 1000)
    monkeypatch.setattr(line_scan, "_MARGIN", 0.0)
    for minute in range(60):
        append(host.exim_mainlog, others(minute, 50), visit(minute))
    data = host.exim_mainlog.read_bytes()
    with host.exim_mainlog.open("rb") as log:
        for minute in (0, 1, 30, 59):
            at = stamp_of(visit(minute))
            assert at is not None
            offset = line_scan.start_of(log, len(data), at, ANY)
            assert data[:offset].endswith(b"\n") or offset == 0
            assert offset <= data.index(visit(minute)) < offset + 10_000
        assert line_scan.start_of(log, len(data), 4e9, ANY) > len(data) - 3000


def test_stops_in_time_and_goes_on(host: Host) -> None:
    append(host.exim_mainlog, *[visit(minute, port=minute + 1) + others(minute, 9000) for minute in range(9)])
    found = visit_reader.read_visits(host, TESTERS, 0.0, deadline=0.0)
    assert found.remarks == ("exim_mainlog was not read to its end, for lack of time",)
    assert 0 < len(found.visits) < 9
    assert minutes(look(host)) == list(range(9))
