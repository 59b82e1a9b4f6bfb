"""Calls the page as cpsrvd does, without cpsrvd."""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import urlencode

from mxverdict.host import Host
from mxverdict.web.app import handle_request
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
    environment = {"REMOTE_USER": "root", "cp_security_token": SESSION, **variables}
    out = io.BytesIO()
    frame = Frame(0, -1, b"", level=level, framed=False) if level else None
    handle_request(host, environment, io.BytesIO(body), out, frame)
    head, _, content = out.getvalue().partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    return Answer(int(headers.pop("Status")[:3]), headers, content.decode())
