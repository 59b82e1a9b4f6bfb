"""What the history says of a request that was refused: what was tried, and what it was about."""

from __future__ import annotations

from mxverdict.audit.reader import Entry
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.catalog import marked

_OPEN = marked("Refused: opening a test window")
_FOR_GOOD = marked("Refused: letting an address past for good")
_EXTEND = marked("Refused: a new deadline")
_CLOSE = marked("Refused: closing a test window")
_SETTINGS = marked("Refused: changing the settings")
_ADD = marked("Refused: adding a tester address")
_REMOVE = marked("Refused: removing a tester address")
_BEGUN = {
    "open": _OPEN,
    "open for good": _FOR_GOOD,
    "extend": _EXTEND,
    "close": _CLOSE,
    "settings": _SETTINGS,
    "add tester address": _ADD,
    "remove tester address": _REMOVE,
}
"""By how the line's result begins, where the work itself was refused."""
_ASKED = {
    "view=main": marked("Refused: the first page"),
    "view=domain": marked("Refused: the page of a domain"),
    "view=explain": marked("Refused: the answer to a report in hand"),
    "view=report": marked("Refused: downloading a report"),
    "view=history": marked("Refused: the history"),
    "view=state": marked("Refused: how far some work is"),
    "view=poll": marked("Refused: how far some work is"),
    "view=testers": marked("Refused: the testers compared"),
    "view=log": marked("Refused: what the log says"),
    "view=settings": marked("Refused: the page of the settings"),
    "action=check": marked("Refused: checking a domain"),
    "action=explain": marked("Refused: explaining a report in hand"),
    "action=open": _OPEN,
    "action=extend": _EXTEND,
    "action=close": _CLOSE,
    "action=permanent": _FOR_GOOD,
    "action=settings": _SETTINGS,
    "action=add-tester-address": _ADD,
    "action=remove-tester-address": _REMOVE,
    "action=find-testers": marked("Refused: looking for new addresses of testers"),
}
"""By the request, where nothing was begun."""
_UNKNOWN = {
    "view": marked("Refused: a page that does not exist"),
    "action": marked("Refused: an action that does not exist"),
}
_NUMBERED = {
    _EXTEND: marked("Refused: a new deadline for test window {number}"),
    _CLOSE: marked("Refused: closing test window {number}"),
}


def what(entry: Entry) -> str:
    kind, _equals, _name = entry.kind.partition("=")
    tried = _BEGUN.get(asked(entry)[0]) or _ASKED.get(entry.kind) or _UNKNOWN.get(kind) or marked("Refused")
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


def asked(entry: Entry) -> tuple[str, str]:
    """What was refused, "" where the result does not tell, and why."""
    begun, _colon, sentence = entry.result.partition(": ")
    return (begun, sentence) if begun in _BEGUN else ("", entry.result)
