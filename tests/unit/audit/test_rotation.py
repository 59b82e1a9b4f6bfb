"""The audit trail does not grow without end, and never loses the lines of an open window."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from mxverdict.audit import log, reader, rotation
from mxverdict.audit.actor import Actor
from mxverdict.audit.reader import AuditFilter, Entry
from mxverdict.host import Host
from mxverdict.window.journal import Journal
from mxverdict.window.model import CLOSED, Window
from tests.unit.window import rows

pytestmark = pytest.mark.slow

ROOT = Actor("root", "cli")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(rotation, "MAX_BYTES", 4000)
    monkeypatch.setattr(rotation, "KEPT", 3)
    return Host(tmp_path)


def open_one(host: Host) -> Window:
    with closing(Journal(host, create=True)) as journal:
        window = journal.insert(rows.window())
    log.record(host, ROOT, "open", result="begun", window=window.id, reason="keep me")
    log.record(host, ROOT, "open", result="open for 15 minutes", window=window.id)
    return window


def close(host: Host, window: Window) -> None:
    with closing(Journal(host)) as journal:
        journal.store(dataclasses.replace(window, state=CLOSED))
    log.record(host, ROOT, "close", result="closed", window=window.id)


def flood(host: Host, count: int, start: int = 0, window: int | None = None) -> None:
    for number in range(start, start + count):
        log.record(host, Actor("bob", "web"), "refused", result=f"number {number}", window=window)


def files(host: Host) -> list[Path]:
    return sorted(host.state.glob("audit.jsonl*"))


def everything(host: Host) -> list[Entry]:
    """By pages from the end, as the history shows it."""
    look = reader.read_before(host, AuditFilter(), count=7)
    found = list(look.entries)
    while look.older is not None:
        look = reader.read_before(host, AuditFilter(), look.older, count=7)
        found += look.entries
        assert look.damaged == 0
    return found


def test_it_is_bounded_and_the_newest_are_kept(host: Host) -> None:
    flood(host, 400)
    assert len(files(host)) == 4
    assert all(path.stat().st_size < 4600 and path.stat().st_mode & 0o777 == 0o600 for path in files(host))
    numbers = [int(entry.result.split()[1]) for entry in everything(host)]
    assert numbers == list(range(399, 399 - len(numbers), -1))
    assert len(numbers) > 50


def test_forwards_it_is_the_same(host: Host) -> None:
    flood(host, 60)
    look = reader.read_after(host, AuditFilter(), 0, 7)
    found: list[Entry] = []
    while True:
        found = [*look.entries, *found]
        if look.newer is None:
            break
        look = reader.read_after(host, AuditFilter(), look.newer, 7)
    assert found == everything(host)


def test_the_lines_of_an_open_window_outlive_every_rotation(host: Host) -> None:
    """Also those of others about it; attempts that were refused are not carried, however many."""
    closed = open_one(host)
    close(host, closed)
    window = open_one(host)
    flood(host, 300, window=window.id)
    log.record(host, ROOT, "extend", result="asked for 5 minutes from that time", window=window.id)
    flood(host, 300, 300, window=window.id)
    about = [entry for entry in everything(host) if entry.action != "refused"]
    assert [(entry.action, entry.window) for entry in about] == [
        ("extend", window.id), ("open", window.id), ("open", window.id),
    ]  # fmt: skip
    assert about[-1].reason == "keep me"
    assert '"keep me"' in host.audit.read_text(), "in the newest file, whatever happens to the others"
    close(host, window)
    flood(host, 300, 600)
    assert all(entry.action == "refused" for entry in everything(host))


def test_each_line_is_told_once(host: Host) -> None:
    window = open_one(host)
    for count in range(40):
        flood(host, 3, 3 * count)
        told = [entry.result for entry in everything(host)]
        assert len(told) == len(set(told)), count
        assert sum(entry.window == window.id for entry in everything(host)) == 2


def test_without_a_journal_nothing_that_did_not_end_is_lost(host: Host) -> None:
    closed, window = open_one(host), open_one(host)
    close(host, closed)
    host.journal.write_bytes(b"no database" * 100)
    flood(host, 300)
    assert {entry.window for entry in everything(host) if entry.action != "refused"} == {window.id}


@pytest.mark.parametrize("step", range(1, 9))
def test_cut_short_anywhere_it_is_whole(host: Host, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """The process ends at one of the steps that change a name."""
    window = open_one(host)
    flood(host, 70)
    before = [entry.result for entry in everything(host)]

    class Died(BaseException):
        pass

    steps = iter(range(1, 100))

    def dying(function: str, owner: type) -> None:
        real = getattr(owner, function)

        def call(*arguments: object, **named: object) -> object:
            if next(steps) == step:
                raise Died
            return real(*arguments, **named)

        monkeypatch.setattr(owner, function, call)

    for function in ("replace", "unlink"):
        dying(function, Path)
    with monkeypatch.context() as patch:
        real = os.link

        def link(*arguments: object, **named: object) -> None:
            if next(steps) == step:
                raise Died
            real(*arguments, **named)  # type: ignore[arg-type]

        patch.setattr(os, "link", link)
        with suppress(Died):
            flood(host, 30, 70)
    monkeypatch.undo()
    monkeypatch.setattr(rotation, "MAX_BYTES", 4000)
    monkeypatch.setattr(rotation, "KEPT", 3)
    after = [entry.result for entry in everything(host)]
    assert len(after) == len(set(after))
    assert len(set(before) & set(after)) > 30
    assert sum(entry.window == window.id for entry in everything(host)) == 2
    flood(host, 30, 200)
    assert sum(entry.window == window.id for entry in everything(host)) == 2


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import os, sys; os.fsync = lambda _: None\n"
        "from mxverdict.host import Host; from mxverdict.audit import log, rotation\n"
        "from mxverdict.audit.actor import KEEPER\n"
        "rotation.MAX_BYTES, rotation.KEPT = 20_000, 50\n"
        "for number in range(300):\n"
        "    log.record(Host(sys.argv[1]), KEEPER, 'refuse', result=f'{sys.argv[2]} {number}')\n"
    )
    package = str(Path(log.__file__).parents[2])
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(writer)], env={"PYTHONPATH": package}
        )
        for writer in range(4)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0, 0]
    lines = [json.loads(line) for path in files(Host(tmp_path)) for line in path.read_text().splitlines()]
    assert sorted(line["result"] for line in lines) == sorted(
        f"{writer} {number}" for writer in range(4) for number in range(300)
    )
    assert len(files(Host(tmp_path))) > 5


def test_a_full_file_that_cannot_be_rotated_grows(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)
    flood(host, 60)
    assert [entry.result for entry in everything(host)] == [f"number {n}" for n in range(59, -1, -1)]
