"""Lines of the audit log without an outcome, as earlier versions wrote them: their English result
shows it."""

from __future__ import annotations

from typing import Any

from mxverdict.audit.log import Outcome, RefusedAction

_FAILED = ("rollback", "close_failed", "refuse", "refused")
_REFUSED = tuple(one.value for one in RefusedAction)


def outcome_of(action: str, result: str) -> Outcome:
    if action in _FAILED or (action == "check" and not _counts(result)):
        return Outcome.FAILED
    if action in ("open", "join") and result.startswith("begun"):
        return Outcome.BEGUN
    return Outcome.NOTED if action == "close" and result != "closed" else Outcome.DONE


def details_of(action: str, result: str) -> dict[str, Any]:
    if action == "check":
        return {"counts": _counts(result)}
    begun, colon, cause = result.partition(": ")
    if action == "refuse" and colon and begun in _REFUSED:
        return {"refused": begun, "cause": cause}
    return {}


def _counts(result: str) -> dict[str, int]:
    parts = [part.partition(" ") for part in result.split(", ")]
    if all(count.isascii() and count.isdigit() and len(count) < 10 and name for count, _, name in parts):
        return {name: int(count) for count, _, name in parts}
    return {}
