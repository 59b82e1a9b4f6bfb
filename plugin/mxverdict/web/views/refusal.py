"""What the history says of a request that was refused: what was tried, and what it was about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

from mxverdict.audit.log import RefusedAction
from mxverdict.audit.reader import Entry
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.routes import ACTIONS, VIEWS, Action, View

_ACTIONS: dict[str, str] = {
    RefusedAction.OPEN: "open",
    RefusedAction.PERMANENT: "permanent",
    RefusedAction.COMMON_PROVIDERS: "common-providers",
    RefusedAction.EXTEND: "extend",
    RefusedAction.CLOSE: "close",
    RefusedAction.SETTINGS: "settings",
    RefusedAction.ADD_TESTER_ADDRESS: "add-tester-address",
    RefusedAction.REMOVE_TESTER_ADDRESS: "remove-tester-address",
}
"""The page's action that does the work which was refused itself."""
_UNKNOWN = {
    "view": N_("Refused: a page that does not exist"),
    "action": N_("Refused: an action that does not exist"),
}
_NUMBERED = {
    "extend": N_("Refused: a new deadline for test window {number}"),
    "close": N_("Refused: closing test window {number}"),
}


def what(entry: Entry) -> str:
    """Return what was tried."""
    kind, _equals, name = entry.kind.partition("=")
    begun = _ACTIONS.get(entry.detail("refused"), "")
    action = begun or (name if kind == "action" else "")
    if entry.window is not None and action in _NUMBERED:
        return _(_NUMBERED[action]).format(number=entry.window)
    return _(ACTIONS[begun].refused if begun else _asked(entry.kind) or _UNKNOWN.get(kind) or N_("Refused"))


def about(entry: Entry) -> str:
    """Words of the request itself: what it was about, and the name of what does not exist."""
    if entry.action != "refused":
        return ""
    kind, _equals, name = entry.kind.partition("=")
    named = [name] if kind in _UNKNOWN and not _asked(entry.kind) else []
    return ", ".join([*named, *entry.addresses])


def _asked(request: str) -> str:
    """Return what the tables say of `view=…` or `action=…`, "" for what they do not have."""
    kind, _equals, name = request.partition("=")
    tables: dict[str, Mapping[str, Union[View, Action]]] = {"view": VIEWS, "action": ACTIONS}
    known = tables.get(kind, {}).get(name)
    return known.refused if known else ""
