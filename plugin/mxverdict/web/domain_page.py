"""The verdict page of a domain, a name or an address: shows what its job does or has found."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Optional

from mxverdict import testers
from mxverdict.host import Host
from mxverdict.language import gettext as _
from mxverdict.testers import rows
from mxverdict.web import checks, jobs, rights, standing
from mxverdict.web.admission import is_part, target_of
from mxverdict.web.domain_view import domain_view
from mxverdict.web.page import send
from mxverdict.web.request import Request
from mxverdict.web.response import HTML, NO_STORE, Response
from mxverdict.web.running_view import running_view
from mxverdict.web.view import CheckView, check_view
from mxverdict.web.visitor import Visitor


def show(host: Host, request: Request, response: Response) -> None:
    asked = request.query.get("domain", "")
    target = target_of(asked) if asked else ""
    name = checks.domain_job(target)
    in_part = is_part(request, "domain")
    if in_part:
        response.begin(200, HTML, NO_STORE)
    seen = standing.look(host, request, name)
    running = seen.job is not None and seen.job.state == "running"
    found = checks.so_far(host, name) if running else None
    if found:
        found = replace(found, report=rights.shown_to(request.visitor, found.report))
    checked = None if running or not target else _checked(host, request.visitor, name)
    reports = checked.report.domains if checked and checked.report else ()
    send(
        host,
        response,
        "domain_body.html" if in_part else "domain.html",
        here="domain",
        title=f"{target or _('Check a domain')} · MX Verdict",
        target=target,
        look=lambda: seen,
        watched=standing.without_job(host, seen),
        running=running,
        found=running_view(found, testers.load(host=host).testers) if found else None,
        checked=checked,
        domains=[domain_view(report) for report in reports],
        printed=rows.printed,
        lately=lambda: checks.lately(host, request.visitor),
        now=time.time,
    )


def _checked(host: Host, visitor: Visitor, name: str) -> Optional[CheckView]:
    found = checks.stored(jobs.result(host, name))
    if found is None:
        return None
    report = rights.shown_to(visitor, found.report)
    return check_view(found.evidence, report, testers.load(host=host).testers)
