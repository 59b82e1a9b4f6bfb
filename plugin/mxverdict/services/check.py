"""One check: collect, then judge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Optional

from mxverdict import testers as catalogue
from mxverdict.collect.collector import BUDGET, collect_evidence
from mxverdict.collect.progress import Progress
from mxverdict.collect.smtp_probe import REPLY_TIMEOUT
from mxverdict.errors import UsageError
from mxverdict.evidence import Evidence
from mxverdict.evidence.audience import Audience
from mxverdict.findings import Report
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.judge.engine import judge
from mxverdict.judge.partial import judge_parts
from mxverdict.testers import Tester
from mxverdict.whm.api import LocalWhmApi, WhmApi


def select_testers(names: Sequence[str], host: Optional[Host] = None) -> tuple[Tester, ...]:
    """The testers of those names, the usual ones without a name; with the addresses added on `host`. Raises
    UsageError for an unknown one."""
    return catalogue.load(host=host).select(names)


def run(
    host: Host,
    *,
    targets: Sequence[str] = (),
    testers: Sequence[str] = (),
    api: Optional[WhmApi] = None,
    progress: Optional[Progress] = None,
    reply_timeout: float = REPLY_TIMEOUT,
    budget: float = BUDGET,
) -> tuple[Evidence, Report]:
    """Check this server (see `collect.collector.collect_evidence` for the targets, the times and the
    errors)."""
    selected = select_testers(testers, host)
    evidence = collect_evidence(
        host,
        api or LocalWhmApi(host),
        selected,
        targets,
        progress,
        reply_timeout=reply_timeout,
        budget=budget,
    )
    return evidence, judge_evidence(evidence, testers, host)


def judge_evidence(
    evidence: Evidence,
    testers: Sequence[str] = (),
    host: Optional[Host] = None,
    audience: Audience = Audience.ROOT,
) -> Report:
    """Judge evidence, fresh or stored, for the testers it was collected for or some of them. `host` is the
    server it was collected on, when this is that one.

    Raises UsageError for a tester that it holds nothing of.
    """
    selected = select_testers(testers or evidence.testers, host)
    for tester in selected:
        if tester.name not in evidence.testers:
            raise UsageError(
                Message(
                    "nothing was gathered for {tester}, only for {testers}",
                    tester=tester.name,
                    testers=", ".join(evidence.testers),
                )
            )
    return judge(evidence, selected, catalogue.load().senders, audience)


def judge_partial_evidence(
    evidence: Evidence,
    complete: Collection[str],
    host: Optional[Host] = None,
    audience: Audience = Audience.ROOT,
) -> Report:
    """Judge what a check that still runs has found (see `judge_partial`). Raises as `judge_evidence`."""
    selected = select_testers(evidence.testers, host)
    return judge_parts(evidence, selected, catalogue.load().senders, complete, audience)
