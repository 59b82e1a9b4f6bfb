"""Log records on standard error: for journald with priorities, for a person with --verbose."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxverdict import logs
from mxverdict.cli.main import main
from mxverdict.host import Host


@pytest.fixture(autouse=True)
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("mxverdict")
    handlers, level = logger.handlers, logger.level
    yield logger
    logger.handlers, logger.propagate = handlers, True
    logger.setLevel(level)


def test_the_keeper_speaks_to_journald_with_priorities(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    logs.for_keeper()
    logger.info("window %d is closed", 3)
    logger.error("window %d fails: %s", 4, "a\nb\x1b[1m")
    assert capsys.readouterr().err == (
        "<6>mxverdict keeper: window 3 is closed\n<3>mxverdict keeper: window 4 fails: a\\nb\\x1b[1m\n"
    )


def test_cron_hears_of_errors_alone(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")  # as a child of a service inherits it
    logs.for_keeper()
    logger.info("window 3 is closed")
    logger.error("broken")
    assert capsys.readouterr().err == "mxverdict keeper: broken\n"


def test_steps_are_shown_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Host(tmp_path).run(["/bin/true"], timeout=5)
    assert capsys.readouterr().err == ""
    logs.show_steps()
    Host(tmp_path).run(["/bin/false"], timeout=5)
    said = capsys.readouterr().err
    assert "ms: running /bin/false\n" in said
    assert "ms: /bin/false ended with status 1\n" in said


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_each_command_has_the_option(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("MXVERDICT_ROOT", str(tmp_path))
    main(["preview", option, "192.0.2.1"])
    assert "ms: running " in capsys.readouterr().err
