"""The first page of a delegated reseller: their domains, and the test windows they may open."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.auth import permissions
from mxverdict.web.http.request import Request
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import Job, JobState
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell
from mxverdict.web.tasks import checks
from mxverdict.web.views.window_cards import reload_address, windows_view

_SHOWN = 100
"""Domains in the list; any other of theirs can be typed."""
_JUDGED = 5
"""The last checks whose outcome is shown: each is judged anew."""


@dataclass(frozen=True)
class DomainRow:
    """A domain, its last check, and what came out in one sentence ("" when that is not shown here)."""

    domain: str
    job: Optional[Job]
    summary: str = ""


def show(host: Host, request: Request, shell: Shell) -> Iterator[str]:
    yield shell.top(_("Your domains"))
    domains = permissions.own_domains(request.visitor)
    rows = _rows(host, request.visitor, domains[:_SHOWN])
    state = page_state.load_page_state(host, request)
    content = shell.render(
        "reseller.html",
        seen=state,
        shown=windows_view(host, state, time.time()),
        domains=rows,
        total=len(domains),
        sentence=_("Check what mail testers say about your domains."),
    )
    yield shell.page(
        content,
        here="main",
        state=state,
        data=state.data,
        reload=(state.refresh, reload_address(state)),
    )


def _rows(host: Host, visitor: Visitor, domains: Sequence[str]) -> list[DomainRow]:
    rows = [
        DomainRow(domain, permissions.redact_job(visitor, queue.read(host, checks.domain_job(domain))))
        for domain in domains
    ]
    done = [row for row in rows if row.job is not None and row.job.state is JobState.DONE]
    latest = sorted(done, key=lambda row: row.job.changed if row.job else 0.0)[-_JUDGED:]
    return [
        replace(row, summary=_summary(host, visitor, row.domain)) if row in latest else row for row in rows
    ]


def _summary(host: Host, visitor: Visitor, domain: str) -> str:
    found = checks.stored(queue.result(host, checks.domain_job(domain)), visitor.audience)
    return found.report.summary if found else ""
