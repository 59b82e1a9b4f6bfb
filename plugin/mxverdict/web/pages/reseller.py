"""The first page of a delegated reseller: their domains, and the test windows they may open."""

from __future__ import annotations

import time
from typing import NamedTuple, Optional

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.auth import permissions
from mxverdict.web.http.request import Request
from mxverdict.web.http.response import Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import Job
from mxverdict.web.pages.render import looking, met_values, send
from mxverdict.web.tasks import checks

_SHOWN = 100
"""Domains in the list; any other of theirs can be typed."""
_JUDGED = 5
"""The last checks that are told at once: each is judged anew."""


class DomainRow(NamedTuple):
    """A domain, its last check, and what came out in one sentence ("" when that is not told here)."""

    domain: str
    job: Optional[Job]
    summary: str = ""


def show(host: Host, request: Request, response: Response) -> None:
    domains = permissions.own_domains(request.visitor)
    listed = [
        DomainRow(domain, permissions.shown_job(request.visitor, queue.read(host, checks.domain_job(domain))))
        for domain in domains[:_SHOWN]
    ]
    done = [one for one in listed if one.job is not None and one.job.state == "done"]
    latest = sorted(done, key=lambda one: one.job.changed if one.job else 0.0)[-_JUDGED:]
    told = {one.domain: _summary(host, request.visitor, one.domain) for one in latest}
    send(
        host,
        response,
        "reseller.html",
        title=_("Your domains"),
        look=looking(host, request, response),
        domains=[one._replace(summary=told.get(one.domain, "")) for one in listed],
        total=len(domains),
        sentence=_("Check what mail testers say about your domains."),
        now=time.time,
        **met_values(host),
    )


def _summary(host: Host, visitor: Visitor, domain: str) -> str:
    found = checks.stored(queue.result(host, checks.domain_job(domain)), visitor.audience)
    return found.report.summary if found else ""
