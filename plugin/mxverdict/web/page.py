"""Draws the pages. The main page is sent in pieces: what is known at once comes before the check."""

from __future__ import annotations

import time
from typing import Any, Optional

from mxverdict import testers, window
from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.web import csrf, jobs, state
from mxverdict.web.actions import REASON_LIMIT
from mxverdict.web.request import Refusal, Request
from mxverdict.web.response import HTML, NO_STORE, Response
from mxverdict.web.templating import environment
from mxverdict.web.view import CheckView, check_view
from mxverdict.window import Window
from mxverdict.window.engine import MINUTES, MOST_MINUTES

_HISTORY = 20
_REFRESH_BUSY = 3
_REFRESH_OPEN = 60
"""Seconds after which a page without JavaScript asks again."""


def show(host: Host, request: Request, response: Response) -> None:
    windows: tuple[Window, ...] = ()
    history: tuple[Window, ...] = ()
    trouble: Optional[MxVerdictError] = None
    try:
        state.tend(host)
        windows = tuple(window.open_windows(host))
        history = tuple(one for one in window.list_windows(host, limit=_HISTORY) if one.finished)
    except MxVerdictError as error:
        trouble = error
    job = jobs.read(host, request.query.get("job", ""))
    busy = state.is_busy(windows, job)
    known = testers.load()
    titles = {tester.name: tester.title for tester in known.testers}
    response.begin(200, HTML, NO_STORE)
    if response.head_only:
        return

    def check() -> CheckView:
        response.flush()
        return _check(host)

    _send(
        host,
        response,
        "main.html",
        title="MX Verdict",
        windows=windows,
        history=history,
        trouble=trouble,
        job=job,
        busy=busy,
        refresh=_refresh(windows, busy),
        refresh_query=f"job={job.name}" if job and busy else "",
        signature=state.signature(windows, job),
        token=_token(host, request),
        check=check,
        now=time.time,
        catalogue=known,
        title_of=lambda name: titles.get(name, name),
        minutes_default=MINUTES,
        minutes_limit=MOST_MINUTES,
        reason_limit=REASON_LIMIT,
    )


def show_refusal(host: Host, response: Response, refusal: Refusal) -> None:
    allow = [("Allow", refusal.allow)] if refusal.allow else []
    response.begin(refusal.status, HTML, NO_STORE, *allow)
    _send(host, response, "refused.html", title="MX Verdict", refresh=0, refusal=refusal)


def apology(incident: str) -> str:
    """Plain HTML that needs nothing that may be broken, and may stand in the middle of a page."""
    return (
        f'\n<p role="alert"><strong>Something went wrong inside MX Verdict.</strong> Nothing more is shown. '
        f"The details are in web.log in its state folder, incident {incident}.</p>\n"
    )


def _send(host: Host, response: Response, template: str, **values: Any) -> None:
    for piece in environment(host).get_template(template).generate(**values):
        response.write(piece)


def _check(host: Host) -> CheckView:
    from mxverdict import check

    try:
        evidence, report = check.run(host)
        return check_view(evidence, report, testers.load().testers)
    except MxVerdictError as error:
        return CheckView(error=error)


def _token(host: Host, request: Request) -> str:
    try:
        return csrf.token(host, request.user, request.session)
    except OSError:
        return ""


def _refresh(windows: tuple[Window, ...], busy: bool) -> int:
    """Seconds; 0 for a page that stays as it is."""
    if busy:
        return _REFRESH_BUSY
    left = [one.seconds_left() for one in windows if one.state == "open"]
    return min(_REFRESH_OPEN, round(min(left)) + 2) if left else 0
