"""Calls the page's WSGI application as a server does."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import urlencode

from mxverdict.host import Host
from mxverdict.host_paths import ROOT_VARIABLE
from mxverdict.web.app import FRAME, application
from mxverdict.whm.frame import Frame

SESSION = "/cpsess1234567890"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


def call(host: Host, query: str = "", *, as_level: str = "", **changes: str) -> Answer:
    """A GET by root; `changes` replace variables of the environment, `as_level` WHM's answer about them."""
    return _call(host, b"", {"REQUEST_METHOD": "GET", "QUERY_STRING": query, **changes}, as_level)


def post(host: Host, query: str, form: dict[str, str], *, as_level: str = "", **changes: str) -> Answer:
    body = urlencode(form).encode()
    variables = {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
    }
    return _call(host, body, {**variables, **changes}, as_level)


def _call(host: Host, body: bytes, variables: dict[str, str], level: str) -> Answer:
    frame = Frame(0, -1, b"", level=level, framed=False) if level else None
    status, headers, pieces = exchange(host, body, variables, frame)
    return Answer(int(status[:3]), headers, b"".join(pieces).decode())


def exchange(
    host: Host, body: bytes, variables: Mapping[str, str], frame: Optional[Frame] = None
) -> tuple[str, dict[str, str], list[bytes]]:
    """Status, headers and the pieces in which the body comes."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        begun.append((status, headers))
        return lambda data: None

    environ: dict[str, Any] = {"REMOTE_USER": "root", "cp_security_token": SESSION, **variables}
    environ[ROOT_VARIABLE] = str(host.root)
    environ["wsgi.input"] = io.BytesIO(body)
    if frame is not None:
        environ[FRAME] = frame
    pieces = list(application(environ, start_response))
    [(status, headers)] = begun
    return status, dict(headers), pieces
