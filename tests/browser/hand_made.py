"""Imported by the page's program in these tests: reports of domains made by hand instead of judged ones.

Files of the sandbox steer it: while WAIT holds a step, the check of a domain stays at it; FAIL holds the
words with which it fails; HOSTILE holds a text that stands in every place that outside text can get to; with
REAL nothing is made by hand.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Optional

from mxverdict.collect.progress import Progress
from mxverdict.errors import NoLocalTargetError
from mxverdict.evidence import Evidence
from mxverdict.findings import DomainReport, Finding, Report, Row, Verdict
from mxverdict.host import Host
from mxverdict.i18n.message import from_json
from mxverdict.services import check
from tests.browser.hand_made_files import FAIL, HOSTILE, REAL, WAIT
from tests.unit.report_maker import domain_report


def _said(name: str) -> str:
    file = Host.from_environment().root / name
    try:
        return from_json(json.loads(file.read_text()))
    except FileNotFoundError:
        return ""


def _hostile(text: str) -> DomainReport:
    rows = (
        Row("dns.glue", text, "error", text, "dns", text, (text,)),
        Row("smtp.starttls", "SMTP TLS", "error", text, "smtp", text, (text,)),
    )
    findings = (Finding(row, verdict, text, (text,), text) for verdict in Verdict for row in rows)
    return DomainReport(text, text, tuple(findings))


def _install(run: Callable[..., tuple[Evidence, Report]], again: Callable[..., Report]) -> None:
    def slowed(
        host: Host,
        *,
        targets: Sequence[str] = (),
        progress: Optional[Progress] = None,
        **options: object,
    ) -> tuple[Evidence, Report]:
        while targets and (step := _said(WAIT)):
            (progress or Progress()).step(step)
            time.sleep(0.1)
        if targets and _said(FAIL):
            raise NoLocalTargetError(_said(FAIL))
        evidence, report = run(host, targets=targets, progress=progress, **options)
        if not targets and (text := _said(HOSTILE)):
            report = replace(report, hostname=text, exim_version=text, summary=text, remarks=(text,))
        return evidence, report

    def judge(evidence: Evidence, *arguments: object, **named: object) -> Report:
        if _said(REAL):
            return again(evidence, *arguments, **named)
        hostile = _said(HOSTILE)
        domain = _hostile(hostile) if hostile else domain_report()
        return replace(again(evidence, *arguments, **named), domains=(domain,))

    vars(check).update(run=slowed, judge_evidence=judge)


_install(check.run, check.judge_evidence)
