"""What the history says of a request that was refused: what was tried, and what it was about."""

from __future__ import annotations

from mxverdict.audit.log import RefusedAction
from mxverdict.audit.reader import Entry
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _

_OPEN = N_("Refused: opening a test window")
_FOR_GOOD = N_("Refused: letting an address past for good")
_EXTEND = N_("Refused: a new deadline")
_CLOSE = N_("Refused: closing a test window")
_SETTINGS = N_("Refused: changing the settings")
_ADD = N_("Refused: adding a tester address")
_REMOVE = N_("Refused: removing a tester address")
_BEGUN: dict[str, str] = {
    RefusedAction.OPEN: _OPEN,
    RefusedAction.PERMANENT: _FOR_GOOD,
    RefusedAction.EXTEND: _EXTEND,
    RefusedAction.CLOSE: _CLOSE,
    RefusedAction.SETTINGS: _SETTINGS,
    RefusedAction.ADD_TESTER_ADDRESS: _ADD,
    RefusedAction.REMOVE_TESTER_ADDRESS: _REMOVE,
}
"""Where the work itself was refused."""
_ASKED = {
    "view=main": N_("Refused: the first page"),
    "view=domain": N_("Refused: the page of a domain"),
    "view=explain": N_("Refused: the answer to a report in hand"),
    "view=report": N_("Refused: downloading a report"),
    "view=history": N_("Refused: the history"),
    "view=state": N_("Refused: how far some work is"),
    "view=poll": N_("Refused: how far some work is"),
    "view=testers": N_("Refused: the testers compared"),
    "view=log": N_("Refused: what the log says"),
    "view=settings": N_("Refused: the page of the settings"),
    "action=check": N_("Refused: checking a domain"),
    "action=explain": N_("Refused: explaining a report in hand"),
    "action=open": _OPEN,
    "action=extend": _EXTEND,
    "action=close": _CLOSE,
    "action=permanent": _FOR_GOOD,
    "action=settings": _SETTINGS,
    "action=add-tester-address": _ADD,
    "action=remove-tester-address": _REMOVE,
    "action=find-testers": N_("Refused: looking for new addresses of testers"),
}
"""By the request, where nothing was begun."""
_UNKNOWN = {
    "view": N_("Refused: a page that does not exist"),
    "action": N_("Refused: an action that does not exist"),
}
_NUMBERED = {
    _EXTEND: N_("Refused: a new deadline for test window {number}"),
    _CLOSE: N_("Refused: closing test window {number}"),
}


def what(entry: Entry) -> str:
    kind, _equals, _name = entry.kind.partition("=")
    begun = _BEGUN.get(entry.detail("refused"))
    tried = begun or _ASKED.get(entry.kind) or _UNKNOWN.get(kind) or N_("Refused")
    if entry.window is not None:
        tried = _NUMBERED.get(tried, tried)
    return _(tried).format(number=entry.window)


def about(entry: Entry) -> str:
    """Words of the request itself: what it was about, and the name of what does not exist."""
    if entry.action != "refused":
        return ""
    kind, _equals, name = entry.kind.partition("=")
    named = [name] if kind in _UNKNOWN and entry.kind not in _ASKED else []
    return ", ".join([*named, *entry.addresses])
