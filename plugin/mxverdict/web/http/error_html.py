"""What a page says when it breaks off. Standard library only, since a package may be what is broken."""

from __future__ import annotations

from html import escape
from typing import Optional

from mxverdict.errors import MxVerdictError
from mxverdict.i18n.message import translate
from mxverdict.sanitize import visible
from mxverdict.web.http.request import HttpError


def error_html(refusal: HttpError) -> str:
    """Return a refusal as HTML for a page that has begun."""
    sentence, hint = escape(visible(str(refusal))), escape(visible(refusal.hint))
    return f'\n<p role="alert"><strong>{sentence}</strong> {hint}</p>\n'


def internal_error_html(incident: str, cause: Optional[MxVerdictError] = None) -> str:
    """Return the `cause`, where one is known, else the number of the incident, as HTML for any page."""
    if cause is not None:
        text = translate(cause)
        return (
            f'\n<p role="alert"><strong>{escape(text[:1].upper() + text[1:])}.</strong> '
            f"{escape(translate(cause.hint))}</p>\n"
        )
    return (
        f'\n<p role="alert"><strong>Something went wrong inside MX Verdict.</strong> Nothing more is shown. '
        f"The details are in web.log in its state folder, incident {incident}.</p>\n"
    )
