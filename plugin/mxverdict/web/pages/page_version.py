"""What shows a page that it has to be drawn again, and the closing of windows past their deadline."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Optional

from mxverdict.host import Host
from mxverdict.web.http import csrf, poll
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import Job
from mxverdict.web.tasks import window_forms
from mxverdict.window import Window
from mxverdict.window.expiry import anything_due
from mxverdict.window.journal import reading
from mxverdict.window.model import CLOSING, KINDS, OPEN, OPENING

_CLOSE_DUE = "close-due"


def close_expired(host: Host) -> None:
    """Have what is due closed by a job, one at a time. Raises JournalError."""
    with reading(host) as journal:
        due = journal is not None and anything_due(host, journal)
    if due:
        with contextlib.suppress(OSError):  # the keeper needs no job
            queue.start(host, window_forms.close_due(host), _CLOSE_DUE)


def is_busy(windows: Sequence[Window], job: Optional[Job], now: Optional[float] = None) -> bool:
    """Return whether something goes on that soon changes what the page shows."""
    working = job is not None and job.is_running
    now = time.time() if now is None else now
    return working or any(
        one.state in (OPENING, CLOSING) or (one.state == OPEN and one.seconds_left(now) <= 0)
        for one in windows
    )


def is_awaited(window: Window) -> bool:
    """Return whether the page can show visits to the window."""
    return window.kind in KINDS and window.state == OPEN


def signature(windows: Sequence[Window], job: Optional[Job]) -> str:
    """Return a text that changes when the page has to be drawn again."""
    parts = [f"{one.id}:{one.state}:{one.deadline:.0f}" for one in windows]
    return " ".join([*parts, job.state if job else ""])


def version(host: Host, visitor: Visitor, job: str) -> str:
    """Return `poll.version` as the visitor may know it."""
    opaque = None if visitor.is_root else csrf.opaque_marks(str(host.state))
    return poll.version(str(host.root), job, opaque)
