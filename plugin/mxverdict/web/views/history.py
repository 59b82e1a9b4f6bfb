"""What the page of the history shows of each line of the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mxverdict.audit import checks
from mxverdict.audit.log import Outcome
from mxverdict.audit.reader import Entry
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.web.auth.admission import EntryKind
from mxverdict.web.auth.permissions import PRIVATE_REASON
from mxverdict.web.views import refusal
from mxverdict.web.views.timestamps import moment
from mxverdict.window import Window
from mxverdict.window.model import (
    CLOSE_FAILED,
    CLOSED,
    CLOSING,
    COMMON_PROVIDERS,
    DELAY_OFF,
    FAILED,
    OPEN,
    OPENING,
    PERMANENT,
)

_ACTIONS = {
    "open": EntryKind.WINDOWS,
    "join": EntryKind.WINDOWS,
    "extend": EntryKind.WINDOWS,
    "close": EntryKind.WINDOWS,
    "rollback": EntryKind.WINDOWS,
    CLOSE_FAILED: EntryKind.WINDOWS,
    "check": EntryKind.CHECKS,
    "refuse": EntryKind.REFUSALS,
    "refused": EntryKind.REFUSALS,
    "settings": EntryKind.SETTINGS,
    "add_tester_address": EntryKind.SETTINGS,
    "remove_tester_address": EntryKind.SETTINGS,
}
_DOINGS = {
    "join": N_("Test window {number}: joined"),
    "extend": N_("Test window {number}: a new deadline"),
    "close": N_("Test window {number}: closed"),
    "rollback": N_("Test window {number}: did not open, everything was put back"),
    CLOSE_FAILED: N_("Test window {number}: could not be closed"),
    "check": N_("Check of {addresses}"),
    "settings": N_("Settings changed"),
    "add_tester_address": N_("Tester address {addresses} added"),
    "remove_tester_address": N_("Tester address {addresses} removed"),
}
_REFUSING = ("refuse", "refused")
SETTING_NAMES = {
    "minutes": N_("Minutes proposed"),
    "most_minutes": N_("Most minutes"),
    "tester": N_("Tester proposed"),
    "resellers_may_open": N_("Resellers may open test windows"),
    "resellers_most_minutes": N_("Most minutes for resellers"),
    "contact": N_("Mail address"),
    "language": N_("Language"),
    "framed": N_("Pages inside WHM"),
}
_KEEPER = "keeper"
TitleOf = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class HistoryRow:
    """`who` did `what` at `time` (Unix) by `way` ("" for the pages), `why` as they said; `outcome` is what
    came of it, `bad` whether that wants to be seen. `about` are words of a request that was refused."""

    time: float
    who: str
    way: str
    what: str
    why: str
    outcome: str
    bad: bool
    about: str


def kind_of(entry: Entry) -> EntryKind:
    """Return ALL for an entry of another version."""
    return _ACTIONS.get(entry.action, EntryKind.ALL)


def actions_of(kind: str) -> tuple[str, ...]:
    """Return the actions of one kind, none for ""."""
    return tuple(action for action, its in _ACTIONS.items() if its == kind)


def has_own_row(entry: Entry) -> bool:
    """Return whether the entry gets its own row. Outcomes are shown in the row of the window's `open`
    entry."""
    if entry.action == "open":
        return entry.outcome is not Outcome.DONE
    if entry.action == "join":
        return entry.outcome is not Outcome.BEGUN
    return not (entry.action == "close" and entry.origin == _KEEPER and entry.window is not None)


def history_row(
    entry: Entry, windows: Mapping[int, Window], title_of: TitleOf, *, private: bool = False
) -> HistoryRow:
    """`windows` are those of the journal, by number; `title_of` gives the title of a tester. `private`: why
    something failed is not for the reader."""
    window = windows.get(entry.window) if entry.window is not None else None
    by_itself = entry.origin == _KEEPER
    return HistoryRow(
        time=entry.time,
        who=_("MX Verdict by itself") if by_itself else entry.user,
        way=_("on the command line") if entry.origin == "cli" else "",
        what=_what(entry, window, title_of),
        why=entry.reason,
        outcome=_public_outcome(entry, window, title_of) if private else _outcome(entry, window, title_of),
        bad=entry.action in (*_REFUSING, "rollback", CLOSE_FAILED)
        or (entry.action == "open" and window is not None and window.state in (FAILED, CLOSE_FAILED)),
        about=refusal.about(entry) if entry.action in _REFUSING else "",
    )


def _what(entry: Entry, window: Window | None, title_of: TitleOf) -> str:
    if entry.action == "open":
        return _opened(entry, window, title_of)
    if entry.action in _REFUSING:
        return refusal.what(entry)
    doing = _DOINGS.get(entry.action, "")
    if entry.action == "close" and entry.kind == PERMANENT:
        doing = N_("No longer let past for good: {addresses}")
    elif entry.action == "close" and entry.kind == COMMON_PROVIDERS:
        doing = N_("Common Mail Providers no longer exempt from the delay")
    elif entry.action == "check" and not entry.addresses:
        doing = N_("Check of a report in hand")
    if not doing or (entry.window is None and "{number}" in doing):
        return entry.action.replace("_", " ")
    return _(doing).format(number=entry.window, addresses=", ".join(entry.addresses))


def _public_outcome(entry: Entry, window: Window | None, title_of: TitleOf) -> str:
    """Without errors of the server's, and without the remarks on a close, which speak of files and lists."""
    if _failed(entry, window):
        return translate(PRIVATE_REASON)
    return "" if entry.action == "close" else _outcome(entry, window, title_of)


def _failed(entry: Entry, window: Window | None) -> bool:
    """Whether the result of an entry is the text of an error of the server's."""
    if entry.action == "open":
        return window is None
    return entry.action in ("rollback", CLOSE_FAILED) or (
        entry.action == "check" and entry.outcome is Outcome.FAILED
    )


def _outcome(entry: Entry, window: Window | None, title_of: TitleOf) -> str:
    if entry.action == "open" and window:
        return _ended(window)
    if entry.action in _REFUSING:
        return _why_refused(entry)
    if entry.action == "close" and entry.outcome is Outcome.DONE:
        return ""  # what was done says it
    if entry.action == "check" and entry.outcome is Outcome.DONE:
        return checks.format_counts(entry.counts)
    if entry.action == "settings" and entry.changes:
        return "; ".join(_setting(*change) for change in entry.changes)
    return title_of([entry.result]) if entry.action == "remove_tester_address" else translate(entry.result)


def _why_refused(entry: Entry) -> str:
    name, cause = entry.detail("field"), translate(entry.cause)
    return f"{_(SETTING_NAMES[name])}: {cause}" if name in SETTING_NAMES else cause


def _opened(entry: Entry, window: Window | None, title_of: TitleOf) -> str:
    if entry.kind == PERMANENT:
        return _("Let past for good: {addresses}").format(addresses=", ".join(entry.addresses))
    if entry.kind == COMMON_PROVIDERS:
        return _("Common Mail Providers exempt from the delay")
    if entry.kind == DELAY_OFF:
        return _("Test window {number}: the delay off for everybody").format(number=entry.window)
    whom = title_of(window.testers) if window and window.testers else ", ".join(entry.addresses)
    return _("Test window {number}: {tester} let past the delay").format(number=entry.window, tester=whom)


def _ended(window: Window) -> str:
    if not window.opened_by:
        return _("The owner of this server has taken it over and decides when it closes.")
    error, remark = translate(window.error), translate(window.remark)
    closed_at = moment(window.closed_at, day=True) if window.closed_at else ""
    if window.is_active_entry:
        state = _("In force.")
    elif window.state == OPEN:
        state = _("Open until {time}.").format(time=moment(window.deadline, day=True))
    else:
        state = {
            OPENING: _("Is being opened."),
            CLOSING: _("Is being closed."),
            CLOSED: _("Closed {time}.").format(time=closed_at),
            FAILED: _("Did not open: {error}.").format(error=error.rstrip(".")),
            CLOSE_FAILED: _("Could not be closed: {error}.").format(error=error.rstrip(".")),
        }.get(window.state, window.state)
    return f"{state} {remark[:1].upper()}{remark[1:]}".strip()


def _setting(name: str, before: object, after: object) -> str:
    return f"{_(SETTING_NAMES.get(name, name))}: {_setting_value(before)} → {_setting_value(after)}"


def _setting_value(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) or _("none")
