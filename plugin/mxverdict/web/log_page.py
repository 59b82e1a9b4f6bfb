"""What Exim's log proves: who tested this server, whom it refused, what the delay does."""

from __future__ import annotations

import time
from typing import Any

from mxverdict import testers
from mxverdict.host import Host
from mxverdict.web import log_reading, standing
from mxverdict.web.log_reading import DAY, WEEK, Reading
from mxverdict.web.log_view import visits_view
from mxverdict.web.page import send
from mxverdict.web.request import Refusal, Request
from mxverdict.web.response import HTML, NO_STORE, Response
from mxverdict.web.traffic_view import traffic_view

_SPANS = {"1": (DAY, "the last 24 hours"), "7": (WEEK, "the last 7 days")}


def show(host: Host, request: Request, response: Response) -> None:
    """`days` is 1 or 7. Raises Refusal."""
    days = request.query.get("days", "1")
    if days not in _SPANS:
        raise Refusal(404, "The log is shown for 1 or 7 days.")
    response.begin(200, HTML, NO_STORE)
    if response.head_only:
        return
    log_reading.refresh(host)
    seen = standing.look(host, request, log_reading.JOB)
    reading = log_reading.latest(host)
    seconds, span = _SPANS[days]
    send(
        host,
        response,
        "log.html",
        here="log",
        title="What the log says · MX Verdict",
        look=lambda: seen,
        days=days,
        span=span,
        running=seen.job is not None and seen.job.state == "running",
        reading=reading,
        now=time.time,
        **(_shown(reading, seconds, span) if reading else {}),
    )


def _shown(reading: Reading, seconds: float, span: str) -> dict[str, Any]:
    since = reading.taken_at - seconds
    return {
        "visits": visits_view(reading.visits, since, span, testers.load().testers),
        "traffic": traffic_view(reading.day if seconds == DAY else reading.week),
    }
