"""The first page of a delegated reseller: their domains, and the test windows they may open."""

from __future__ import annotations

import time

from mxverdict.host import Host
from mxverdict.language import gettext as _
from mxverdict.web import checks, jobs, rights, standing
from mxverdict.web.page import met_values, send
from mxverdict.web.request import Request
from mxverdict.web.response import Response

_SHOWN = 100
"""Domains in the list; any other of theirs can be typed."""


def show(host: Host, request: Request, response: Response) -> None:
    domains = rights.own_domains(request.visitor)
    seen = standing.look(host, request)
    listed = [(domain, jobs.read(host, checks.domain_job(domain))) for domain in domains[:_SHOWN]]
    send(
        host,
        response,
        "reseller.html",
        title="MX Verdict",
        look=lambda: seen,
        domains=listed,
        total=len(domains),
        sentence=_("Check what mail testers say about your domains."),
        now=time.time,
        **met_values(host),
    )
