"""The delay's setting and Exim's configuration are changed by others while a window is open or closes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.conftest import Tally
from tests.faults.trial import Trial
from tests.integration.windows import STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox

KEY = "acl_delay_unknown_hosts"
FILE = "exim.conf.localopts"
UPCP = 'sleep "$1"; SLOWLY=1 "$2/buildeximconf" && "$2/restartsrv_exim"'
SLOW = '#!/bin/sh\n[ -z "$SLOWLY" ] || sleep 0.7\n'
"""Runs in the middle of a build, when the settings have been read and nothing is written yet."""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    whm_saves(windows, KEY, "1")
    kept = windows.host.localopts.read_bytes()
    yield windows
    for path in windows.host.state.glob("*"):
        path.unlink()
    windows.host.localopts_dry_run.unlink(missing_ok=True)
    windows.host.localopts.write_bytes(kept)
    box.rebuild()


def whm_saves(windows: Windows, key: str, value: str, *, build: bool = False) -> None:
    """What the Exim Configuration Manager does when an admin saves there."""
    words = ["set_tweaksetting", "module=Mail", f"key={key}", f"value={value}"]
    windows.box.run([windows.host.whmapi1, *words], check=True)
    if build:
        windows.box.rebuild()


def write_line(windows: Windows, line: str) -> None:
    """An admin's edit by hand of the line that counts."""
    path = windows.host.localopts
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line if text.startswith(KEY) else text}\n" for text in lines))


def end(windows: Windows, by: str, number: int = 1) -> dict[str, Any]:
    if by == "close":
        answer: dict[str, Any] = windows.close(number)
        return answer
    windows.let_time_pass(900)
    (closed,) = windows.close_due()
    return dict(closed)


def stays_off(trial: Trial) -> None:
    trial.markers = 0
    trial.delays = {TESTER: 0, STRANGER: 0}


@pytest.mark.parametrize("by", ["close", "keeper"])
@pytest.mark.parametrize("line", [f"{KEY}=", f"{KEY} = 0", f"{KEY}=00"])
def test_switched_off_by_hand(windows: Windows, tally: Tally, line: str, by: str) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    write_line(windows, line)
    trial.expect(FILE, windows.host.localopts.read_bytes())
    stays_off(trial)
    closed = end(windows, by)
    assert closed["state"] == "closed"
    assert f"{KEY} was changed by somebody else meanwhile and stays as it is" in closed["remark"]
    assert "the delay was off for all senders when this window closed" in closed["remark"]
    tally("setting: switched off by an admin meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_switched_off_while_a_whitelist_window_is_open(windows: Windows, tally: Tally, by: str) -> None:
    trial = Trial(windows)
    windows.open(networks=[TESTER])
    whm_saves(windows, KEY, "0", build=True)
    trial.expect(FILE, windows.host.localopts.read_bytes())
    stays_off(trial)
    assert "the delay was off for all senders when this window closed" in end(windows, by)["remark"]
    tally("setting: switched off by an admin meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_other_settings_saved_meanwhile(windows: Windows, tally: Tally, by: str) -> None:
    """Known limit: with our value in place, WHM saves that value, whether the admin meant it or not. It
    goes back with the window, and the window tells whoever meant it."""
    trial = Trial(windows)
    windows.open("delay_off", [])
    whm_saves(windows, "senderverify", "0", build=True)
    content = windows.host.localopts.read_bytes()
    trial.expect(FILE, content.replace(f"{KEY}=0\n".encode(), f"{KEY}=1\n".encode()))
    closed = end(windows, by)
    assert "whoever meant to switch the delay off has to do so again" in closed["remark"]
    tally("setting: others saved meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
@pytest.mark.parametrize("build", [True, False], ids=["built", "not built"])
def test_switched_on_meanwhile(windows: Windows, tally: Tally, build: bool, by: str) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    whm_saves(windows, KEY, "1", build=build)
    assert end(windows, by)["state"] == "closed"
    tally("setting: switched on by an admin meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
@pytest.mark.parametrize("value", ["2", "20"])
def test_switched_on_with_another_value(windows: Windows, tally: Tally, value: str, by: str) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    write_line(windows, f"{KEY}={value}")
    trial.expect(FILE, windows.host.localopts.read_bytes())
    assert "stays as it is" in end(windows, by)["remark"]
    tally("setting: switched on by an admin meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_switched_on_and_off_again(windows: Windows, tally: Tally, by: str) -> None:
    """Known limit: what stands there in the end is what we wrote."""
    trial = Trial(windows)
    windows.open("delay_off", [])
    whm_saves(windows, KEY, "1", build=True)
    whm_saves(windows, KEY, "0", build=True)
    assert end(windows, by)["state"] == "closed"
    tally("setting: switched on and off again meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_the_line_was_taken_out(windows: Windows, tally: Tally, by: str) -> None:
    """ "Reset" in WHM's editor deletes the keys: the default counts, which is on."""
    trial = Trial(windows)
    windows.open("delay_off", [])
    path = windows.host.localopts
    path.write_text(path.read_text().replace(f"{KEY}=0\n", ""))
    trial.expect(FILE, path.read_bytes())
    assert "stays as it is" in end(windows, by)["remark"]
    tally("setting: reset by an admin meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_a_half_done_edit_that_is_never_saved(windows: Windows, tally: Tally, by: str) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    dry_run = windows.host.localopts_dry_run
    content = windows.host.localopts.read_bytes() + b"theirs=1\n"
    dry_run.write_bytes(content)
    assert "somebody was editing Exim's settings in WHM while the window closed" in end(windows, by)["remark"]
    assert dry_run.read_bytes() == content
    assert windows.open("delay_off", [])["error"] == "WindowRefused"
    dry_run.unlink()
    tally("a .dry_run file, never saved", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_a_half_done_edit_that_is_saved_before_the_close(windows: Windows, tally: Tally, by: str) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    dry_run = windows.host.localopts_dry_run
    dry_run.write_bytes(windows.host.localopts.read_bytes() + b"theirs=1\n")
    dry_run.chmod(0o644)
    lines = (trial.etc[FILE][0] + b"theirs=1\n").splitlines(keepends=True)
    trial.expect(FILE, b"".join(sorted(lines)))
    dry_run.rename(windows.host.localopts)
    windows.box.rebuild()
    assert end(windows, by)["state"] == "closed"
    tally("a .dry_run file, saved before the close", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_a_half_done_edit_that_is_saved_after_the_close(windows: Windows, tally: Tally, by: str) -> None:
    """Known limit: WHM puts the file of the edit, begun while the delay was off, over ours. The window
    told so when it closed."""
    trial = Trial(windows)
    windows.open("delay_off", [])
    dry_run = windows.host.localopts_dry_run
    content = windows.host.localopts.read_bytes() + b"theirs=1\n"
    dry_run.write_bytes(content)
    dry_run.chmod(0o644)
    remark = end(windows, by)["remark"]
    assert "make sure that saving there did not switch the delay off again" in remark
    assert windows.markers() == 3
    dry_run.rename(windows.host.localopts)
    windows.box.rebuild()
    trial.expect(FILE, content)
    stays_off(trial)
    assert windows.keeper() == 0
    tally("a .dry_run file, saved after the close", trial.damage())


def upcp(windows: Windows, delay: float) -> subprocess.Popen[bytes]:
    """What `upcp` does to Exim, in so many seconds. Its build takes longer than ours."""
    hook = windows.host.cpanel / "scripts/prebuildeximconf"
    hook.write_text(SLOW)
    hook.chmod(0o755)
    return windows.box.start(["sh", "-c", UPCP, "sh", f"{delay:.3f}", windows.host.cpanel / "scripts"])


@pytest.mark.random
@pytest.mark.parametrize("kind", ["whitelist", "delay_off"])
@pytest.mark.parametrize("moment", ["at open", "while open", "at close", "at the keeper's close"])
def test_upcp_rebuilds(windows: Windows, tally: Tally, random: Random, moment: str, kind: str) -> None:
    trial = Trial(windows)
    delay = random.uniform(0, 0.5)
    print(f"upcp after {delay:.3f} s")
    if moment == "at open":
        rebuild = upcp(windows, delay)
    assert windows.open(kind, [TESTER])["state"] == "open"
    if moment == "while open":
        rebuild = upcp(windows, 0)
    if "close" not in moment:
        assert rebuild.wait(30) == 0
        assert windows.delay() == 0
    else:
        rebuild = upcp(windows, delay)
    windows.let_time_pass(900)
    if moment == "at the keeper's close":
        assert windows.keeper() in (0, 4)
    else:
        closed = windows.close(1)
        assert closed.get("state") == "closed" or closed["error"] == "WindowCloseError", closed
    assert rebuild.wait(30) == 0
    rebuild.communicate()
    windows.let_time_pass(31)
    assert windows.keeper() == 0
    tally(f"upcp rebuilds {moment}", trial.damage())
