"""A booted machine that is a cPanel server; and the table of how long windows outlived deadline or boot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable, Optional

import pytest

from tests.conftest import Tally
from tests.machine.server import Server
from tests.machine.trial import Trial

Judge = Callable[..., None]


@pytest.fixture
def server() -> Iterator[Server]:
    """Without MX Verdict unless the test installs it."""
    with Server() as machine:
        machine.become_cpanel()
        yield machine


@pytest.fixture(scope="module")
def installed() -> Iterator[Server]:
    """With MX Verdict, and an entry of somebody else's in the list; one machine for a module's tests, each
    of which leaves it as it was."""
    with Server() as machine:
        machine.become_cpanel()
        machine.installed()
        (machine.disk / "etc/senderverifybypasshosts").write_text("# ours\n192.0.2.77\n\n  198.51.100.0/28")
        yield machine


@pytest.fixture
def judge(tally: Tally, record_property: Callable[[str, object], None]) -> Judge:
    """Waits for the windows of a trial to close, counts it, and fails when anything is not as before."""

    def count(fault: str, trial: Trial, deadline: Optional[float] = None) -> None:
        damage, late = trial.damage(deadline)
        record_property("late", [fault, late])
        tally(fault, damage)

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    late: dict[str, list[float]] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "late" and report.when == "call":
                late.setdefault(str(value[0]), []).append(value[1])
    if late:
        terminalreporter.section("windows closed on the booted machine")
        terminalreporter.write_line("| fault | seconds after deadline or boot, each |")
        terminalreporter.write_line("|---|---|")
        for fault, seconds in sorted(late.items()):
            terminalreporter.write_line(f"| {fault} | {', '.join(f'{s:.0f}' for s in seconds)} |")
