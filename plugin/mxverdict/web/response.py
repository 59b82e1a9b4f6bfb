"""The CGI's answer: headers once, then the body as it comes."""

from __future__ import annotations

from http import HTTPStatus
from typing import BinaryIO

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "same-origin"),
)
NO_STORE = ("Cache-Control", "no-store")
HTML = "text/html; charset=utf-8"


class Response:
    """Writes to `stream`. `begin` comes first and once; the body is dropped when `head_only`."""

    def __init__(self, stream: BinaryIO, *, head_only: bool = False) -> None:
        self.begun = False
        self.head_only = head_only
        self._stream = stream

    def begin(self, status: int, kind: str = HTML, *headers: tuple[str, str], policy: str = _POLICY) -> None:
        """Send status and headers; `policy` is the Content-Security-Policy."""
        assert not self.begun
        self.begun = True
        named = [
            ("Status", f"{status} {HTTPStatus(status).phrase}"),
            ("Content-Type", kind),
            *headers,
            *_ALWAYS,
            ("Content-Security-Policy", policy),
        ]
        self._stream.write("".join(f"{name}: {value}\r\n" for name, value in named).encode() + b"\r\n")

    def write(self, text: str) -> None:
        if not self.head_only:
            self._stream.write(text.encode("utf-8", errors="replace"))

    def flush(self) -> None:
        self._stream.flush()
