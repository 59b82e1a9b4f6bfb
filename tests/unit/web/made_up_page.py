"""A page as somebody adds one: this module, and an entry in the table of `web.routes`."""

from __future__ import annotations

from collections.abc import Iterator

from mxverdict.host import Host
from mxverdict.web.http.request import Request
from mxverdict.web.pages.render import Shell

TITLE = "Made up"
SENTENCE = "This page was added by one entry."


def show(_host: Host, _request: Request, shell: Shell) -> Iterator[str]:
    yield shell.top(TITLE)
    yield shell.page(f"<p>{SENTENCE}</p>\n", here="made-up")
