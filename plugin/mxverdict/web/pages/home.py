"""root's first page: the check of this server, and the test windows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.request import Request
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell
from mxverdict.web.tasks import checks
from mxverdict.web.views.window_cards import reload_address, windows_view

if TYPE_CHECKING:
    from mxverdict.web.views.check import CheckView
    from mxverdict.web.views.session_chart import Pictures
    from mxverdict.window import Window


def show(host: Host, request: Request, shell: Shell) -> Iterator[str]:
    yield shell.top(_("This server"))
    state = page_state.load_page_state(host, request)
    yield shell.start(
        shell.render("home_start.html", seen=state),
        here="main",
        state=state,
        data=state.data,
        reload=(state.refresh, reload_address(state)),
    )
    checked, drawn = (None, None) if state.busy else _check(host, state.windows)
    report = checked.report if checked else None
    content = shell.render(
        "home.html",
        seen=state,
        checked=checked,
        drawn=drawn,
        shown=windows_view(host, state, time.time(), report.hostname if report else ""),
        recent=checks.recent(host, request.visitor) if state.token and not state.busy else (),
    )
    yield shell.finish(content)


def _check(host: Host, windows: Sequence[Window]) -> tuple[CheckView, Optional[Pictures]]:
    from mxverdict import testers  # what checks is imported while the visitor reads that it does
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
