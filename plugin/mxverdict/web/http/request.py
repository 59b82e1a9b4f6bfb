"""What the browser asked for, read from a CGI's environment and standard input (RFC 3875)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, NamedTuple
from urllib.parse import parse_qsl

from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.visitor import Visitor

BODY_LIMIT = 16 * 1024
PASTE_LIMIT = 256 * 1024
"""Bytes of a form, encoded; the second is for the action that takes a pasted report."""
PASTE_ACTION = "explain"
_FIELDS_LIMIT = 20
_DIGITS = 16
_FORM = "application/x-www-form-urlencoded"


class HttpError(Exception):
    """The request is answered with an HTTP status other than 200 and one sentence; `field` is the one of its
    form at fault, "" for none."""

    def __init__(
        self, status: int, sentence: str, *, advice: str = "", allow: str = "", field: str = ""
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.advice = advice
        self.allow = allow
        self.field = field


class Request(NamedTuple):
    method: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    visitor: Visitor


def read(environ: Mapping[str, str], body: BinaryIO, visitor: Visitor) -> Request:
    """Raises HttpError for what no page of ours sends."""
    method = environ.get("REQUEST_METHOD", "GET")
    if method not in ("GET", "HEAD", "POST"):
        raise HttpError(405, _("This page knows GET and POST only."), allow="GET, HEAD, POST")
    query = _fields(environ.get("QUERY_STRING", ""))
    limit = PASTE_LIMIT if query.get("action") == PASTE_ACTION else BODY_LIMIT
    return Request(
        method=method,
        query=query,
        form=_fields(_body(environ, body, limit)) if method == "POST" else {},
        visitor=visitor,
    )


def _body(environ: Mapping[str, str], body: BinaryIO, limit: int) -> str:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise HttpError(400, _("The request has no valid length."))
    if len(length) > _DIGITS or int(length) > limit:
        raise HttpError(
            413, _("The request is too large; {limit} KiB are allowed.").format(limit=limit // 1024)
        )
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != _FORM:
        raise HttpError(415, _("The request is not a form."))
    return body.read(int(length)).decode("ascii", errors="replace")


def _fields(encoded: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, errors="replace", max_num_fields=_FIELDS_LIMIT)
    except ValueError:
        raise HttpError(400, _("The request has too many fields.")) from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise HttpError(400, _("The request names a field twice."))
    return fields
