"""What Exim's log proves: who tested this server, whom it refused, what the delay does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mxverdict import testers
from mxverdict.host import Host
from mxverdict.language import gettext as _
from mxverdict.testers import Tester
from mxverdict.web import found_testers, jobs, log_reading, standing
from mxverdict.web.admission import SPANS
from mxverdict.web.log_reading import DAY, WEEK
from mxverdict.web.page import send
from mxverdict.web.request import Request
from mxverdict.web.response import Response

if TYPE_CHECKING:
    from mxverdict.web.log_reading import Reading

_SECONDS = {"1": DAY, "7": WEEK}


def show(host: Host, request: Request, response: Response) -> None:
    days = request.query.get("days", "1")
    log_reading.refresh(host)
    found_job = jobs.read(host, found_testers.JOB)
    looking = found_job is not None and found_job.state == "running"
    watched = found_testers.JOB if looking else log_reading.JOB
    seen = standing.look(host, request, request.query.get("job", "") or watched)
    reading_job = jobs.read(host, log_reading.JOB)
    reading = log_reading.latest(host)
    known = testers.load(host=host).testers
    seconds, span = _SECONDS[days], _(SPANS[days])
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
        found=found_testers.latest(host, known),
        found_job=found_job,
        added=[(tester.title, one) for tester in known for one in tester.addresses if one.added],
        now=time.time,
        **(_shown(known, reading, seconds, span) if reading else {}),
    )


def _shown(known: Sequence[Tester], reading: Reading, seconds: float, span: str) -> dict[str, Any]:
    from mxverdict.web.log_view import visits_view
    from mxverdict.web.traffic_view import traffic_view

    since = reading.taken_at - seconds
    return {
        "visits": visits_view(reading.visits, since, span, known),
        "traffic": traffic_view(reading.day if seconds == DAY else reading.week),
    }
