"""myprivs, api_token_list, applist: what the caller may do."""

from __future__ import annotations

from typing import Any

from tests.sandbox.whm import access
from tests.sandbox.whm.api import FUNCTIONS, Call

_NAMES = ("all", "acct-summary", "basic-whm-functions", "list-accts", "restart")


def myprivs(call: Call) -> dict[str, Any]:
    """One object inside an array."""
    names = {*_NAMES, *call.caller.privileges}
    return {"privileges": [{name: int(call.caller.may(name)) for name in sorted(names)}]}


def api_token_list(call: Call) -> dict[str, Any]:
    own = [token for token in access.tokens(call.root) if token.user == call.caller.user]
    return {
        "tokens": {
            token.name: {
                "name": token.name,
                "acls": dict.fromkeys(sorted(token.privileges - {"*"}), 1),
                "has_full_access": int("*" in token.privileges),
                "create_time": 0,
                "expires_at": None,
                "whitelist_ips": None,
            }
            for token in own
        }
    }


def applist(call: Call) -> dict[str, Any]:
    return {"app": ["batch", *(name for name, (_, needed) in FUNCTIONS.items() if call.caller.may(needed))]}
