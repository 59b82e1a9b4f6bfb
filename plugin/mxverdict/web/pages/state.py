"""The state of the windows as one small answer that the page's script polls."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from typing import Any, Optional

from mxverdict import window
from mxverdict.errors import JournalError
from mxverdict.host import Host
from mxverdict.i18n.message import translate
from mxverdict.web.auth import permissions
from mxverdict.web.http import csrf, poll
from mxverdict.web.http.request import Request
from mxverdict.web.http.response import NO_STORE, Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import Job
from mxverdict.web.tasks import window_forms
from mxverdict.window import Window
from mxverdict.window.expiry import anything_due
from mxverdict.window.journal import reading
from mxverdict.window.model import CLOSING, KINDS, OPEN, OPENING

_CLOSE_DUE = "close-due"


def tend(host: Host) -> None:
    """Have what is due closed by a job, one at a time. Raises JournalError."""
    with reading(host) as journal:
        due = journal is not None and anything_due(host, journal)
    if due:
        with contextlib.suppress(OSError):  # the keeper needs no job
            queue.start(host, window_forms.close_due(host), _CLOSE_DUE)


def is_busy(windows: Sequence[Window], job: Optional[Job]) -> bool:
    """Is something going on that soon changes what the page shows?"""
    working = job is not None and job.state == "running"
    now = time.time()
    return working or any(
        one.state in (OPENING, CLOSING) or (one.state == "open" and one.seconds_left(now) <= 0)
        for one in windows
    )


def is_awaited(window: Window) -> bool:
    """Can the page show visits to it?"""
    return window.kind in KINDS and window.state == OPEN


def signature(windows: Sequence[Window], job: Optional[Job]) -> str:
    """Changes when the page has to be drawn again."""
    parts = [f"{one.id}:{one.state}:{one.deadline:.0f}" for one in windows]
    return " ".join([*parts, job.state if job else ""])


def version(host: Host, visitor: Visitor, job: str) -> str:
    """What the visitor's page is told by `poll.version`."""
    veil = None if visitor.is_root else csrf.opaque_marks(str(host.state))
    return poll.version(str(host.root), job, veil)


def send_state(host: Host, request: Request, response: Response) -> None:
    windows: Sequence[Window] = ()
    with contextlib.suppress(JournalError):  # the page says so; checks go on without windows
        tend(host)
        windows = window.open_windows(host)
    job = permissions.require_own_job(request.visitor, request.query.get("job", ""))
    awaited = [one for one in windows if is_awaited(one) and permissions.owns_window(request.visitor, one)]
    now = time.time()
    state: dict[str, Any] = {
        "signature": signature(windows, job),
        "busy": is_busy(windows, job),
        "step": translate(job.text) if job is not None and job.state == "running" else "",
        "met": {one.id: _met(host, one) for one in awaited},
        "windows": [{"id": one.id, "seconds_left": round(one.seconds_left(now), 1)} for one in windows],
    }
    if job is not None:
        state["job"] = {
            "state": job.state,
            "text": translate(job.text),
            "done": job.done,
            "total": job.total,
            "version": job.version,
        }
    response.begin(200, "application/json", NO_STORE)
    response.write(json.dumps(state))


def send_version(host: Host, request: Request, response: Response) -> None:
    """What `poll.answer` tells root, for anybody else who may see the pages."""
    name = request.query.get("job", "")
    permissions.require_own_job(request.visitor, name)
    response.begin(200, "text/plain; charset=utf-8", NO_STORE)
    response.write(version(host, request.visitor, name))


def _met(host: Host, window: Window) -> list[str]:
    from mxverdict.web.views import live_visits

    return live_visits.told(live_visits.met(host, window))
