"""The state of the windows and of a job, as a small answer that the page's script asks for."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from typing import Any

from mxverdict import window
from mxverdict.errors import JournalError
from mxverdict.host import Host
from mxverdict.i18n.message import translate
from mxverdict.web.auth import permissions
from mxverdict.web.http.request import Request
from mxverdict.web.http.response import NO_STORE, Response
from mxverdict.web.pages import page_version
from mxverdict.window import Window


def send_state(host: Host, request: Request) -> Response:
    """Return JSON. Raises HttpError."""
    windows: Sequence[Window] = ()
    with contextlib.suppress(JournalError):  # the page says so; checks go on without windows
        page_version.close_expired(host)
        windows = window.open_windows(host)
    job = permissions.require_own_job(request.visitor, request.query.get("job", ""))
    awaited = [
        one
        for one in windows
        if page_version.is_awaited(one) and permissions.owns_window(request.visitor, one)
    ]
    now = time.time()
    state: dict[str, Any] = {
        "signature": page_version.signature(windows, job),
        "busy": page_version.is_busy(windows, job),
        "step": translate(job.text) if job is not None and job.is_running else "",
        "met": {one.id: _visit_lines(host, one) for one in awaited},
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
    return Response([json.dumps(state)], 200, "application/json", (NO_STORE,))


def send_version(host: Host, request: Request) -> Response:
    """Return what `poll.answer` returns to root, for anybody else who may see the pages. Raises HttpError."""
    name = request.query.get("job", "")
    permissions.require_own_job(request.visitor, name)
    version = page_version.version(host, request.visitor, name)
    return Response([version], 200, "text/plain; charset=utf-8", (NO_STORE,))


def _visit_lines(host: Host, window: Window) -> list[str]:
    from mxverdict.web.views import live_visits

    return live_visits.visit_lines(live_visits.observed_visits(host, window))
