"""The keeper's first look: cheap, without anything of the package, and in doubt it does the work."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.host_paths import ROOT_VARIABLE
from mxverdict.window import keeper
from mxverdict.window.journal import DEFERRED, Journal
from mxverdict.window.model import (
    CLOSE_FAILED,
    CLOSED,
    CLOSING,
    ENTRIES,
    FAILED,
    MAILED,
    OPEN,
    OPENING,
    WHITELIST,
)
from tests.unit.window.rows import window


def run(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", *options, keeper.__file__],
        env={ROOT_VARIABLE: str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def with_window(host: Host, state: str, kind: str = WHITELIST) -> None:
    with closing(Journal(host, create=True)) as journal:
        journal.insert(window(state=state, kind=kind))


def test_it_looks_where_the_host_keeps_things() -> None:
    host = Host("/")
    assert Path("/") / keeper._JOURNAL == host.journal
    assert Path("/") / keeper._TRUSTED == host.greylist_trusted_netblocks


@pytest.mark.parametrize("state", [CLOSED, FAILED])
def test_idle_when_all_is_finished(tmp_path: Path, state: str) -> None:
    assert keeper.idle(str(tmp_path))
    with_window(Host(tmp_path), state)
    assert keeper.idle(str(tmp_path))


@pytest.mark.parametrize("state", [OPENING, OPEN, CLOSING, CLOSE_FAILED])
def test_not_idle_while_a_window_is_not_finished(tmp_path: Path, state: str) -> None:
    with_window(Host(tmp_path), state)
    assert not keeper.idle(str(tmp_path))


@pytest.mark.parametrize("kind", ENTRIES)
def test_idle_while_permanent_entries_stand(tmp_path: Path, kind: str) -> None:
    with_window(Host(tmp_path), OPEN, kind)
    assert keeper.idle(str(tmp_path))


@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.parametrize("state", [OPENING, CLOSING, CLOSE_FAILED])
def test_not_idle_while_a_permanent_entry_comes_or_goes(tmp_path: Path, state: str, kind: str) -> None:
    with_window(Host(tmp_path), state, kind)
    assert not keeper.idle(str(tmp_path))


def test_dormant_entries_count_once_greylisting_writes_its_list(tmp_path: Path) -> None:
    host = Host(tmp_path)
    with closing(Journal(host, create=True)) as journal:
        journal.insert(window(state=CLOSED))
        journal.mark(journal.plan(1, "trusted_hosts", {"networks": [], "comment": ""}), DEFERRED)
    assert keeper.idle(str(tmp_path))
    host.greylist_trusted_netblocks.parent.mkdir()
    host.greylist_trusted_netblocks.write_text("")
    assert keeper.idle(str(tmp_path))
    host.greylist_trusted_netblocks.write_text("1.2.3.4\n")
    assert not keeper.idle(str(tmp_path))


def test_an_owed_mail_is_work_for_the_keeper_alone(tmp_path: Path) -> None:
    """uninstall.sh does not wait for it: nothing on the server is still to be reverted."""
    with closing(Journal(Host(tmp_path), create=True)) as journal:
        closed = window(state=CLOSED, closed_at=time.time(), attempts=1, mailed=MAILED)
        journal.insert(closed)
    assert not keeper.idle(str(tmp_path))
    assert keeper.idle(str(tmp_path), mail=False)
    assert "mail=False" in (Path(__file__).parents[3] / "uninstall.sh").read_text()


def test_a_journal_that_cannot_be_read_is_not_idle_and_an_error(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.state.mkdir(parents=True)
    host.journal.write_bytes(b"garbage " * 1000)
    assert not keeper.idle(str(tmp_path))
    done = run(tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("mxverdict keeper: the journal")
    assert done.stderr.count("\n") == 1


def test_an_idle_tick_imports_nothing_of_the_package(tmp_path: Path) -> None:
    with_window(Host(tmp_path), CLOSED)
    done = run(tmp_path, "-X", "importtime")
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "sqlite3" in imported
    assert not {name for name in imported if name.startswith(("mxverdict", "subprocess", "pathlib"))}


def test_a_tick_with_work_needs_the_standard_library_alone(tmp_path: Path) -> None:
    with_window(Host(tmp_path), OPEN)
    done = run(tmp_path, "-X", "importtime")
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "mxverdict" in imported
    assert not imported & {"requests", "dns", "jinja2", "rich"}
