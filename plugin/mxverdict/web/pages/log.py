"""What Exim's log proves: who tested this server, whom it refused, what the delay does."""

from __future__ import annotations

import time
from typing import Any

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.auth.admission import SPANS
from mxverdict.web.http.request import Request
from mxverdict.web.http.response import Response
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import log_reading, tester_search
from mxverdict.web.tasks.log_reading import DAY, WEEK

_SECONDS = {"1": DAY, "7": WEEK}


def show(host: Host, request: Request, response: Response) -> None:
    days = request.query.get("days", "1")
    log_reading.refresh(host)  # which goes on while the rest is imported
    from mxverdict.web.pages import page_state
    from mxverdict.web.pages.render import send
    from mxverdict.web.views.log import visits_view
    from mxverdict.web.views.traffic import traffic_view

    log_reading.wait(host)
    found_job = queue.read(host, tester_search.JOB)
    looking = found_job is not None and found_job.state == "running"
    watched = tester_search.JOB if looking else log_reading.JOB
    seen = page_state.load_page_state(host, request, request.query.get("job", "") or watched)
    reading_job = queue.read(host, log_reading.JOB)
    reading = log_reading.latest(host)
    known = seen.testers
    seconds, span = _SECONDS[days], _(SPANS[days])
    shown: dict[str, Any] = {}
    if reading:
        since = reading.taken_at - seconds
        shown["visits"] = visits_view(reading.visits, since, span, known)
        shown["traffic"] = traffic_view(reading.day if seconds == DAY else reading.week)
    send(
        host,
        response,
        "log.html",
        here="log",
        title=_("What the log says"),
        look=lambda: seen,
        days=days,
        span=span,
        running=reading_job is not None and reading_job.state == "running",
        reading_job=reading_job,
        reading=reading,
        found=tester_search.latest(host, known),
        found_job=found_job,
        added=[(tester.title, one) for tester in known for one in tester.addresses if one.added],
        now=time.time,
        **shown,
    )
