"""The form of a test window once more, when its minutes were mistyped: nothing else is to be typed again."""

from __future__ import annotations

import time

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.response import Response
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import send

_KEPT = ("kind", "tester", "address", "reason", "until_tested", "id", "from")


def show(host: Host, request: Request, response: Response, refused: HttpError) -> None:
    seen = page_state.load_page_state(host, request)
    form = request.form
    send(
        host,
        response,
        "minutes.html",
        here="minutes",
        title=_("Test window"),
        look=lambda: seen,
        action=request.query["action"],
        typed=form.get("minutes", ""),
        kept={name: form[name] for name in _KEPT if name in form},
        refused=refused,
        now=time.time,
    )
