"""Values of fields of forms and queries."""

from __future__ import annotations

from typing import Optional

from mxverdict.errors import UsageError
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.net import target
from mxverdict.web.http.request import HttpError

_DIGITS = 16


def parse_target_field(text: str, field: str = "domain") -> str:
    """A domain, name or address from a `field` of a form or a query; a URL or a mail address names its own.
    Raises HttpError."""
    named = text.strip().partition("://")[2].partition("/")[0] or text.rpartition("@")[2]
    try:
        return target.parse_target(named)
    except UsageError as error:
        raise HttpError(
            400,
            f"{translate(error)}.",
            hint=_("Type it like shop.example or 203.0.113.10."),
            field=field,
        ) from None


def parse_offset(text: Optional[str]) -> Optional[int]:
    """A place in the audit trail, in bytes; None for none. Raises HttpError."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
        raise HttpError(404, _("There is no such page."))
    return int(text)
