"""The seed of everything random: printed at the start, `--seed N` replays it.

And the table of what each fault cost, printed at the end.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, Any, Callable

import pytest

from tests.sampling import left_out

if TYPE_CHECKING:
    from tests.faults.trial import Damage

_COLUMNS = ("times", "outlived", "bytes_lost", "settings_wrong")
Tally = Callable[[str, "Damage"], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="replay the random tests with this number")
    parser.addoption("--pictures", action="store_true", help="picture every page, into screenshots/")
    parser.addoption(
        "--one-in", type=int, default=1, metavar="N", help="run one in N cases of each test (1: all)"
    )
    parser.addoption(
        "--configurations", type=int, default=24, help="how many servers at random are predicted (24)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.option.seed = getattr(config, "workerinput", {}).get("seed", config.option.seed)
    if config.option.seed is None:
        config.option.seed = secrets.randbelow(1_000_000)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each worker of pytest-xdist the seed that is printed."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_report_header(config: pytest.Config) -> str:
    return f"random tests: --seed {config.option.seed}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if terminalreporter.getreports("failed"):
        terminalreporter.write_line(f"random tests ran with --seed {config.option.seed}")
    _fault_table(terminalreporter)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What the sample leaves out is deselected; what takes long and mostly waits begins first."""
    unwanted = left_out([item.nodeid for item in items], config.option.one_in, config.option.seed)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in unwanted])
    items[:] = [item for item in items if item.nodeid not in unwanted]
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


@pytest.fixture
def random(request: pytest.FixtureRequest) -> Random:
    """Numbers that depend on the seed and the test's name alone."""
    return Random(f"{request.config.option.seed} {request.node.nodeid}")


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Count one trial of a fault, and fail when it did damage."""

    def count(fault: str, damage: Damage) -> None:
        record_property("fault", [fault, 1, damage.outlived, damage.bytes_lost, damage.settings_wrong])
        assert not damage.details, f"{fault}: " + "\n".join(damage.details)

    return count


def _fault_table(terminalreporter: pytest.TerminalReporter) -> None:
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * len(_COLUMNS))
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "fault" and report.when == "call":
                    for n in range(len(_COLUMNS)):
                        sums[value[0]][n] += value[n + 1]
    if not sums:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line(
        "| fault | times | outlived deadline + 60 s | bytes lost | settings left wrong |"
    )
    terminalreporter.write_line("|---|---|---|---|---|")
    for fault, numbers in sorted(sums.items()):
        terminalreporter.write_line(f"| {fault} | {' | '.join(map(str, numbers))} |")
    total = [sum(column) for column in zip(*sums.values())]
    terminalreporter.write_line(f"| all | {' | '.join(map(str, total))} |")
