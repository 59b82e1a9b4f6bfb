"""The verdict page of a domain, a name or an address: shows what its job does or has found."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Optional

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.auth.admission import is_part
from mxverdict.web.http.fields import parse_target_field
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.response import HTML, NO_STORE, Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import send
from mxverdict.web.tasks import checks

if TYPE_CHECKING:
    from mxverdict.web.views.check import CheckView
    from mxverdict.web.views.running import RunningView


def show(host: Host, request: Request, response: Response, refused: Optional[HttpError] = None) -> None:
    """`refused` is why no domain could be read from the form or the query."""
    asked = request.form.get("domain", request.query.get("domain", ""))
    target = parse_target_field(asked) if asked and not refused else ""
    name = checks.domain_job(target)
    in_part = is_part(request, "domain") and not refused
    if in_part:
        response.begin(200, HTML, NO_STORE)
    seen = page_state.load_page_state(host, request, name)
    running = seen.job is not None and seen.job.state == "running"
    found = _so_far(host, request.visitor, name) if running else None
    checked = None if running or not target else _checked(host, request.visitor, name)
    send(
        host,
        response,
        "domain_body.html" if in_part else "domain.html",
        here="domain",
        title=target or _("Check a domain"),
        target=target,
        refused=refused,
        typed=asked if refused else "",
        look=lambda: seen,
        watched=page_state.without_job(host, seen),
        running=running,
        found=found,
        checked=checked,
        **(_shown(checked) if found or checked else {}),
        lately=lambda: checks.lately(host, request.visitor),
        now=time.time,
    )


def _so_far(host: Host, visitor: Visitor, name: str) -> Optional[RunningView]:
    found = checks.so_far(host, name, visitor.audience)
    if found is None:
        return None
    from mxverdict import testers
    from mxverdict.web.views.running import running_view

    return running_view(found, testers.load(host=host).testers)


def _shown(checked: Optional[CheckView]) -> dict[str, Any]:
    from mxverdict.testers.row_texts import printed
    from mxverdict.web.views.domain import domain_view

    reports = checked.report.domains if checked and checked.report else ()
    return {"domains": [domain_view(report) for report in reports], "printed": printed}


def _checked(host: Host, visitor: Visitor, name: str) -> Optional[CheckView]:
    found = checks.stored(queue.result(host, name), visitor.audience)
    if found is None:
        return None
    from mxverdict import testers
    from mxverdict.web.views.check import check_view

    return check_view(found.evidence, found.report, testers.load(host=host).testers)
