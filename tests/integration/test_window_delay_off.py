"""Delay-off windows on a server with a real Exim: the setting, the configuration, the daemon."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.windows import STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox
from tests.sandbox.network import is_running

pytestmark = pytest.mark.exim

KEY = "acl_delay_unknown_hosts"
OFF = f"{KEY}=0"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    kept = windows.host.localopts.read_bytes()
    yield windows
    for fault in (box.root / "sandbox/faults").iterdir():
        fault.unlink()
    for path in windows.host.state.glob("*"):
        path.unlink()
    windows.host.localopts_shadow.write_text("")
    if windows.host.localopts.read_bytes() != kept or windows.markers() != 3:
        windows.host.localopts.write_bytes(kept)
        box.rebuild()
    assert windows.delay() == 40


LEFT = """
import os, sys, time
from mxverdict.host import Host
process = Host.from_environment().start([sys.argv[1]], remember_as="buildeximconf")
time.sleep(0.3)
print(process.pid, flush=True)
os._exit(0)
"""
"""Starts a command as ours, and leaves it."""


def is_on(windows: Windows) -> bool:
    return (windows.markers(), windows.delay(STRANGER)) == (3, 40)


def test_ordinary_course(windows: Windows) -> None:
    before, daemon = windows.snapshot(), windows.daemon()
    opened = windows.open("delay_off", [], tester="", minutes=2)
    assert (opened["kind"], opened["state"]) == ("delay_off", "open")
    assert (windows.markers(), windows.delay(STRANGER)) == (0, 0)
    assert windows.daemon() != daemon
    assert windows.box.visit(STRANGER, patience=5).rows
    assert windows.close_due() == []

    daemon = windows.daemon()
    windows.let_time_pass(120)
    assert windows.keeper() == 0
    assert windows.snapshot() == before
    assert is_on(windows)
    assert windows.daemon() != daemon
    assert windows.actions() == ["open", "open", "close"]


@pytest.mark.parametrize("line", ["", f"{KEY}=1", f"{KEY}=20", f"{KEY} = 1"])
def test_the_old_line_comes_back_as_it_was(windows: Windows, line: str) -> None:
    path = windows.host.localopts
    rest = [text for text in path.read_text().splitlines() if not text.startswith(KEY)]
    path.write_text("\n".join([*rest, *([line] if line else [])]) + "\n")
    before = sorted(path.read_text().splitlines())
    assert windows.open("delay_off", [])["state"] == "open"
    assert OFF in path.read_text()
    assert windows.close(1)["state"] == "closed"
    assert sorted(path.read_text().splitlines()) == before, "WHM sorts the file"
    assert is_on(windows)


@pytest.mark.parametrize("line", [f"{KEY}=0", f"{KEY}="])
def test_already_off(windows: Windows, line: str) -> None:
    path = windows.host.localopts
    path.write_text(path.read_text().replace(f"{KEY}=1", line))
    refused = windows.open("delay_off", [])
    assert "not rebuilt since" in refused["text"]
    windows.box.rebuild()
    before = windows.snapshot()
    refused = windows.open("delay_off", [])
    assert (refused["error"], refused["text"]) == ("WindowRefused", "the delay is already off")
    assert windows.snapshot() == before
    assert windows.actions() == ["refuse", "refuse"]


def test_the_smarthost_password_stays_in_the_shadow(windows: Windows) -> None:
    windows.host.localopts_shadow.write_text("smarthost_password=S3CRET\n")
    before = windows.snapshot()
    assert windows.open("delay_off", [])["state"] == "open"
    assert "S3CRET" not in windows.host.localopts.read_text()
    assert windows.close(1)["state"] == "closed"
    assert windows.snapshot() == before
    assert is_on(windows)


def test_somebody_is_editing_in_whm(windows: Windows) -> None:
    dry_run = windows.host.localopts_dry_run
    dry_run.write_text("")
    before = windows.snapshot()
    refused = windows.open("delay_off", [])
    assert refused["error"] == "WindowRefused"
    assert "somebody is editing" in refused["text"]
    assert windows.snapshot() == before
    dry_run.unlink()
    windows.open("delay_off", [])
    dry_run.write_text("")
    closed = windows.close(1)
    dry_run.unlink()
    assert closed["state"] == "closed"
    assert "somebody was editing" in closed["remark"]
    assert is_on(windows)


def test_the_api_says_ok_and_does_nothing(windows: Windows) -> None:
    windows.fault("whmapi1-ok-without-doing")
    before = windows.snapshot()
    assert windows.open("delay_off", [])["state"] == "open"
    assert windows.markers() == 0
    assert windows.close(1)["state"] == "closed"
    assert windows.snapshot() == before


@pytest.mark.parametrize("fault", ["set_tweaksetting-fails", "whmapi1-garbage"])
def test_the_api_fails_at_opening(windows: Windows, fault: str) -> None:
    windows.fault(fault)
    before = windows.snapshot()
    failed = windows.open("delay_off", [])
    assert (failed["error"], failed["exit"]) == ("WindowOpenError", 3)
    assert windows.snapshot() == before
    assert is_on(windows)
    assert windows.actions() == ["open", "rollback"]


@pytest.mark.parametrize("fault", ["set_tweaksetting-fails", "whmapi1-garbage", "whmapi1-hangs"])
def test_the_api_fails_at_closing(windows: Windows, fault: str) -> None:
    before = windows.snapshot()
    windows.open("delay_off", [])
    windows.fault(fault)
    windows.let_time_pass(900)
    assert windows.keeper() == 0
    assert windows.snapshot() == before
    assert is_on(windows)


def test_a_configuration_that_exim_refuses_is_not_even_tried(windows: Windows) -> None:
    windows.fault("buildeximconf-fails")
    before, daemon, setting = windows.snapshot(), windows.daemon(), windows.host.localopts.stat()
    failed = windows.open("delay_off", [])
    assert failed["error"] == "WindowOpenError"
    assert "buildeximconf ended with status 1" in failed["text"]
    assert re.search(r"line 1 of \S+/exim\.conf\.buildtest\S*: main option", failed["text"]), failed["text"]
    assert windows.snapshot() == before
    assert windows.host.localopts.stat().st_mtime_ns == setting.st_mtime_ns, "a dry run comes first"
    assert windows.daemon() == daemon


def test_the_restart_fails_at_opening(windows: Windows) -> None:
    fault = windows.fault("restart-fails")
    before = windows.snapshot()
    failed = windows.open("delay_off", [])
    assert failed["error"] == "WindowCloseError", "Exim does not run, so nothing can be called put back"
    fault.unlink()
    windows.let_time_pass(31)
    assert windows.keeper() == 0
    assert windows.snapshot() == before
    assert is_on(windows)
    assert windows.actions() == ["open", "close_failed", "close"]


def test_the_build_fails_at_closing(windows: Windows) -> None:
    before = windows.snapshot()
    windows.open("delay_off", [])
    fault = windows.fault("buildeximconf-fails")
    failed = windows.close(1)
    assert (failed["error"], failed["exit"]) == ("WindowCloseError", 4)
    assert windows.open("delay_off", [])["error"] == "WindowRefused"
    fault.unlink()
    windows.let_time_pass(31)
    assert windows.keeper() == 0
    assert windows.snapshot() == before
    assert is_on(windows)


def test_a_restart_that_did_nothing_is_noticed(windows: Windows) -> None:
    before = windows.snapshot()
    script = windows.host.restartsrv_exim
    kept = script.with_name("kept")
    script.rename(kept)
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    quick = "from mxverdict.window.changes import exim_config; exim_config._START_WAIT = 0.2"
    failed = windows.open("delay_off", [], before=quick)
    kept.rename(script)
    assert failed["error"] == "WindowCloseError"
    assert "does not run the new configuration" in failed["text"]
    assert windows.close(1)["state"] == "closed"
    assert windows.snapshot() == before


def test_changed_by_somebody_else_stays(windows: Windows) -> None:
    windows.open("delay_off", [])
    path = windows.host.localopts
    path.write_text(path.read_text().replace(OFF, f"{KEY}="))
    closed = windows.close(1)
    assert closed["state"] == "closed"
    assert "changed by somebody else" in closed["remark"]
    assert "off for all senders" in closed["remark"]
    assert f"{KEY}=\n" in path.read_text()


def test_switched_on_by_hand_without_a_build(windows: Windows) -> None:
    before = windows.snapshot()
    windows.open("delay_off", [])
    windows.host.localopts.write_bytes(before["exim.conf.localopts"][0])
    closed = windows.close(1)
    assert (closed["state"], closed["remark"]) == ("closed", "")
    assert windows.snapshot() == before
    assert is_on(windows)


def test_both_kinds_at_once(windows: Windows) -> None:
    before = windows.snapshot()
    assert windows.open("whitelist")["id"] == 1
    assert windows.open("delay_off", [TESTER])["id"] == 2
    first = windows.close(1)
    assert (first["state"], windows.delay()) == ("closed", 0)
    assert first["remark"] == "the delay was off for all senders when this window closed"
    assert windows.open("whitelist")["id"] == 3
    assert windows.close(2)["state"] == "closed"
    assert windows.delays(TESTER, STRANGER) == {TESTER: 0, STRANGER: 40}
    assert windows.close(3)["state"] == "closed"
    assert windows.snapshot() == before


def test_a_second_request_joins(windows: Windows) -> None:
    first = windows.open("delay_off", [], minutes=5)
    second = windows.open("delay_off", [TESTER], minutes=30)
    assert (second["id"], second["networks"]) == (1, [TESTER])
    assert second["deadline"] > first["deadline"] + 24 * 60
    assert windows.close(1)["state"] == "closed"


def hanging_build(windows: Windows) -> subprocess.Popen[bytes]:
    fault = windows.fault("buildeximconf-hangs")
    build = windows.box.start([windows.host.buildeximconf])
    time.sleep(0.3)
    fault.unlink()
    return build


def test_a_build_that_somebody_else_has_under_way_is_waited_for(windows: Windows) -> None:
    windows.open("delay_off", [])
    build = hanging_build(windows)
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(windows.close, 1)
        time.sleep(1)
        assert not closing.done()
        os.killpg(build.pid, signal.SIGKILL)
        build.communicate()
        assert closing.result()["state"] == "closed"
    assert is_on(windows)


def test_a_build_that_a_killed_process_left_is_ended(windows: Windows) -> None:
    windows.open("delay_off", [])
    fault = windows.fault("buildeximconf-hangs")
    started = windows.box.run([sys.executable, "-c", LEFT, windows.host.buildeximconf], check=True)
    fault.unlink()
    build = int(started.stdout)
    quick = "from mxverdict.window.changes import exim_config; exim_config._ORPHAN_WAIT = 0.2"
    assert windows.close(1, before=quick)["state"] == "closed"
    assert not is_running(build)
    assert is_on(windows)
