"""Notes in the audit trail who had what checked, and what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Optional

from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.errors import JournalError, MxVerdictError
from mxverdict.host import Host
from mxverdict.i18n.message import translate

if TYPE_CHECKING:
    from mxverdict.findings import Finding, Report, Verdict


def audit_check(host: Host, actor: Actor, targets: Sequence[str], verdicts: Iterable[Verdict]) -> None:
    """`targets` are what was checked, none for a pasted report that does not say it. A trail that cannot be
    written holds up no check."""
    from mxverdict.findings import Verdict

    counts = Counter(verdicts)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    _note(host, actor, targets, told)


def counted_findings(report: Report) -> tuple[Finding, ...]:
    """What the page of a check counts: the rows about its domains, or all when it is about none."""
    return tuple(one for domain in report.domains for one in domain.findings) or report.findings


@contextmanager
def audit_failure(host: Host, actor: Actor, targets: Sequence[str]) -> Iterator[None]:
    """Notes why a check ends without a result."""
    try:
        yield
    except MxVerdictError as error:
        _note(host, actor, targets, str(error))
        raise


def format_outcome(result: str) -> str:
    """What was noted, in words: how many of each verdict, or why nothing could be checked."""
    counted = _counted(result)
    return (
        translate(result)
        if counted is None
        else " · ".join(f"{one.label}: {count}" for count, one in counted)
    )


def is_counted(result: str) -> bool:
    """Whether what was noted is how many of each verdict there are."""
    return _counted(result) is not None


def _counted(result: str) -> Optional[list[tuple[str, Verdict]]]:
    from mxverdict.findings import Verdict

    parts = [part.partition(" ") for part in result.split(", ")]
    try:
        return [(count, Verdict(name)) for count, _space, name in parts]
    except ValueError:
        return None


def _note(host: Host, actor: Actor, targets: Sequence[str], result: str) -> None:
    with suppress(JournalError):
        log.record(host, actor, "check", addresses=targets, result=result)
