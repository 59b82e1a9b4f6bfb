"""Draws the pages. They are sent in pieces: each goes out before the work on the next is begun, which imports
what it needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Optional

from markupsafe import Markup

from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.jinja import sanitize_value
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.response import Response
from mxverdict.web.views.templating import jinja_environment

if TYPE_CHECKING:
    from mxverdict.web.jobs.queue import Job
    from mxverdict.web.pages.page_state import PageState
    from mxverdict.web.views.check import CheckView
    from mxverdict.web.views.log import VisitRow
    from mxverdict.web.views.session_chart import Pictures
    from mxverdict.window import Window


def show(host: Host, request: Request, response: Response) -> None:
    look = looking(host, request, response)

    def check() -> tuple[CheckView, Optional[Pictures]]:
        response.flush()
        return _check(host, look().windows)

    def lately() -> list[Job]:
        from mxverdict.web.tasks import checks

        return checks.lately(host, request.visitor)

    send(
        host,
        response,
        "main.html",
        title=_("This server"),
        look=look,
        check=check,
        lately=lately,
        now=time.time,
        **met_values(host),
    )


def looking(host: Host, request: Request, response: Response) -> Callable[[], PageState]:
    """What tells how things stand, looked at once and not before what is drawn so far is sent."""

    @cache
    def look() -> PageState:
        response.flush()
        from mxverdict.web.pages import page_state

        return page_state.load_page_state(host, request)

    return look


def met_values(host: Host) -> dict[str, Any]:
    """What the templates need to tell whom a test window has let past."""

    def met(window: Window) -> tuple[VisitRow, ...]:
        from mxverdict.web.views import live_visits

        return live_visits.met(host, window)

    def told(visits: tuple[VisitRow, ...]) -> list[str]:
        from mxverdict.web.views import live_visits

        return live_visits.told(visits)

    return {"met": met, "told": told}


def show_refusal(host: Host, response: Response, refusal: HttpError) -> None:
    allow = [("Allow", refusal.allow)] if refusal.allow else []
    response.begin_page(refusal.status, *allow)
    send(host, response, "refused.html", here="refused", title=_("Refused"), refusal=refusal)


def refused_within(refusal: HttpError) -> str:
    """A refusal as HTML for a page that has begun."""
    return Markup('\n<p role="alert"><strong>{}</strong> {}</p>\n').format(
        sanitize_value(str(refusal)), sanitize_value(refusal.advice)
    )


def send(host: Host, response: Response, template: str, here: str = "", **values: Any) -> None:
    """`here` names the view that the page belongs to; `values` has its `title`."""
    values.update(here=here, framed=response.framed, visitor=response.visitor, language=catalog.current_tag())
    for piece in jinja_environment(host).get_template(template).generate(values):
        response.write(piece)
    response.end_page()


def _check(host: Host, windows: Sequence[Window]) -> tuple[CheckView, Optional[Pictures]]:
    from mxverdict import testers
    from mxverdict.services import check
    from mxverdict.web.views.check import CheckView, check_view
    from mxverdict.web.views.session_chart import pictures, without_picture

    try:
        evidence, report = check.run(host)
    except MxVerdictError as error:
        return CheckView(error=error), None
    known = testers.load(host=host).testers
    view = check_view(evidence, report, known)
    drawn = pictures(view.groups, evidence, known, windows)
    if drawn is None:
        return view, None
    return replace(view, groups=without_picture(view.groups, drawn.of)), drawn
