"""A close that fails is loud everywhere until it succeeds; one kind of window does not wait for the other."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from mxverdict.window.journal import Journal
from tests.conftest import Tally
from tests.faults.trial import Trial
from tests.integration.windows import TESTER, Windows
from tests.sandbox.box import Sandbox
from tests.sandbox.plugin import install_plugin
from tests.sandbox.whm.defaults import CONTACT

LOUD = "FAILED TO CLOSE: "
SECONDS = 15
"""Ample for a quick close on a busy machine, and far below the time that a hanging build is given."""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    for fault in (box.root / "sandbox/faults").iterdir():
        fault.unlink()
    for path in windows.host.state.glob("*"):
        if path.is_file():
            path.unlink()


@contextmanager
def busy_list(windows: Windows) -> Iterator[None]:
    """Something is mounted on the list file: nobody can replace it."""
    path = str(windows.host.sender_verify_bypass_hosts)
    subprocess.run(["mount", "--bind", path, path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)


def cli(windows: Windows, *words: object) -> subprocess.CompletedProcess[str]:
    return windows.box.run([sys.executable, "-m", "mxverdict.cli.main", *words], timeout=120)


def page(windows: Windows) -> str:
    """The page as cpsrvd's CGI call gets it."""
    path = install_plugin(windows.box.root)
    script = windows.box.root / "usr/local/cpanel/whostmgr/docroot" / path.lstrip("/")
    request = {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "",
        "REMOTE_USER": "root",
        "cp_security_token": "/cpsess1234567890",
    }
    return windows.box.run([script], env=request, check=True).stdout


def letters(windows: Windows) -> int:
    """Messages to the contact that Exim took."""
    log = windows.host.exim_mainlog.read_text()
    return sum(" <= " in line and " P=local" in line for line in log.splitlines())


@contextmanager
def failing_to_close(windows: Windows) -> Iterator[None]:
    windows.open(networks=[TESTER])
    with busy_list(windows):
        windows.let_time_pass(900)
        assert windows.keeper() == 4
        yield


def test_every_command_says_it_until_it_is_closed(windows: Windows, tally: Tally, tmp_path: object) -> None:
    trial = Trial(windows)
    evidence = f"{tmp_path}/evidence.json"
    assert cli(windows, "check", "--tester", "mxtoolbox", "--save", evidence).returncode == 0
    with failing_to_close(windows):
        commands = [
            ["check", "--tester", "swaks"],
            ["judge", evidence],
            ["preview", TESTER],
            ["window", "list"],
            ["window", "open", "--address", "198.51.100.7"],
            ["window", "extend", "1"],
            ["window", "close", "1"],
        ]
        for words in commands:
            for options in ([], ["--json"]):
                done = cli(windows, *words, *options)
                assert done.returncode == 4, (words, done)
                assert "Device or resource busy" in done.stderr, words
                assert "findmnt" in done.stderr, words
                assert "Traceback" not in done.stderr
                if options:
                    json.loads(done.stdout)
        assert cli(windows, "keeper").returncode == 4
        assert "could not be closed" in page(windows)
    windows.let_time_pass(2000)
    assert windows.keeper() == 0
    listed = cli(windows, "window", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "closed at last, after " in listed.stdout
    assert "closed at last, after " in windows.audit()[-1]["result"]
    assert "Window 1 is closed now." in page(windows)
    with closing(Journal(windows.host)) as journal:
        journal.connection.execute("UPDATE windows SET closed_at = closed_at - 90000")
    assert "Window 1 is closed now." not in page(windows)
    tally("list file busy: loud until closed", trial.damage())


def test_two_real_mails(windows: Windows, tally: Tally) -> None:
    trial = Trial(windows)
    before = letters(windows)
    sendmail = windows.host.sendmail
    target = sendmail.readlink()
    sendmail.unlink()
    with failing_to_close(windows):
        assert letters(windows) == before
        sendmail.symlink_to(target)
        for _ in range(3):
            windows.let_time_pass(2000)
            assert windows.keeper() == 4
            assert letters(windows) == before + 1
    sendmail.unlink()
    windows.let_time_pass(2000)
    windows.keeper()
    assert letters(windows) == before + 1
    sendmail.symlink_to(target)
    for _ in range(3):
        assert windows.keeper() == 0
        assert letters(windows) == before + 2
    assert CONTACT in windows.host.exim_mainlog.read_text()
    tally("mail program missing at first", trial.damage())


def test_a_journal_that_cannot_be_read_is_loud(windows: Windows) -> None:
    windows.host.state.mkdir(parents=True, exist_ok=True)
    windows.host.journal.write_bytes(b"garbage " * 1000)
    for words in (
        ["check", "--tester", "swaks"],
        ["preview", TESTER],
        ["window", "list"],
        ["window", "close"],
    ):
        done = cli(windows, *words)
        assert done.returncode == 3, (words, done)
        assert done.stderr.count("cannot be used") == 1, (words, done)
    assert windows.keeper() == 3
    assert "Test windows do not work right now." in page(windows)


def test_a_whitelist_window_does_not_wait_for_a_hanging_opening(windows: Windows, tally: Tally) -> None:
    trial = Trial(windows)
    windows.open(networks=[TESTER])
    fault = windows.fault("buildeximconf-waits")
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(windows.open, "delay_off", [])
        time.sleep(3)
        started = time.monotonic()
        assert windows.close(1)["state"] == "closed"
        assert time.monotonic() - started < SECONDS
        assert not slow.done()
        fault.unlink()
        assert slow.result()["state"] == "open"
    windows.let_time_pass(900)
    assert windows.keeper() == 0
    tally("whitelist closed while the build hangs in an opening", trial.damage())


def test_the_keeper_closes_a_whitelist_window_while_another_close_hangs(
    windows: Windows, tally: Tally
) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    windows.let_time_pass(900)
    fault = windows.fault("buildeximconf-waits")
    with ThreadPoolExecutor() as pool:
        keeper = pool.submit(windows.keeper)
        time.sleep(2)
        windows.open(networks=[TESTER])
        with closing(Journal(windows.host)) as journal:
            journal.connection.execute("UPDATE windows SET deadline = 1 WHERE kind = 'whitelist'")
        give_up = time.monotonic() + SECONDS
        while TESTER in windows.host.sender_verify_bypass_hosts.read_text():
            assert time.monotonic() < give_up
            time.sleep(0.2)
        assert not keeper.done()
        fault.unlink()
        assert keeper.result() == 0
    tally("whitelist due while the keeper's build hangs", trial.damage())


def test_the_setting_does_not_wait_for_a_hanging_whitelist_opening(windows: Windows, tally: Tally) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    hang = (
        "import time; from mxverdict.window.changes import bypass_list\n"
        "bypass_list.apply = lambda *_: time.sleep(40) or []"
    )
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(windows.open, networks=[TESTER], before=hang)
        time.sleep(3)
        started = time.monotonic()
        assert windows.close(1)["state"] == "closed"
        assert time.monotonic() - started < SECONDS
        assert not slow.done()
        assert slow.result()["error"] == "WindowOpenError"
    tally("setting restored while a whitelist opening hangs", trial.damage())


def test_an_extension_to_an_earlier_time_changes_nothing(windows: Windows) -> None:
    first = windows.open(networks=[TESTER], minutes=60)
    shorter = windows.extend(1, 5)
    assert (shorter["deadline"], shorter["minutes"]) == (first["deadline"], 60)
    assert windows.open(networks=[TESTER], minutes=5)["minutes"] == 60
    assert windows.extend(1, 90)["minutes"] == 90
    windows.close(1)
