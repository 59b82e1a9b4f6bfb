"""The owner's settings and the windows: what they forbid is refused, and damage
forbids what is longer than usual."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mxverdict.host import Host
from tests.integration.windows import Windows
from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(connect_delay=1, rcpt_delay=0) as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    box.run([sys.executable, "-m", "mxverdict.cli.main", "window", "close", "--all"], check=True)
    for path in windows.host.state.iterdir():
        path.unlink()


def choose(host: Host, **values: object) -> None:
    host.state.mkdir(parents=True, exist_ok=True)
    host.settings.write_text(json.dumps({"schema": 1, **values}))


def cli(windows: Windows, *words: object) -> subprocess.CompletedProcess[str]:
    return windows.box.run([sys.executable, "-m", "mxverdict.cli.main", "window", *words, "--json"])


def test_longer_than_the_settings_is_refused_and_changes_nothing(windows: Windows) -> None:
    choose(windows.host, most_minutes=30)
    before = windows.snapshot()
    for minutes in (31, 240):
        assert windows.open(minutes=minutes)["text"] == (
            "the settings of MX Verdict on this server let a window stay open for 30 minutes at most, "
            f"not {minutes}"
        )
    assert windows.open(minutes=241)["text"] == "a window stays open for 1 to 240 minutes, not 241"
    done = cli(windows, "open", "--minutes", 31)
    assert (done.returncode, "30 minutes at most" in done.stderr) == (2, True)
    assert windows.snapshot() == before
    assert set(windows.actions()) == {"refuse"}
    assert windows.open(minutes=30)["state"] == "open"
    assert windows.extend(1, 31)["error"] == "UsageError"
    assert windows.extend(1, 30)["minutes"] == 30


def test_a_window_that_is_open_keeps_its_deadline(windows: Windows) -> None:
    opened = windows.open(minutes=200)
    choose(windows.host, most_minutes=5, minutes=5, resellers_most_minutes=5)
    assert windows.keeper() == 0
    assert windows.close_due() == []
    (listed,) = json.loads(cli(windows, "list").stdout)["windows"]
    assert (listed["state"], listed["deadline"]) == ("open", opened["deadline"])


def test_the_command_line_takes_its_defaults_from_them(windows: Windows) -> None:
    choose(windows.host, minutes=7)
    (opened,) = json.loads(cli(windows, "open").stdout)["windows"]
    assert (opened["minutes"], opened["tester"]) == (7, "mxtoolbox")
    choose(windows.host, minutes=9)
    (extended,) = json.loads(cli(windows, "extend").stdout)["windows"]
    assert extended["minutes"] == 9


@pytest.mark.parametrize("damage", ["", "{", '{"schema": 1, "most_minutes": 1e400}', "\x00" * 5000])
def test_a_damaged_file_holds_up_neither_opening_nor_closing(windows: Windows, damage: str) -> None:
    windows.host.state.mkdir(parents=True, exist_ok=True)
    windows.host.settings.write_text(damage)
    before = windows.snapshot()
    assert "15 minutes at most" in windows.open(minutes=16)["text"]
    assert windows.snapshot() == before
    assert windows.open(minutes=15)["state"] == "open"
    assert windows.extend(1, 16)["error"] == "UsageError"
    windows.let_time_pass(15 * 60)
    assert windows.keeper() == 0
    assert windows.snapshot() == before


def test_a_link_to_nowhere_is_no_file(windows: Windows) -> None:
    windows.host.state.mkdir(parents=True, exist_ok=True)
    windows.host.settings.symlink_to("/nowhere/settings.json")
    assert windows.open(minutes=240)["state"] == "open"
