"""A full or read-only disk, from each write of each command on, and for real."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mxverdict import window as window_functions
from mxverdict.errors import JournalError
from tests.conftest import Tally
from tests.faults import mounts
from tests.faults.trial import Trial
from tests.integration.windows import STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox

NO_PROOF = "from mxverdict.window import verify; verify.previews = lambda *_: {}"
"""Saves the time of many previews; what the server is like in the end is looked at anyway."""
FAULTS = {
    "ENOSPC": "write,pwrite64,fsync,fdatasync,?rename,?renameat2,?link",
    "EROFS": "openat,?rename,?renameat2,?link,?unlink",
}
STEP = 6
CALLS = ["open", "join", "extend", "close", "keeper"]
STATE = (
    "journal.sqlite",
    "journal.sqlite-journal",
    "journal.copy.new",
    "journal.copy.sqlite",
    "audit.jsonl",
    "candidate.localopts",
    "lock.whitelist",
    "lock.delay_off",
    "lock.copy",
)
ETC = (
    "senderverifybypasshosts",
    ".senderverifybypasshosts.mxverdict",
    "exim.conf.localopts",
    ".exim.conf.localopts.mxverdict",
)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        (box.root / "etc/senderverifybypasshosts").write_text("10.9.9.9\n")
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    windows.host.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield windows
    windows.tracer = ()
    forget(windows)


def forget(windows: Windows) -> None:
    for path in windows.host.state.iterdir():
        path.unlink()


def broken_from(windows: Windows, error: str, number: int, log: Path) -> list[str]:
    """Each system call of the fault's kind fails from the given one on, on our own files alone."""
    paths = [windows.host.state / name for name in STATE]
    paths += [windows.host.root / "etc" / name for name in ETC]
    only = [word for path in paths for word in ("-P", str(path))]
    inject = f"inject={FAULTS[error]}:error={error}:when={number}+"
    trace = f"trace={FAULTS[error]}"
    return ["strace", "-f", "-b", "execve", "-o", str(log), *only, "-e", trace, "-e", inject]


def ask(windows: Windows, call: str, kind: str) -> Any:
    if call == "open":
        return windows.open(kind, [TESTER], before=NO_PROOF)
    if call == "join":
        return windows.open(kind, [TESTER, STRANGER], before=NO_PROOF)
    if call == "extend":
        return windows.extend(1, 30)
    if call == "close":
        return windows.close(1, before=NO_PROOF)
    return windows.keeper()


def states(windows: Windows) -> list[str]:
    """Of the windows that are not finished; `unknown` for a journal that cannot be read now."""
    try:
        return [window.state for window in window_functions.open_windows(windows.host)]
    except JournalError:
        return ["unknown"]


def is_changed(windows: Windows, kind: str) -> bool:
    if kind == "delay_off":
        return windows.markers() == 0
    return TESTER in windows.host.sender_verify_bypass_hosts.read_text()


def check_honesty(windows: Windows, call: str, kind: str, answer: Any) -> None:
    """What was said of the window is true, and a failure is one line with an exit status."""
    if call == "keeper":
        assert answer in (0, 3, 4)
        if answer == 0:
            assert not is_changed(windows, kind)
        return
    if "state" not in answer:
        assert answer["exit"] in (3, 4)
        assert answer["text"].strip()
        assert "\n" not in answer["text"]
        if call == "open" and answer["error"] != "WindowCloseError":
            assert not is_changed(windows, kind)
    elif call == "close":
        assert answer["state"] == "closed"
        assert not is_changed(windows, kind)
        assert states(windows) == []
    else:
        assert is_changed(windows, kind)
        assert states(windows) == ["open"]


def trial_of(windows: Windows, call: str, kind: str) -> Trial:
    """A server on which the call is the next one."""
    trial = Trial(windows)
    if call != "open":
        windows.open(kind, [TESTER], before=NO_PROOF)
    if call == "keeper":
        windows.let_time_pass(900)
    return trial


@pytest.mark.slow
@pytest.mark.random
@pytest.mark.parametrize("error", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_from_each_write_on(
    windows: Windows, tally: Tally, random: Random, tmp_path: Path, call: str, error: str
) -> None:
    """Every STEPth write; the seed says from which one on, so that a soak comes to all of them."""
    log = tmp_path / "strace"
    trial = Trial(windows)
    failures = 0
    for number in itertools.count(random.randint(1, STEP), STEP):
        forget(windows)
        if call != "open":
            windows.open(networks=[TESTER], before=NO_PROOF)
        if call == "keeper":
            windows.let_time_pass(900)
        windows.tracer = broken_from(windows, error, number, log)
        answer = ask(windows, call, "whitelist")
        windows.tracer = ()
        failures += answer if call == "keeper" else "state" not in answer
        check_honesty(windows, call, "whitelist", answer)
        windows.let_time_pass(1860)
        assert windows.keeper() == 0, number
        if "(INJECTED)" not in log.read_text():
            break
        tally(f"{error} from one write on", trial.damage())
    assert failures


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 4, 10])
@pytest.mark.parametrize("error", FAULTS)
@pytest.mark.parametrize("call", ["open", "close"])
def test_the_setting_from_some_writes_on(
    windows: Windows, tally: Tally, tmp_path: Path, call: str, error: str, number: int
) -> None:
    trial = trial_of(windows, call, "delay_off")
    windows.tracer = broken_from(windows, error, number, tmp_path / "strace")
    answer = ask(windows, call, "delay_off")
    windows.tracer = ()
    check_honesty(windows, call, "delay_off", answer)
    windows.let_time_pass(1860)
    assert windows.keeper() == 0
    tally(f"{error} from one write on", trial.damage())


@pytest.mark.parametrize("kind", ["whitelist", "delay_off"])
@pytest.mark.parametrize("fault", ["full", "read_only"])
@pytest.mark.parametrize("where", ["etc", "var/lib/mxverdict"])
@pytest.mark.parametrize("call", ["open", "close", "keeper"])
def test_for_real(windows: Windows, tally: Tally, call: str, where: str, fault: str, kind: str) -> None:
    folder = windows.host.root / where
    with ExitStack() as stack:
        if fault == "full":
            stack.enter_context(mounts.small(folder))
        trial = trial_of(windows, call, kind)
        with getattr(mounts, fault)(folder):
            answer = ask(windows, call, kind)
            check_honesty(windows, call, kind, answer)
            if where == "var/lib/mxverdict" and call == "keeper":
                assert not is_changed(windows, kind), "the journal is not needed to put things back"
            if where == "etc" and call != "open":
                assert windows.keeper() in (0, 4)
                assert states(windows) == ["close_failed"]
        windows.let_time_pass(1860)
        assert windows.keeper() == 0
        tally(f"{where} {fault.replace('_', '-')}", trial.damage())
