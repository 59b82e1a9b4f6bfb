"""The answer to a request: status and headers, then the body in the pieces in which it is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HTML = "text/html; charset=utf-8"
NO_STORE = ("Cache-Control", "no-store")
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
FRAMED_POLICY = (
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


@dataclass(frozen=True)
class Response:
    """Each piece of `body` is sent before the next is made. `policy` is the Content-Security-Policy."""

    body: Iterable[str] = ()
    status: int = 200
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    policy: str = _POLICY

    @property
    def status_line(self) -> str:
        if self.status == 200:
            return "200 OK"
        from http import HTTPStatus  # a millisecond, which most pages need not take

        return f"{self.status} {HTTPStatus(self.status).phrase}"

    @property
    def all_headers(self) -> list[tuple[str, str]]:
        """The headers in the order in which they are sent."""
        return [
            ("Content-Type", self.content_type),
            *self.headers,
            *_ALWAYS,
            ("Content-Security-Policy", self.policy),
        ]


def redirect(target: str) -> Response:
    """Lead the browser to `target`, a relative address (`?…`) of ours, made of harmless characters."""
    page = f'<!DOCTYPE html><title>MX Verdict</title><a href="{target}">Go on</a>\n'
    return Response([page], 303, headers=(("Location", target), NO_STORE))
