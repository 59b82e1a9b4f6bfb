"""Counts what each fault cost and prints the table at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import Callable

import pytest

from tests.faults.trial import Damage

COLUMNS = ("times", "outlived", "bytes_lost", "settings_wrong")
Tally = Callable[[str, Damage], None]


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Count one trial of a fault, and fail when it did damage."""

    def count(fault: str, damage: Damage) -> None:
        record_property(
            "fault", [fault, 1, damage.outlived, damage.bytes_lost, damage.settings_wrong]
        )
        assert not damage.details, f"{fault}: " + "\n".join(damage.details)

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * len(COLUMNS))
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "fault" and report.when == "call":
                    for n in range(len(COLUMNS)):
                        sums[value[0]][n] += value[n + 1]
    if not sums:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line("| fault | times | outlived deadline + 60 s | bytes lost | settings left wrong |")
    terminalreporter.write_line("|---|---|---|---|---|")
    for fault, numbers in sorted(sums.items()):
        terminalreporter.write_line(f"| {fault} | {' | '.join(map(str, numbers))} |")
    total = [sum(column) for column in zip(*sums.values())]
    terminalreporter.write_line(f"| all | {' | '.join(map(str, total))} |")
