"""The form of a test window once more, when its minutes were mistyped: nothing else is to be typed again."""

from __future__ import annotations

from collections.abc import Iterator

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell

_KEPT = ("kind", "tester", "address", "reason", "until_tested", "id", "from")


def show(host: Host, request: Request, shell: Shell, refused: HttpError) -> Iterator[str]:
    yield shell.top(_("Test window"))
    state = page_state.load_page_state(host, request)
    form = request.form
    content = shell.render(
        "window_form.html",
        seen=state,
        action=request.query["action"],
        typed=form.get("minutes", ""),
        kept={name: form[name] for name in _KEPT if name in form},
        refused=refused,
    )
    yield shell.page(content, here="window_form", state=state)
