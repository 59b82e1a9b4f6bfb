"""The command line in this process, above services that do nothing but answer what a test wants."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.command_line import CommandLine


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[CommandLine]:
    """Run as root, whoever runs the tests, on a server that has nothing."""
    before = signal.getsignal(signal.SIGINT)
    yield CommandLine(monkeypatch, capsys, tmp_path)
    signal.signal(signal.SIGINT, before)
