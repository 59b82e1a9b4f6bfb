"""What Exim's log proves: who tested this server, whom it refused, what the delay does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.auth.admission import SPANS
from mxverdict.web.http.request import Request
from mxverdict.web.jobs import queue
from mxverdict.web.pages.render import Shell
from mxverdict.web.tasks import log_reading, tester_search
from mxverdict.web.tasks.log_reading import DAY, WEEK

_SECONDS = {"1": DAY, "7": WEEK}


def show(host: Host, request: Request, shell: Shell) -> Iterator[str]:
    days = request.query.get("days", "1")
    log_reading.refresh(host)  # which goes on while the rest is imported
    yield shell.top(_("What the log says"))
    from mxverdict.web.pages import page_state
    from mxverdict.web.views.log import visits_view
    from mxverdict.web.views.traffic import traffic_view

    log_reading.wait(host)
    search = queue.read(host, tester_search.JOB)
    searching = search is not None and search.is_running
    watched = tester_search.JOB if searching else log_reading.JOB
    state = page_state.load_page_state(host, request, request.query.get("job", "") or watched)
    reading_job = queue.read(host, log_reading.JOB)
    reading = log_reading.latest(host)
    seconds, span = _SECONDS[days], _(SPANS[days])
    shown: dict[str, Any] = {}
    if reading:
        since = reading.taken_at - seconds
        shown["visits"] = visits_view(reading.visits, since, span, state.testers)
        shown["traffic"] = traffic_view(reading.day if seconds == DAY else reading.week)
    content = shell.render(
        "log.html",
        seen=state,
        days=days,
        span=span,
        running=reading_job is not None and reading_job.is_running,
        reading_job=reading_job,
        reading=reading,
        found=tester_search.latest(host, state.testers),
        found_job=search,
        added=[(tester.title, one) for tester in state.testers for one in tester.addresses if one.added],
        **shown,
    )
    data = {**state.data, "watch": int(state.busy)}
    del data["version"]  # which changes with Exim's log
    yield shell.page(
        content,
        here="log",
        state=state,
        data=data,
        reload=(state.refresh if state.busy else 0, f"?view=log&days={days}"),
    )
