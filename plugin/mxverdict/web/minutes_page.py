"""The form of a test window once more, when its minutes were mistyped: nothing else is to be typed again."""

from __future__ import annotations

import time

from mxverdict.host import Host
from mxverdict.language import gettext as _
from mxverdict.web import standing
from mxverdict.web.page import send
from mxverdict.web.request import Refusal, Request
from mxverdict.web.response import Response

_KEPT = ("kind", "tester", "address", "reason", "until_tested", "id", "from")


def show(host: Host, request: Request, response: Response, refused: Refusal) -> None:
    seen = standing.look(host, request)
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
