"""What a page says when something breaks. Standard library only, since a package may be what is broken."""

from __future__ import annotations

from html import escape
from typing import Optional

from mxverdict.errors import MxVerdictError
from mxverdict.i18n.message import translate


def apology(incident: str, cause: Optional[MxVerdictError] = None) -> str:
    """Return HTML that may stand in the middle of a page: the `cause`, where one is known, else the number of
    the incident."""
    if cause is not None:
        text = translate(cause)
        return (
            f'\n<p role="alert"><strong>{escape(text[:1].upper() + text[1:])}.</strong> '
            f"{escape(translate(cause.advice))}</p>\n"
        )
    return (
        f'\n<p role="alert"><strong>Something went wrong inside MX Verdict.</strong> Nothing more is shown. '
        f"The details are in web.log in its state folder, incident {incident}.</p>\n"
    )
