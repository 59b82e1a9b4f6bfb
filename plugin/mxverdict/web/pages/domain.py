"""The verdict page of a domain, a name or an address: shows what its job does or has found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import quote

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.fields import parse_target_field
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.response import NO_STORE, Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell, render
from mxverdict.web.tasks import checks

if TYPE_CHECKING:
    from mxverdict.findings import Row
    from mxverdict.web.pages.page_state import PageState
    from mxverdict.web.views.check import CheckView
    from mxverdict.web.views.domain import DomainView
    from mxverdict.web.views.running import RunningView


def show(host: Host, request: Request, shell: Shell, refused: Optional[HttpError] = None) -> Iterator[str]:
    """`refused` is why no domain could be read from the form or the query."""
    target = "" if refused else _target(request)
    yield shell.top(target or _("Check a domain"), "progress.js")
    values = _values(host, request, target)
    state: PageState = values["seen"]
    typed = _typed(request) if refused else ""
    yield shell.page(
        shell.render("domain.html", refused=refused, typed=typed, **values),
        here="domain",
        state=state,
        data=page_state.without_job(host, state).data,
        reload=(state.refresh if values["running"] else 0, f"?view=domain&domain={quote(target)}"),
    )


def send_rows(host: Host, request: Request) -> Response:
    """Return the page's content alone, for its script while a check runs."""
    values = _values(host, request, _target(request))
    return Response([render(host, "domain.html", refused=None, typed="", **values)], headers=(NO_STORE,))


def _typed(request: Request) -> str:
    return request.form.get("domain", request.query.get("domain", ""))


def _target(request: Request) -> str:
    """Raises HttpError."""
    typed = _typed(request)
    return parse_target_field(typed) if typed else ""


def _values(host: Host, request: Request, target: str) -> dict[str, Any]:
    visitor, name = request.visitor, checks.domain_job(target)
    state = page_state.load_page_state(host, request, name)
    running = state.job is not None and state.job.is_running
    checked = None if running or not target else _checked(host, visitor, name)
    return {
        "seen": state,
        "target": target,
        "running": running,
        "found": _partial(host, visitor, name) if running else None,
        "checked": checked,
        "domains": _domains(checked),
        "printed": _is_printed,
        "recent": () if running else checks.recent(host, visitor),
    }


def _partial(host: Host, visitor: Visitor, name: str) -> Optional[RunningView]:
    found = checks.partial(host, name, visitor.audience)
    if found is None:
        return None
    from mxverdict import testers
    from mxverdict.web.views.running import running_view

    return running_view(found, testers.load(host=host).testers)


def _domains(checked: Optional[CheckView]) -> list[DomainView]:
    if checked is None or checked.report is None:
        return []
    from mxverdict.web.views.domain import domain_view

    return [domain_view(report) for report in checked.report.domains]


def _is_printed(row: Row) -> bool:
    from mxverdict.testers.row_texts import printed

    return printed(row)


def _checked(host: Host, visitor: Visitor, name: str) -> Optional[CheckView]:
    found = checks.stored(queue.result(host, name), visitor.audience)
    if found is None:
        return None
    from mxverdict import testers
    from mxverdict.web.views.check import check_view

    return check_view(found.evidence, found.report, testers.load(host=host).testers)
