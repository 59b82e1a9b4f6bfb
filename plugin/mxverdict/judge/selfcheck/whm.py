"""WHM API 1: each call that the product makes, and how WHM refuses."""

from __future__ import annotations

from typing import Optional

from mxverdict.evidence.selfcheck import ApiCall, Selfcheck, WhmFacts
from mxverdict.judge.selfcheck.item import Item, item

_NEEDED = ("set_tweaksetting", "create_cpgreylist_trusted_host", "delete_cpgreylist_trusted_host")
_MEANINGS = {
    "version": "No feature depends on it.",
    "gethostname": "The host name is taken from Exim instead.",
    "listips": "Only the addresses that the server's name resolves to are checked, unless others are named.",
    "get_tweaksetting": "The check reports the setting of the delay as unknown.",
    "contact": "Notifications go to root's mailbox, unless MX Verdict's settings name a contact.",
    "cpgreylist_status": "A test window that exempts a tester is refused, since greylisting could still "
    "defer it.",
    "read_cpgreylist_trusted_hosts": (
        "Trusted hosts are taken for none; /etc/greylist_trusted_netblocks decides whether a window has "
        "closed."
    ),
    "get_domain_info": "Resellers get an error instead of their domains.",
}
_OUTCOMES = {
    "ok": "answered",
    "refused": "refused",
    "unreachable": "whmapi1 cannot be run",
    "not_json": "the answer is not WHM API 1 JSON",
    "timeout": "no answer in time",
    "not_asked": "not asked, since WHM did not answer the first call",
}


def whm_items(evidence: Selfcheck) -> list[Item]:
    whm = evidence.whm
    calls = {one.function: one for one in whm.calls}
    read = [_call(name, calls.get(name, ApiCall(name, "not_asked")), whm) for name in _MEANINGS]
    refusals = [
        _refusal("whm.refusal", calls.get("refused"), "an unknown setting"),
        _refusal("whm.unknown_function", calls.get("unknown_function"), "an unknown function"),
    ]
    return [*read, _functions(whm, calls.get("applist")), *refusals, _batch(whm, calls), _decoding(whm)]


def _call(name: str, call: ApiCall, whm: WhmFacts) -> Item:
    found = "; ".join(call.faults) or _OUTCOMES.get(call.outcome, call.outcome)
    if call.value and not call.faults:
        found += f", value is {'left out' if call.value == 'absent' else f'a JSON {call.value}'}"
    good = {"ok": not call.faults, "refused": False, "not_json": False}.get(call.outcome)
    if name == "read_cpgreylist_trusted_hosts" and call.outcome == "refused" and whm.greylisting is False:
        good, found = True, "refused, as expected while greylisting is off"
    return item(f"whm.{name}", good, found, "the fields that the product reads", _MEANINGS[name])


def _functions(whm: WhmFacts, call: Optional[ApiCall]) -> Item:
    missing = [name for name in _NEEDED if name not in whm.functions]
    good = None if call is None or not whm.listed else not missing
    found = "WHM does not list its functions"
    if whm.listed:
        found = f"without {', '.join(missing)}" if missing else "all of them"
    return item(
        "whm.applist",
        good,
        found,
        "WHM lists the functions that test windows use",
        "A test window that needs the missing function fails to open and is rolled back.",
    )


def _refusal(id: str, call: Optional[ApiCall], what: str) -> Item:
    outcome = call.outcome if call else "not_asked"
    found = _OUTCOMES.get(outcome, outcome)
    if call and call.status is not None:
        found += f", exit status {call.status}"
    return item(
        id,
        {"refused": True, "ok": False, "not_json": False}.get(outcome),
        found,
        f"metadata.result is 0 for {what}; the exit status does not matter",
        "A call that WHM did not carry out passes for done; every window is verified by its effect all "
        "the same.",
    )


def _batch(whm: WhmFacts, calls: dict[str, ApiCall]) -> Item:
    asked = calls.get("version", ApiCall("version", "not_asked")).outcome == "ok"
    return item(
        "whm.batch",
        whm.batch_answers == 2 if asked else None,
        f"{whm.batch_answers} of 2 answers, top-level result {'none' if whm.batch is None else whm.batch}",
        "a batch with one refused command holds all answers",
        "One refused command leaves all facts from WHM unknown.",
    )


def _decoding(whm: WhmFacts) -> Item:
    return item(
        "whm.decoding",
        whm.decodes,
        {True: "decoded", False: "not decoded", None: "cannot be told"}[whm.decodes],
        "whmapi1 URI-decodes the values of its parameters",
        "Comments with special characters are stored encoded; entries of a window are then not "
        "recognized as its own.",
    )
