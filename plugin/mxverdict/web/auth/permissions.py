"""Access control. The CGI runs as root whoever is logged in (cPanel, Guide to WHM Plugins, Access Control
Lists), so these functions and the tables of `web.routes` are the gate. Default deny: a view or an action that
is not in a table is refused to everyone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import replace
from typing import Optional

from mxverdict import settings
from mxverdict.errors import JournalError, WhmError
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import Message, translate
from mxverdict.settings import Settings
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.visitor import NONE, Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import ABOUT_DOMAIN, Job
from mxverdict.window import Window
from mxverdict.window.model import WHITELIST

_PRIVATE = Message("This failed on the server. Its owner can see why.")
PRIVATE_REASON = Message("the owner of this server can see why")
_ABOUT = ("domain", "about", "address")
"""Fields of queries and forms that say what a request is about."""


class PermissionDenied(HttpError):
    """What was asked for is somebody else's. It is written to the audit trail, in English: `kept`."""

    def __init__(self, kept: str, *, hint: str = "") -> None:
        super().__init__(403, translate(kept), hint=hint)
        self.kept = kept


def require_level(visitor: Visitor, levels: Optional[Collection[str]], unknown: str) -> None:
    """`levels` are those that may have what was asked for; None when it does not exist, which `unknown` says.
    Raises HttpError."""
    level = visitor.level
    if level == NONE:
        raise PermissionDenied(
            Message("This page needs root privileges in WHM, or the privilege “MX Verdict”."),
            hint=_("Ask the owner of the server: WHM, Edit Reseller Nameservers and Privileges."),
        )
    if levels is None:
        raise HttpError(404, unknown)
    if level not in levels:
        raise _needs_root()


def require_domain(visitor: Visitor, target: str) -> None:
    """`target` is a domain, name or address. Raises HttpError."""
    if not owns_target(visitor, target):
        raise PermissionDenied(
            Message("{target} is not a domain of your accounts.", target=target),
            hint=_("You can check your own domains and names below them."),
        )


def require_root(visitor: Visitor) -> None:
    """Raises HttpError."""
    if not visitor.is_root:
        raise _needs_root()


def owns_target(visitor: Visitor, target: str) -> bool:
    """Raises HttpError when WHM does not tell whose it is."""
    try:
        return visitor.owns(target)
    except WhmError as error:
        raise _unanswered(error) from None


def own_domains(visitor: Visitor) -> tuple[str, ...]:
    """Raises HttpError when WHM does not tell them."""
    try:
        return visitor.domains
    except WhmError as error:
        raise _unanswered(error) from None


def require_opening(host: Host, kind: str, *, named_address: bool = False) -> None:
    """Resellers may open windows for known testers, when the settings allow it. Raises HttpError for
    others."""
    if kind != WHITELIST:
        raise PermissionDenied(
            Message("Only root may switch the delay off."), hint=_("Let the tester past it instead.")
        )
    if named_address:
        raise PermissionDenied(Message("Only root may let other addresses than a tester's past."))
    if not settings.read(host).resellers_may_open:
        raise PermissionDenied(
            Message("Resellers may not open test windows on this server."),
            hint=_("Its owner can allow it in the settings of MX Verdict."),
        )


def minutes_limit(limits: Settings, visitor: Visitor) -> int:
    """Return how long a window of the visitor's may be, in minutes."""
    return limits.most_minutes if visitor.is_root else limits.resellers_most_minutes


def owns_window(visitor: Visitor, window: Window) -> bool:
    """Return whether the visitor may see all of it. What may be done to it the engine checks once more, under
    its lock."""
    return visitor.is_root or (visitor.did(window.opened_by) and window.belongs_to(visitor.actor))


def redact_window(visitor: Visitor, window: Window) -> Window:
    """Return as much of a window as the visitor may see."""
    if visitor.is_root:
        return window
    if not owns_window(visitor, window):
        return window.redacted()
    return window.without_details(PRIVATE_REASON)


def require_window(host: Host, visitor: Visitor, number: int) -> Window:
    """Return a window that the reseller opened, whatever its state. Raises HttpError, and JournalError."""
    from mxverdict.window.queries import find_window

    found = find_window(host, number)
    if found is None or not owns_window(visitor, found):
        raise PermissionDenied(
            Message("Window {id} is not one that you opened.", id=number),
            hint=_("Every window closes by itself at its deadline."),
        )
    return found


def require_own_job(visitor: Visitor, name: str) -> Optional[Job]:
    """Return the job of that name; None for root when there is none, and for "". Raises HttpError, the same
    for a job of others as for one that does not exist."""
    job = queue.read(visitor.host, name)
    if name and not visitor.is_root and (job is None or not owns_job(visitor, job)):
        raise PermissionDenied(
            Message("There is no such work of yours."), hint=_("What is older than a day is not kept.")
        )
    return redact_job(visitor, job)


def redact_job(visitor: Visitor, job: Optional[Job]) -> Optional[Job]:
    """Return a job that is the visitor's, as they may see it."""
    if job is None or visitor.is_root or not job.private:
        return job
    return replace(job, text=_PRIVATE, hint="")


def owns_job(visitor: Visitor, job: Job) -> bool:
    """Return whether it is the visitor's own work, or the check of a domain of theirs, whoever started it.
    Raises HttpError."""
    return (
        visitor.is_root
        or visitor.did(job.owner)
        or (job.name.startswith(ABOUT_DOMAIN) and owns_target(visitor, job.title))
    )


def record_refusal(host: Host, request: Request, refusal: PermissionDenied) -> None:
    """Write to the audit log what was asked and why it was refused. An error in that is ignored: the refusal
    is valid without it."""
    from mxverdict.audit import log

    what = "action" if "action" in request.query else "view"
    fields = request.form if what == "action" else request.query
    number = fields.get("id", "")
    with contextlib.suppress(JournalError):
        log.record(
            host,
            request.visitor.actor,
            "refused",
            result=refusal.kept,
            window=int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None,
            kind=f"{what}={request.query.get(what, 'main')}",
            addresses=[_named(fields[name]) for name in _ABOUT if fields.get(name)],
        )


def _named(text: str) -> str:
    """Return the domain or address in `text`; all of it when there is none."""
    from mxverdict.web.http.fields import parse_target_field

    try:
        return parse_target_field(text)
    except HttpError:
        return text


def _needs_root() -> PermissionDenied:
    return PermissionDenied(
        Message("This needs root privileges in WHM."), hint=_("Ask the owner of the server.")
    )


def _unanswered(error: Exception) -> HttpError:
    return HttpError(
        503,
        _("WHM does not tell which domains are yours: {error}.").format(error=translate(error)),
        hint=_("Try again."),
    )
