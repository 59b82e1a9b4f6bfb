"""Where cpsrvd's request comes in: answers a poll at once, else has WHM asked who it is while we import."""

from __future__ import annotations

import os
import sys

from mxverdict.host_paths import ROOT_VARIABLE
from mxverdict.web.http import poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_KEPT = frozenset(
    {
        "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_ACCEPT_LANGUAGE", "HTTP_HOST", "PATH", "QUERY_STRING",
        "REMOTE_USER", "REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME", "SERVER_PORT", "TZ", "WHM50",
        "WHM_API_TOKEN_NAME", "cp_security_token", ROOT_VARIABLE,
    }
)  # fmt: skip
"""What the page needs of its environment. A header sent by the visitor becomes a variable `HTTP_…`, which a
library may take for a setting of its own, such as HTTP_PROXY (RFC 3875, section 4.1.18; CVE-2016-5385)."""
WITHOUT_FRAME = ("static=", "view=report", "view=state", "view=poll")
"""How the queries begin whose answer is no page; `web.routes` has the views."""


def main() -> None:
    """Answer one request as RFC 3875 says. Never raises: cpsrvd replaces the answer of a CGI that fails."""
    _answer()
    _end()


def _answer() -> None:
    for name in os.environ.keys() - _KEPT:
        del os.environ[name]
    if poll.answer():
        return
    from mxverdict.whm import frame

    query = os.environ.get("QUERY_STRING", "")
    visitor = {} if query.startswith("static=") else os.environ  # the static files are for everybody
    framed = not query.startswith(WITHOUT_FRAME)
    asked = frame.start(visitor, os.environ.get(ROOT_VARIABLE, "/"), framed=framed)
    if poll.answer(asked):
        return
    from wsgiref.handlers import CGIHandler

    from mxverdict.web import app

    def program(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        return app.application({**environ, app.FRAME: asked}, start_response)

    CGIHandler().run(program)  # it flushes each piece, and is silent when the browser has left


def _end() -> None:
    """Spare the visitor the time that Python takes to put itself away, unless a thread is still at work."""
    try:
        sys.stdout.flush()
    except OSError:  # the browser has left: let nothing be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        os._exit(0)
