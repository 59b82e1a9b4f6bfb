"""The CGI's answer: headers once, then the body as it comes."""

from __future__ import annotations

from typing import BinaryIO

from mxverdict.web.http.visitor import Visitor

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_POLICY_FRAMED = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' {scripts}; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""WHM's header and footer bring scripts of their own, whose texts are allowed by hash, and insert styles at
run time. A hash beside 'unsafe-inline' would switch that off (CSP Level 3, section 6.7.3)."""
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "same-origin"),
)
NO_STORE = ("Cache-Control", "no-store")
HTML = "text/html; charset=utf-8"


class Response:
    """Writes to `stream`, for `visitor`. `begin` or `begin_page` comes first and once; the body is dropped
    when `head_only`."""

    def __init__(self, stream: BinaryIO, visitor: Visitor, *, head_only: bool = False) -> None:
        self.begun = False
        self.frame_wanted = True
        self.framed = False
        self.visitor = visitor
        self.head_only = head_only
        self._stream = stream
        self._page: list[str] = []

    def begin_page(self, status: int = 200, *headers: tuple[str, str]) -> None:
        """Send the headers of an HTML page and the top of WHM's frame, when there is one and it is wanted."""
        top = self.visitor.frame.header if self.frame_wanted and not self.head_only else ""
        if not top:
            self.begin(status, HTML, NO_STORE, *headers)
            return
        from mxverdict.whm.csp_hashes import inline_hashes

        scripts = inline_hashes(top + self.visitor.frame.footer)
        policy = _POLICY_FRAMED.format(scripts=" ".join(scripts))
        self.begin(status, HTML, NO_STORE, *headers, policy=policy)
        self.framed = True
        self.write(top)
        self._page.clear()
        self.flush()

    def end_page(self) -> None:
        """Send the bottom of WHM's frame where its top was sent."""
        if self.framed:
            self.framed = False
            self.write(self.visitor.frame.footer)

    def break_off(self, said: str) -> None:
        """End a page wherever it is, with the HTML `said` as the last of its content."""
        from mxverdict.web.http.html_tail import closing

        within, around = closing("".join(self._page))
        self.write(f"{within}{said}{around}")
        self.end_page()

    def begin(self, status: int, kind: str = HTML, *headers: tuple[str, str], policy: str = _POLICY) -> None:
        """Send status and headers; `policy` is the Content-Security-Policy."""
        assert not self.begun
        self.begun = True
        named = [
            ("Status", f"{status} {_phrase(status)}"),
            ("Content-Type", kind),
            *headers,
            *_ALWAYS,
            ("Content-Security-Policy", policy),
        ]
        self._stream.write("".join(f"{name}: {value}\r\n" for name, value in named).encode() + b"\r\n")

    def write(self, text: str) -> None:
        if not self.head_only:
            self._page.append(text)
            self._stream.write(text.encode("utf-8", errors="replace"))

    def flush(self) -> None:
        self._stream.flush()


def _phrase(status: int) -> str:
    if status == 200:
        return "OK"
    from http import HTTPStatus

    return HTTPStatus(status).phrase
