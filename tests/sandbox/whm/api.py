"""WHM API 1: the functions, who may call them, and the envelope of their answers.

Shapes after api.docs.cpanel.net ("WHM API 1"); API 0 is what HTTPS gives without `api.version=1`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Callable, Optional
from urllib.parse import parse_qsl

from tests.sandbox.whm import faults
from tests.sandbox.whm.access import ALL, ANY, Caller

Data = Optional[dict[str, Any]]

FUNCTIONS = {
    "version": ("machine", ANY),
    "gethostname": ("machine", ANY),
    "systemloadavg": ("machine", ANY),
    "listips": ("machine", ALL),
    "get_public_ip": ("machine", ANY),
    "servicestatus": ("services", ALL),
    "restartservice": ("services", "restart"),
    "get_tweaksetting": ("tweaksettings", ALL),
    "set_tweaksetting": ("tweaksettings", ALL),
    "cpgreylist_status": ("greylist", ALL),
    "enable_cpgreylist": ("greylist", ALL),
    "disable_cpgreylist": ("greylist", ALL),
    "load_cpgreylist_config": ("greylist", ALL),
    "create_cpgreylist_trusted_host": ("greylist", ALL),
    "read_cpgreylist_trusted_hosts": ("greylist", ALL),
    "delete_cpgreylist_trusted_host": ("greylist", ALL),
    "validate_current_ptrs": ("reverse_dns", ANY),
    "listaccts": ("accounts", "list-accts"),
    "get_domain_info": ("accounts", "acct-summary"),
    "domainuserdata": ("accounts", "acct-summary"),
    "myprivs": ("privileges", "basic-whm-functions"),
    "api_token_list": ("privileges", ANY),
    "applist": ("privileges", ANY),
}
_WRITING = {
    "set_tweaksetting",
    "restartservice",
    "enable_cpgreylist",
    "disable_cpgreylist",
    "create_cpgreylist_trusted_host",
    "delete_cpgreylist_trusted_host",
}


class Refused(Exception):
    """Result 0 with a reason, and data where the function has some to give all the same."""

    def __init__(self, reason: str, data: Data = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.data = data


class Forbidden(Refused):
    """The caller lacks the privilege: result 0 in a batch, HTTP 403 otherwise."""


class Call:
    """One call as a function sees it. `raw` collects what the function's actions print."""

    def __init__(self, root: Path, caller: Caller, parameters: dict[str, str]) -> None:
        self.root = root
        self.caller = caller
        self.parameters = parameters
        self.raw = ""

    def values(self, name: str) -> list[str]:
        """All values of a parameter that may come as `name`, `name-1`, `name-2` … or repeated."""
        pattern = re.compile(rf"{re.escape(name)}(-\d+)?\Z")
        return [value for key, value in self.parameters.items() if pattern.match(key)]


def parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Decoded pairs as WHM sees them: a repeated `ip` becomes `ip-0`, `ip-1` …"""
    result: dict[str, str] = {}
    for name, value in pairs:
        key, repeat = name, 0
        while key in result:
            key, repeat = f"{name}-{repeat}", repeat + 1
        result[key] = value
    return result


def answer(root: Path, caller: Caller, function: str, given: dict[str, str]) -> dict[str, Any]:
    """The API 1 envelope of one call. Raises Forbidden."""
    if function == "batch":
        results = _batch(root, caller, given)
        refused = [one["metadata"]["command"] for one in results if not one["metadata"]["result"]]
        reason = f"Refused: {', '.join(refused)}" if refused else "OK"
        instead = faults.content(root, "batch-data")
        data = {"result": results} if instead is None else json.loads(instead)
        return _envelope("batch", data, reason=reason, result=int(not refused))
    call = Call(root, caller, given)
    try:
        data = _run(call, function)
    except Forbidden:
        raise
    except Refused as refused:
        return _envelope(function, refused.data, reason=refused.reason, result=0, raw=call.raw)
    return _envelope(function, data, raw=call.raw)


def as_api_0(envelope: dict[str, Any]) -> dict[str, Any]:
    """The same answer in the older shape: no metadata; `status` and `statusmsg` beside the data."""
    metadata = envelope["metadata"]
    if metadata["result"]:
        return {**envelope.get("data", {}), "status": 1, "statusmsg": "Ok"}
    return {"cpanelresult": {"error": metadata["reason"]}, "status": 0, "statusmsg": metadata["reason"]}


def _run(call: Call, function: str) -> Data:
    if function not in FUNCTIONS:
        raise Refused(f'Unknown app ("{function}") requested for this version (1) of the API.')
    module, privilege = FUNCTIONS[function]
    if not call.caller.may(privilege):
        raise Forbidden(f"You do not have permission to call {function}.")
    reason = faults.refusal(call.root, function)
    if reason is not None:
        raise Refused(reason)
    if function in _WRITING and faults.is_on(call.root, "whmapi1-ok-without-doing"):
        return None
    work: Callable[[Call], Data] = getattr(import_module(f"tests.sandbox.whm.{module}"), function)
    return work(call)


def _batch(root: Path, caller: Caller, given: dict[str, str]) -> list[dict[str, Any]]:
    results = []
    for command in Call(root, caller, given).values("command"):
        function, _, query = command.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        try:
            result = answer(root, caller, function, parameters(pairs))
        except Forbidden as refused:
            result = _envelope(function, None, reason=refused.reason, result=0)
        results.append(result)
        if given.get("abort_on_error") == "1" and not result["metadata"]["result"]:
            break
    return results


def _envelope(
    function: str, data: Data, reason: str = "OK", result: int = 1, raw: str = ""
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"version": 1, "reason": reason, "result": result, "command": function}
    if raw:
        metadata["output"] = {"raw": raw}
    return {"metadata": metadata} if data is None else {"data": data, "metadata": metadata}
