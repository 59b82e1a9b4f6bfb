"""Random sequences of requests, of an admin's edits and of time, against a model of what must hold."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from mxverdict import window as window_functions
from tests.conftest import Tally
from tests.faults.model import Model
from tests.faults.trial import Trial
from tests.integration.windows import STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox

ADDRESSES = [TESTER, "18.205.72.90", "52.55.244.91", STRANGER]
THEIRS = ["# since 2019", "10.0.0.1", STRANGER]
SETTING = "acl_delay_unknown_hosts"
OFTEN = {
    "open": 5,
    "open, delay off": 2,
    "extend": 3,
    "close": 3,
    "keeper": 4,
    "time": 6,
    "line added": 2,
    "line removed": 2,
    "line doubled": 1,
    "lines mixed": 1,
    "comment": 1,
    "setting": 1,
}
STEPS = 25


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    whm_saves(windows, "1")
    write(windows, THEIRS)
    yield windows
    whm_saves(windows, "1")
    for path in windows.host.state.glob("*"):
        path.unlink()


def whm_saves(windows: Windows, value: str) -> None:
    words = ["set_tweaksetting", "module=Mail", f"key={SETTING}", f"value={value}"]
    windows.box.run([windows.host.whmapi1, *words], check=True)
    windows.box.rebuild()


def write(windows: Windows, lines: list[str]) -> None:
    windows.host.sender_verify_bypass_hosts.write_text("".join(f"{line}\n" for line in lines))


def step(windows: Windows, model: Model, random: Random) -> None:
    """One random thing happens to the server and to the model, and both say the same of it."""
    what = random.choices(list(OFTEN), list(OFTEN.values()))[0]
    seconds = random.choice([300, 900, 3600])
    if what == "time":
        print(f"{what}: {seconds // 3 * 2} s")
        windows.let_time_pass(seconds // 3 * 2)
        model.now += seconds // 3 * 2
    elif what == "keeper":
        print(what)
        model.keeper()
        assert windows.keeper() == 0
    elif what == "setting":
        admin_switches(windows, model)
    elif what in ("line added", "line removed", "line doubled", "lines mixed", "comment"):
        admin_edits(windows, model, what, random)
    else:
        request(windows, model, what, seconds, random)


def request(windows: Windows, model: Model, what: str, seconds: int, random: Random) -> None:
    number = random.randint(1, len(window_functions.list_windows(windows.host)) + 1)
    if what == "open":
        networks = random.sample(ADDRESSES, random.randint(1, 3))
        print(f"{what}: {networks}, {seconds} s")
        granted = model.open_whitelist(networks, seconds)
        answer = windows.open(networks=networks, minutes=seconds // 60)
    elif what == "open, delay off":
        print(f"{what}: {seconds} s")
        granted = model.open_delay_off(seconds)
        answer = windows.open("delay_off", [], minutes=seconds // 60)
    elif what == "extend":
        print(f"{what}: window {number}, {seconds} s")
        granted = model.extend(number, seconds)
        answer = windows.extend(number, seconds // 60)
    else:
        print(f"{what}: window {number}")
        granted = model.close(number)
        answer = windows.close(number)
    assert is_granted(answer) == granted, answer


def is_granted(answer: Any) -> bool:
    if "state" in answer:
        return True
    assert answer["error"] in ("WindowRefused", "UsageError"), answer
    return False


def admin_switches(windows: Windows, model: Model) -> None:
    """While a window holds the setting off the admin can only switch it on; see `test_setting.py`."""
    model.is_on = not model.is_on
    print(f"admin switches the delay {'on' if model.is_on else 'off'}")
    whm_saves(windows, str(int(model.is_on)))


def admin_edits(windows: Windows, model: Model, what: str, random: Random) -> None:
    lines = model.lines
    place = random.randrange(len(lines) + 1)
    if what == "line added":
        lines.insert(place, random.choice([*ADDRESSES, "10.0.0.2"]))
    elif what == "lines mixed":
        random.shuffle(lines)
    elif place < len(lines):
        if what == "line removed":
            del lines[place]
        elif what == "line doubled":
            lines.insert(place, lines[place])
        else:
            lines[place] += " # by hand"
    print(f"admin: {what}, so that the list is {lines}")
    write(windows, lines)


def check(windows: Windows, model: Model) -> None:
    content = windows.host.sender_verify_bypass_hosts.read_text()
    assert content.splitlines() == model.lines
    assert windows.markers() == (3 if model.is_on else 0)
    wanted = {
        (window.id, kind)
        for kind, window in (("whitelist", model.whitelist), ("delay_off", model.delay_off))
        if window is not None
    }
    assert {(one.id, one.kind) for one in window_functions.open_windows(windows.host)} == wanted
    delays = {address: 0 if model.spared(address) else 40 for address in ADDRESSES}
    assert windows.delays(*ADDRESSES) == delays


@pytest.mark.random
@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_random_sequence(windows: Windows, tally: Tally, random: Random, sequence: int) -> None:
    trial = Trial(windows)
    model = Model(list(THEIRS))
    print(f"sequence {sequence}; the list is {THEIRS}")
    for _ in range(STEPS):
        step(windows, model, random)
        check(windows, model)
    windows.let_time_pass(10_000)
    model.now += 10_000
    assert windows.keeper() == 0
    model.keeper()
    check(windows, model)
    trial.expect("senderverifybypasshosts", "".join(f"{line}\n" for line in model.lines).encode())
    trial.delays = {address: 0 if model.spared(address) else 40 for address in trial.delays}
    if not model.is_on:
        trial.markers = 0
        setting = trial.etc["exim.conf.localopts"][0].replace(b"unknown_hosts=1", b"unknown_hosts=0")
        trial.expect("exim.conf.localopts", setting)
    tally("random sequence of requests, edits and time", trial.damage())
