"""Imported by the page's program in these tests: reports of domains made by hand instead of judged ones.

Files of the sandbox steer it: while WAIT is there, the check of a domain does not go on; FAIL holds the words
with which it fails; HOSTILE holds a text that stands in every place that outside text can get to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from mxverdict import check
from mxverdict.collect.own_targets import NoTarget
from mxverdict.evidence import Evidence
from mxverdict.findings import DomainReport, Finding, Report, Row, Verdict
from mxverdict.host import Host
from tests.unit.report_maker import domain_report

WAIT = "sandbox/hand-made-wait"
FAIL = "sandbox/hand-made-fail"
HOSTILE = "sandbox/hand-made-hostile"
STEPS = ("asking the name servers", "asking the blocklists")


def _said(name: str) -> str:
    file = Host.from_environment().root / name
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


def _hostile(text: str) -> DomainReport:
    row = Row(text, "error", text, "dns", text, (text,))
    return DomainReport(text, text, tuple(Finding(row, verdict, text, (text,), text) for verdict in Verdict))


def _install(run: Callable[..., tuple[Evidence, Report]], again: Callable[..., Report]) -> None:
    def slowed(
        host: Host,
        *,
        targets: Sequence[str] = (),
        progress: Callable[[str], None] = lambda _: None,
        **options: object,
    ) -> tuple[Evidence, Report]:
        for step in STEPS if targets else ():
            progress(step)
        while targets and _said(WAIT):
            time.sleep(0.05)
        if targets and _said(FAIL):
            raise NoTarget(_said(FAIL))
        return run(host, targets=targets, progress=progress, **options)

    def judge(evidence: Evidence, testers: Sequence[str] = ()) -> Report:
        hostile = _said(HOSTILE)
        domain = _hostile(hostile) if hostile else domain_report()
        return replace(again(evidence, testers), domains=(domain,))

    vars(check).update(run=slowed, again=judge)


_install(check.run, check.again)
