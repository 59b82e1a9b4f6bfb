"""Where the log records of this package go (standard library `logging`)."""

from __future__ import annotations

import logging
import os
import sys

from mxverdict.sanitize import LIMIT, escape_control

_PACKAGE = "mxverdict"
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return escape_control(super().format(record), LIMIT)


class _WithPriority(_OneLine):
    """A line that journald takes with its priority (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        return f"<{_PRIORITIES.get(record.levelno, 3)}>{super().format(record)}"


def show_steps() -> None:
    """Print what is run and asked, and how long it took, on standard error."""
    _to_stderr(logging.DEBUG, _OneLine("mxverdict: %(relativeCreated)d ms: %(message)s"))


def for_keeper() -> None:
    """Print errors on standard error; where that is journald, what was done too, each line with its
    priority."""
    line = "mxverdict keeper: %(message)s"
    if _is_journald():
        _to_stderr(logging.INFO, _WithPriority(line))
    else:
        _to_stderr(logging.ERROR, _OneLine(line))


def _is_journald() -> bool:
    """Return whether standard error is the stream that systemd names (systemd.exec(5), "$JOURNAL_STREAM"): a
    child may have inherited the variable alone."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _to_stderr(level: int, formatter: logging.Formatter) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logger = logging.getLogger(_PACKAGE)
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
