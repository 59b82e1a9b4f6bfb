from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mxverdict.evidence import Evidence
from mxverdict.findings import DomainReport, Report
from mxverdict.host import Host
from mxverdict.i18n.catalog import activate
from tests.unit.evidence_maker import evidence
from tests.unit.report_maker import domain_report

Checked = tuple[Evidence, Report]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture(autouse=True)
def _english() -> None:
    """A page speaks its visitor's language, and leaves it to whatever comes next in the process."""
    activate("en")


@pytest.fixture(autouse=True)
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[Host], Checked]]:
    """What a check answers: the last entry is called; it may raise."""
    from mxverdict.services import check

    said = evidence()
    answers: list[Callable[[Host], Checked]] = [lambda host: (said, check.judge_evidence(said))]

    def run(host: Host, **_: object) -> Checked:
        return answers[-1](host)

    monkeypatch.setattr("mxverdict.services.check.run", run)
    return answers


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[DomainReport]:
    """Reports of domains that every judgement holds."""
    from mxverdict.services import check

    again = check.judge_evidence
    domains = [domain_report()]

    def judge(evidence: Evidence, testers: Sequence[str] = (), **named: Any) -> Report:
        return replace(again(evidence, testers, **named), domains=tuple(domains))

    monkeypatch.setattr("mxverdict.services.check.judge_evidence", judge)
    return domains
