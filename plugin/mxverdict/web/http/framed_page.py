"""HTML pages, inside WHM's frame where there is one and it is wanted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Optional

from mxverdict.host import Host
from mxverdict.web.http.request import HttpError
from mxverdict.web.http.response import FRAMED_POLICY, NO_STORE, Response
from mxverdict.web.http.visitor import Visitor

if TYPE_CHECKING:
    from mxverdict.web.pages.render import Shell

Draw = Callable[["Shell"], Iterator[str]]
"""Makes a page, piece by piece."""


class FramedPage:
    """A page for `visitor`. Unless the frame is `wanted`, the page is without one."""

    def __init__(self, visitor: Visitor, *, wanted: bool) -> None:
        self._visitor = visitor
        self._header = visitor.frame.header if wanted else ""

    def shell(self) -> Shell:
        """Return what a page is drawn with. Its import takes time, in which WHM's header is on its way."""
        from mxverdict.web.pages.render import Shell

        return Shell(self._visitor, framed=bool(self._header))

    def respond(self, draw: Draw, status: int = 200, *headers: tuple[str, str]) -> Response:
        """Return the page as a response; nothing is drawn before its headers and WHM's header are sent."""
        body = self._body(draw)
        if not self._header:
            return Response(body, status, headers=(NO_STORE, *headers))
        from mxverdict.whm.csp_hashes import inline_hashes

        scripts = inline_hashes(self._header + self._visitor.frame.footer)
        policy = FRAMED_POLICY.format(scripts=" ".join(scripts))
        return Response(body, status, headers=(NO_STORE, *headers), policy=policy)

    def _body(self, draw: Draw) -> Iterator[str]:
        """An error ends the content, never the page: what was begun is completed, WHM's footer follows."""
        if self._header:
            yield self._header
        shell = None
        try:
            shell = self.shell()
            yield from draw(shell)
        except Exception as error:
            html = error_text(self._visitor.host, error)
            yield _broken_off(shell, html)
        if self._header:
            yield self._visitor.frame.footer


def _broken_off(shell: Optional[Shell], html: str) -> str:
    with contextlib.suppress(Exception):  # the templates may be what is broken
        return shell.break_off(html) if shell else html
    return html


def error_text(host: Host, error: Exception) -> str:
    """Return HTML that says what went wrong; an error that nobody expected is written down. Never raises."""
    from mxverdict import installation
    from mxverdict.web.http import incidents
    from mxverdict.web.http.error_html import error_html, internal_error_html

    if isinstance(error, HttpError):
        return error_html(error)
    return internal_error_html(incidents.record(host, error), installation.cause(error))
