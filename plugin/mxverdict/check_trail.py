"""Notes in the audit trail who had what checked, and what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress

from mxverdict.errors import JournalError
from mxverdict.findings import Verdict
from mxverdict.host import Host
from mxverdict.window import Actor, audit


def note_check(host: Host, actor: Actor, targets: Sequence[str], verdicts: Iterable[Verdict]) -> None:
    """`targets` are what was checked, none for a pasted report that does not say it. A trail that cannot be
    written holds up no check."""
    counts = Counter(verdicts)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    with suppress(JournalError):
        audit.record(host, actor, "check", addresses=targets, result=told)


def tally(result: str) -> str:
    """What `note_check` kept of the verdicts, in words."""
    return " · ".join(map(_told, result.split(", ")))


def _told(part: str) -> str:
    count, _space, name = part.partition(" ")
    try:
        return f"{Verdict(name).label}: {count}"
    except ValueError:
        return part
