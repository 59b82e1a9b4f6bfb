"""A journal that is damaged, gone or locked while a window is open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Callable

import pytest

from mxverdict import window as window_functions
from mxverdict.errors import JournalCorruptError
from mxverdict.window.journal import Journal
from tests.conftest import Tally
from tests.faults.trial import Trial
from tests.integration.windows import MXTOOLBOX, STRANGER, Windows
from tests.sandbox.box import Sandbox

QUICK = "from mxverdict.window import journal; journal._TIMEOUT = 0.05"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    for path in windows.host.state.glob("*"):
        path.unlink()


def header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xde\xad\xbe\xef" * 25)


def truncated(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 + 7)


def middle(path: Path) -> None:
    """Garbage from the middle of every page to its end, the first one aside."""
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096 + 1800)
            file.write(b"\x5a" * (4096 - 1800))


def cells(path: Path) -> None:
    """The beginning of every page but the first: what SQLite itself needs to find rows."""
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def missing(path: Path) -> None:
    path.unlink()


DAMAGES = [header, truncated, middle, cells, empty, missing]
Harm = Callable[[Path], None]


@pytest.mark.parametrize("harm", DAMAGES)
@pytest.mark.parametrize("first", ["keeper", "close", "open", "extend"])
def test_an_open_window_outlives_its_journal(windows: Windows, tally: Tally, harm: Harm, first: str) -> None:
    trial = Trial(windows)
    windows.open(networks=MXTOOLBOX[:2])
    harm(windows.host.journal)
    with pytest.raises(JournalCorruptError):
        window_functions.open_windows(windows.host)
    if first == "keeper":
        assert windows.keeper() == 0
        (window,) = window_functions.open_windows(windows.host)
        assert (window.state, window.networks) == ("open", MXTOOLBOX[:2])
        assert "the journal was damaged and restored" in window.remark
    elif first == "close":
        assert windows.close(1)["state"] == "closed"
    elif first == "open":
        assert windows.open(networks=[STRANGER])["id"] == 1
    else:
        assert windows.extend(1, 30)["state"] == "open"
    assert windows.actions().count("restore") == 1
    kept = list(windows.host.state.glob("journal.damaged-*.sqlite"))
    assert len(kept) == (harm is not missing)
    windows.let_time_pass(1860)
    assert windows.keeper() == 0
    tally(f"journal damaged or gone: {harm.__name__}", trial.damage())


@pytest.mark.parametrize("harm", DAMAGES)
def test_the_setting_comes_back_without_its_journal(windows: Windows, tally: Tally, harm: Harm) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    harm(windows.host.journal)
    assert windows.keeper() == 0
    windows.let_time_pass(960)
    assert windows.keeper() == 0
    tally(f"journal damaged or gone: {harm.__name__}", trial.damage())


def test_a_damaged_copy_is_of_no_matter_while_the_journal_is_sound(windows: Windows, tally: Tally) -> None:
    trial = Trial(windows)
    windows.open()
    header(windows.host.journal_copy)
    windows.let_time_pass(960)
    assert windows.keeper() == 0
    tally("journal copy damaged", trial.damage())


def test_without_a_sound_copy_it_says_so_and_a_copy_put_there_helps(windows: Windows, tally: Tally) -> None:
    trial = Trial(windows)
    windows.open()
    sound = windows.host.journal_copy.read_bytes()
    header(windows.host.journal)
    header(windows.host.journal_copy)
    assert windows.keeper() == 3
    for refused in (windows.close(1), windows.open(), windows.extend(1, 5)):
        assert (refused["error"], refused["exit"]) == ("JournalCorruptError", 3)
        assert "there is no sound copy of it" in refused["text"]
        assert "\n" not in refused["text"]
    windows.host.journal_copy.write_bytes(sound)
    assert windows.keeper() == 0
    windows.let_time_pass(960)
    assert windows.keeper() == 0
    tally("journal and its copy damaged", trial.damage())


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
@pytest.mark.parametrize("call", ["open", "join", "extend", "close", "keeper"])
def test_locked(windows: Windows, tally: Tally, call: str, lock: str) -> None:
    trial = Trial(windows)
    if call != "open":
        windows.open(networks=MXTOOLBOX[:1])
    else:
        Journal(windows.host, create=True).close()
    before = windows.snapshot()
    if call == "keeper":
        windows.let_time_pass(960)
    with closing(sqlite3.connect(windows.host.journal, isolation_level=None)) as other:
        other.execute(f"BEGIN {lock}")
        if call in ("open", "join"):
            answer = windows.open(networks=MXTOOLBOX[:2], before=QUICK)
        elif call == "extend":
            answer = windows.extend(1, 30, before=QUICK)
        elif call == "close":
            answer = windows.close(1, before=QUICK)
        elif lock == "IMMEDIATE":
            (answer,) = windows.close_due(before=QUICK)
        else:
            answer = windows.close_due(before=QUICK)
    assert "locked" in (answer.get("text") or answer["error"])
    if call in ("open", "join", "extend"):
        assert answer["exit"] == 3
        assert windows.snapshot() == before
    if call == "close":
        assert answer["exit"] == (4 if lock == "IMMEDIATE" else 3)
    windows.let_time_pass(1860)
    assert windows.keeper() == 0
    tally(f"journal locked ({lock.lower()})", trial.damage())
