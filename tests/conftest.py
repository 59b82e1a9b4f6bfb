"""The seed of everything random: printed at the start, `--seed N` replays it."""

from __future__ import annotations

import secrets
from random import Random

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="replay the random tests with this number")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:
        config.option.seed = secrets.randbelow(1_000_000)


def pytest_report_header(config: pytest.Config) -> str:
    return f"random tests: --seed {config.option.seed}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if terminalreporter.getreports("failed"):
        terminalreporter.write_line(f"random tests ran with --seed {config.option.seed}")


@pytest.fixture
def random(request: pytest.FixtureRequest) -> Random:
    """Numbers that depend on the seed and the test's name alone."""
    return Random(f"{request.config.option.seed} {request.node.nodeid}")
