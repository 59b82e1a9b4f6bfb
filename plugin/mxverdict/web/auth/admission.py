"""What a page needs of the request, asked before anything is sent: a page that has begun refuses nothing.

It imports little, so that WHM's header is on its way while the page itself is still being imported.
"""

from __future__ import annotations

from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.auth import permissions
from mxverdict.web.http.fields import parse_offset, parse_target_field
from mxverdict.web.http.request import HttpError, Request

SPANS = {"1": N_("the last 24 hours"), "7": N_("the last 7 days")}
"""Days that the log is shown for."""
WINDOWS, CHECKS, REFUSALS, SETTINGS = "windows", "checks", "refusals", "settings"
KINDS = {
    "": N_("Everything"),
    WINDOWS: N_("Test windows"),
    CHECKS: N_("Checks"),
    REFUSALS: N_("Refused"),
    SETTINGS: N_("Settings and addresses"),
}
"""Of entries in the history."""
ROWS = "rows"
"""The part of a page that its script asks for while a check runs."""
_IN_PARTS = ("domain", "explain")
_DIGITS = 16


def check_request(request: Request, view: str) -> None:
    """Raises HttpError for what the view cannot show, or not to this visitor."""
    query = request.query
    if view == "main" and not request.visitor.is_root:
        permissions.own_domains(request.visitor)
    elif view == "domain" and query.get("domain"):
        permissions.require_domain(request.visitor, parse_target_field(query["domain"]))
    elif view == "explain":
        permissions.require_own_job(request.visitor, query.get("job", ""))
    elif view == "log" and query.get("days", "1") not in SPANS:
        raise HttpError(404, _("The log is shown for 1 or 7 days."))
    elif view == "history":
        parse_offset(query.get("before"))
        parse_offset(query.get("after"))
        if query.get("kind", "") not in kinds(request):
            raise HttpError(404, _("There is no such kind of entries."))


def is_part(request: Request, view: str) -> bool:
    """Is a part of the page asked for, which has no frame around it?"""
    return view in _IN_PARTS and request.query.get("part") == ROWS


def kinds(request: Request) -> tuple[str, ...]:
    """Kinds of entries that the visitor may see."""
    return tuple(kind for kind in KINDS if request.visitor.is_root or kind != SETTINGS)
