"""Checks this server for what a pasted report is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

from mxverdict.collect.progress import Progress
from mxverdict.collect.smtp_probe import REPLY_TIMEOUT
from mxverdict.errors import NoLocalTargetError, UsageError
from mxverdict.evidence import Evidence, seen_by
from mxverdict.evidence.audience import Audience
from mxverdict.findings import Report
from mxverdict.host import Host
from mxverdict.net import target
from mxverdict.pasted import Explanation, Pasted, Subject, answer
from mxverdict.services import check
from mxverdict.whm.api import WhmApi

SUBJECTS_LIMIT = 20
"""So many of the names and addresses in a report are looked at."""


@dataclass(frozen=True)
class StoredPastedReport:
    """What a pasted report can be answered from. `evidence` and `report` are None when nothing that it is
    about is this server; `own` maps each name and address of it to this server's addresses, `unresolved` are
    those names of it that have no address at all."""

    evidence: Optional[Evidence]
    report: Optional[Report]
    own: dict[str, tuple[str, ...]]
    unresolved: tuple[str, ...] = ()

    def seen_by(self, audience: Audience) -> StoredPastedReport:
        """The same without what `audience` may not see."""
        if self.evidence is None or audience is Audience.ROOT:
            return self
        collected = seen_by(self.evidence, audience)
        return replace(self, evidence=collected, report=check.judge_evidence(collected, audience=audience))

    def explain(self, pasted: Pasted, about: Sequence[str] = ()) -> Explanation:
        """The answer; `about` is what the report is about where it does not say so itself."""
        if not pasted.subjects:
            pasted = replace(pasted, subjects=tuple(Subject("", subject) for subject in about))
        lists = self.evidence.blocklists if self.evidence is not None else None
        return answer(pasted, self.report, self.own, lists, self.unresolved)


def run(
    host: Host,
    pasted: Pasted,
    *,
    about: Sequence[str] = (),
    testers: Sequence[str] = (),
    api: Optional[WhmApi] = None,
    progress: Optional[Progress] = None,
    reply_timeout: float = REPLY_TIMEOUT,
) -> StoredPastedReport:
    """Check this server for the testers of a report and for what it is about (`about` adds to that). Refusals
    of mail servers alone are answered without looking at the server.

    Raises UsageError (unknown tester), CommandNotFoundError and other HostError (there is no working Exim).
    """
    if pasted.refusals and not pasted.rows:
        return StoredPastedReport(None, None, {})
    named = list(dict.fromkeys([*about, *subjects_of(pasted)]))[:SUBJECTS_LIMIT]
    try:
        evidence, report = check.run(
            host,
            targets=named,
            testers=testers or pasted.testers,
            api=api,
            progress=progress,
            reply_timeout=reply_timeout,
        )
    except NoLocalTargetError as error:
        if not named:
            raise
        return StoredPastedReport(None, None, dict.fromkeys(named, ()), error.unresolved)
    own = {asked.name: asked.addresses for asked in evidence.asked}
    return StoredPastedReport(
        evidence, report, own, tuple(asked.name for asked in evidence.asked if not asked.resolves)
    )


def subjects_of(pasted: Pasted) -> tuple[str, ...]:
    """The domains, names and addresses a report is about, each as `parse_target` writes it."""
    found: dict[str, None] = {}
    for subject in pasted.subjects:
        try:
            found[target.parse_target(subject.argument)] = None
        except UsageError:
            continue
    return tuple(found)
