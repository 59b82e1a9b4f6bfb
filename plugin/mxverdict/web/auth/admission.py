"""What pages require of a request, checked before anything is sent: a page that has begun refuses nothing.

Imports little, so that WHM's header is on its way while the page itself is still being imported.
"""

from __future__ import annotations

from enum import Enum

from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.rules import RULES
from mxverdict.web.auth import permissions
from mxverdict.web.http.fields import parse_offset, parse_target_field
from mxverdict.web.http.request import HttpError, Request

SPANS = {"1": N_("the last 24 hours"), "7": N_("the last 7 days")}
"""Days that the log is shown for."""


class EntryKind(str, Enum):
    """Kinds of entries in the history; the values are those of `?kind=`."""

    ALL = ""
    WINDOWS = "windows"
    CHECKS = "checks"
    REFUSALS = "refusals"
    SETTINGS = "settings"


KINDS = {
    EntryKind.ALL: N_("Everything"),
    EntryKind.WINDOWS: N_("Test windows"),
    EntryKind.CHECKS: N_("Checks"),
    EntryKind.REFUSALS: N_("Refused"),
    EntryKind.SETTINGS: N_("Settings and addresses"),
}


def no_condition(request: Request) -> None:
    """Whoever may see the page sees all of it."""


def own_domains(request: Request) -> None:
    """WHM has to say which domains are a reseller's. Raises HttpError."""
    if not request.visitor.is_root:
        permissions.own_domains(request.visitor)


def own_target(request: Request) -> None:
    """The domain in the query, if any, is well-formed and the visitor's. Raises HttpError."""
    if request.query.get("domain"):
        permissions.require_domain(request.visitor, parse_target_field(request.query["domain"]))


def own_job(request: Request) -> None:
    """The job in the query, if any, is the visitor's. Raises HttpError."""
    permissions.require_own_job(request.visitor, request.query.get("job", ""))


def known_span(request: Request) -> None:
    """Raises HttpError for days that the log is not shown for."""
    if request.query.get("days", "1") not in SPANS:
        raise HttpError(404, _("The log is shown for 1 or 7 days."))


def known_entries(request: Request) -> None:
    """Raises HttpError for a kind of entries, or an offset in the audit trail, that does not exist."""
    parse_offset(request.query.get("before"))
    parse_offset(request.query.get("after"))
    if request.query.get("kind", "") not in kinds(request):
        raise HttpError(404, _("There is no such kind of entries."))


def known_rule(request: Request) -> None:
    """Raises HttpError for an identifier that is not registered."""
    if request.query.get("id") and request.query["id"] not in RULES:
        raise HttpError(404, _("There is no such check."))


def kinds(request: Request) -> tuple[EntryKind, ...]:
    """Return the kinds of entries that the visitor may see."""
    return tuple(kind for kind in KINDS if request.visitor.is_root or kind is not EntryKind.SETTINGS)
