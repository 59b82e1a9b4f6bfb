"""A hundred processes at once on one server: nothing is lost or open twice, and everything is explained."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from typing import Any, Callable

import pytest

from mxverdict import window as window_functions
from mxverdict.errors import JournalError
from tests.conftest import Tally
from tests.faults.products import APPENDS, Product, in_order
from tests.faults.trial import Trial
from tests.integration.windows import Windows
from tests.sandbox.box import Sandbox

THEIRS = b"# since 2019\n10.0.0.1\n"
LIST = "senderverifybypasshosts"
BEFORE = """
from mxverdict.audit import actor
from mxverdict.window import verify
from mxverdict.window.deadline import Deadline
Actor = lambda user, origin: actor.Actor("NAME", origin)
after = Deadline.after.__func__
Deadline.after = classmethod(lambda cls, now, seconds: after(cls, now, seconds / 60))
verify.previews = lambda *_: {}
"""
"""A user of its own for each process, for the audit trail; minutes that last a second; no previews."""
PROCESSES = {"open": 34, "open, delay off": 10, "extend": 18, "close": 18, "keeper": 20}
SPREAD = 6.0


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    windows.host.sender_verify_bypass_hosts.write_bytes(THEIRS)
    yield windows
    for path in windows.host.state.glob("*"):
        path.unlink()


class Watch:
    """Looks at the journal and the list file all the time, until `stop`."""

    def __init__(self, windows: Windows) -> None:
        self.faults: list[str] = []
        self.looks = 0
        self._windows = windows
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            with suppress(JournalError):
                unfinished = window_functions.open_windows(self._windows.host)
                kinds = Counter(window.kind for window in unfinished)
                self.faults += [f"{unfinished}" for number in kinds.values() if number > 1]
            lines = self._windows.host.sender_verify_bypass_hosts.read_bytes().splitlines(keepends=True)
            twice = [line for line, number in Counter(lines).items() if number > 1]
            lost = set(THEIRS.splitlines(keepends=True)) - set(lines)
            if twice or lost:
                self.faults.append(f"list file: twice {twice}, lost {lost}")
            self.looks += 1


def some_address(number: int) -> str:
    return f"18.1.{number % 7}.{number % 5 + 1}"


def process(windows: Windows, what: str, number: int, random: Random) -> Callable[[], Any]:
    """What one of the hundred does. Its user is its name."""
    before = BEFORE.replace("NAME", f"{what} {number}")
    target, minutes = random.randint(1, 6), random.randint(1, 4)
    if what == "open":
        return lambda: windows.open(networks=[some_address(number)], minutes=minutes, before=before)
    if what == "open, delay off":
        return lambda: windows.open("delay_off", [], minutes=minutes, before=before)
    if what == "extend":
        return lambda: windows.extend(target, minutes, before=before)
    if what == "close":
        return lambda: windows.close(target, before=before)
    return windows.keeper


def explained(user: str, answer: Any, audit: list[dict[str, Any]]) -> bool:
    """Whether the audit trail tells what came of the request of that user."""
    told = [entry for entry in audit if entry["user"] == user]
    results = [(entry["action"], entry["window"]) for entry in told]
    if "state" in answer:
        wanted = {"open": ("open", "join"), "exte": ("extend",), "clos": ("close",)}[user[:4]]
        return any((action, answer["id"]) in results for action in wanted)
    if answer["error"] in ("WindowOpenError", "WindowCloseError"):
        return any(action in ("rollback", "close_failed") for action, _ in results)
    return any(entry["action"] == "refuse" and answer["text"][:200] in entry["result"] for entry in told)


@pytest.mark.slow
@pytest.mark.random
def test_a_hundred_processes_at_once(windows: Windows, tally: Tally, random: Random) -> None:
    trial = Trial(windows)
    names = [(what, number) for what, count in PROCESSES.items() for number in range(count)]
    assert len(names) == 100
    random.shuffle(names)
    calls = {f"{what} {number}": process(windows, what, number, random) for what, number in names}
    pauses = [random.uniform(0, SPREAD) for _ in names]
    watch = Watch(windows)
    product = Product(windows, APPENDS)

    def call(name: str, pause: float) -> Any:
        time.sleep(pause)
        return calls[name]()

    try:
        with ThreadPoolExecutor(len(names)) as pool:
            answers = dict(zip(calls, pool.map(call, calls, pauses)))
        time.sleep(5)
        assert windows.keeper() == 0
    finally:
        watch.stop()
        wanted = THEIRS + product.stop()
    now = windows.host.sender_verify_bypass_hosts.read_bytes()
    trial.expect(LIST, now if in_order(now) == in_order(wanted) else wanted)

    audit = windows.audit()
    for name, answer in answers.items():
        if name.startswith("keeper"):
            assert answer == 0, name
        else:
            assert explained(name, answer, audit), (name, answer)
    outcomes = Counter(answer["error"] or "done" for answer in answers.values() if isinstance(answer, dict))
    print(
        f"{dict(outcomes)}, {watch.looks} looks, {len(window_functions.list_windows(windows.host))} windows"
    )
    assert outcomes["done"] >= 30
    assert set(outcomes) <= {"done", "WindowRefused", "UsageError", "WindowLockedError"}
    assert watch.looks > 50
    assert watch.faults == []
    tally("100 processes at once", trial.damage())
