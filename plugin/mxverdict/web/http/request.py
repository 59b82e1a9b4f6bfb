"""What the browser asked for, read from a WSGI environment (PEP 3333)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.visitor import Visitor

BODY_LIMIT = 16 * 1024
PASTE_LIMIT = 256 * 1024
"""Bytes of a form, encoded; the second is for the action that takes a pasted report."""
METHODS = ("GET", "HEAD", "POST")
_FIELDS_LIMIT = 20
_DIGITS = 16
_FORM = "application/x-www-form-urlencoded"


class HttpError(Exception):
    """The request is answered with an HTTP status other than 200 and one sentence.

    `field` is the one of its form at fault, "" for none; `redisplay`: the form comes back as it was typed.
    """

    def __init__(
        self,
        status: int,
        sentence: str,
        *,
        hint: str = "",
        allow: str = "",
        field: str = "",
        redisplay: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.hint = hint
        self.allow = allow
        self.field = field
        self.redisplay = redisplay or bool(field)


@dataclass(frozen=True)
class Request:
    """`form` is empty unless `method` is POST."""

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    visitor: Visitor


def variable(environ: Mapping[str, Any], name: str, default: str = "") -> str:
    """Return a variable of the request as text. WSGI hands over each of its bytes as one character."""
    value = str(environ.get(name, default))
    return value.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def read_method(environ: Mapping[str, Any]) -> str:
    """Raises HttpError for one that no page of ours uses."""
    method = variable(environ, "REQUEST_METHOD", "GET")
    if method not in METHODS:
        raise HttpError(405, _("This page knows GET and POST only."), allow=", ".join(METHODS))
    return method


def read_query(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of the query. Raises HttpError for what no page of ours sends."""
    return _fields(variable(environ, "QUERY_STRING"))


def read_form(environ: Mapping[str, Any], limit: int = BODY_LIMIT) -> dict[str, str]:
    """Return the fields of the form in the body, which has at most `limit` bytes. Raises HttpError as
    `read_query`."""
    length = variable(environ, "CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise HttpError(400, _("The request has no valid length."))
    if len(length) > _DIGITS or int(length) > limit:
        raise HttpError(
            413, _("The request is too large; {limit} KiB are allowed.").format(limit=limit // 1024)
        )
    if variable(environ, "CONTENT_TYPE").partition(";")[0].strip().lower() != _FORM:
        raise HttpError(415, _("The request is not a form."))
    return _fields(environ["wsgi.input"].read(int(length)).decode("ascii", errors="replace"))


def _fields(encoded: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, errors="replace", max_num_fields=_FIELDS_LIMIT)
    except ValueError:
        raise HttpError(400, _("The request has too many fields.")) from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise HttpError(400, _("The request names a field twice."))
    return fields
