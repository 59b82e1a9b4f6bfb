"""Notes in the audit log who had what checked, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.audit.log import Outcome
from mxverdict.errors import JournalError, MxVerdictError
from mxverdict.host import Host
from mxverdict.i18n.message import message_of

if TYPE_CHECKING:
    from mxverdict.findings import Finding, Report, Verdict


def audit_check(host: Host, actor: Actor, targets: Sequence[str], verdicts: Iterable[Verdict]) -> None:
    """Note a check of `targets` (none for a pasted report that names none). Audit failures are ignored: they
    must not fail the check."""
    from mxverdict.findings import Verdict

    counted = Counter(verdicts)
    counts = {verdict.value: counted[verdict] for verdict in Verdict if counted[verdict]}
    with suppress(JournalError):
        result = ", ".join(f"{count} {name}" for name, count in counts.items())
        log.record(host, actor, "check", addresses=targets, result=result, details={"counts": counts})


def counted_findings(report: Report) -> tuple[Finding, ...]:
    """Return what the page of a check counts: the rows about its domains, or all when it is about none."""
    return tuple(one for domain in report.domains for one in domain.findings) or report.findings


@contextmanager
def audit_failure(host: Host, actor: Actor, targets: Sequence[str]) -> Iterator[None]:
    """Note why a check ends without a result."""
    try:
        yield
    except MxVerdictError as error:
        with suppress(JournalError):
            log.record(
                host, actor, "check", addresses=targets, result=message_of(error), outcome=Outcome.FAILED
            )
        raise


def format_counts(counts: Mapping[str, int]) -> str:
    """Return how many of each verdict were noted, in the current language."""
    from mxverdict.findings import Verdict

    labels = {verdict.value: verdict.label for verdict in Verdict}
    return " · ".join(f"{labels.get(name, name)}: {count}" for name, count in counts.items())
