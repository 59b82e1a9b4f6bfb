"""Imported by the page's program in these tests: reports of domains made by hand instead of judged ones.

Files of the sandbox steer it: `sandbox/hand-made-slow` holds the seconds that a check of a domain takes more,
`sandbox/hand-made-hostile` a text that stands in every place that outside text can get to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from mxverdict import check
from mxverdict.evidence import Evidence
from mxverdict.findings import DomainReport, Finding, Report, Row, Verdict
from mxverdict.host import Host
from tests.unit.report_maker import domain_report

SLOW = "sandbox/hand-made-slow"
HOSTILE = "sandbox/hand-made-hostile"
STEPS = ("asking the name servers", "asking the blocklists")


def _said(name: str) -> str:
    file = Host.from_environment().root / name
    return file.read_text() if file.exists() else ""


def _hostile(text: str) -> DomainReport:
    row = Row(text, "error", text, "dns", text, (text,))
    return DomainReport(text, text, tuple(Finding(row, verdict, text, (text,), text) for verdict in Verdict))


def _install(
    run: Callable[..., tuple[Evidence, Report]], again: Callable[[Evidence, Sequence[str]], Report]
) -> None:
    def slow_run(
        host: Host,
        *,
        targets: Sequence[str] = (),
        progress: Callable[[str], None] = lambda _: None,
        **options: object,
    ) -> tuple[Evidence, Report]:
        for step in STEPS if targets else ():
            progress(step)
            time.sleep(float(_said(SLOW) or 0) / len(STEPS))
        return run(host, targets=targets, progress=progress, **options)

    def judge(evidence: Evidence, testers: Sequence[str] = ()) -> Report:
        hostile = _said(HOSTILE)
        domain = _hostile(hostile) if hostile else domain_report()
        return replace(again(evidence, testers), domains=(domain,))

    vars(check).update(run=slow_run, again=judge)


_install(check.run, check.again)
