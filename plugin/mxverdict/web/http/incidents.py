"""What went wrong inside the page, for web.log and WHM's error log; the visitor sees only the number."""

from __future__ import annotations

import contextlib
import os
import time
import traceback

from mxverdict.host import Host

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
_LIMIT = 1024 * 1024
"""Bytes; a larger log is moved aside, over the one moved aside before."""


def record(host: Host, error: BaseException) -> str:
    """Write the traceback down and return the incident's number. Never raises."""
    number = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(2).hex()}"
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    with contextlib.suppress(OSError):
        log = host.state / "web.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with os.fdopen(os.open(log, _FLAGS, 0o600), "w") as file:
            file.write(f"{number}\n{trace}\n")
    import logging  # some milliseconds, which no page takes that works

    logging.getLogger(__name__).error(
        "MX Verdict: incident %s, %s; see %s", number, type(error).__name__, host.state / "web.log"
    )
    return number
