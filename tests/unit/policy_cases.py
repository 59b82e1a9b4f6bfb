"""The cases of tests/tables/spf_rows.json and dmarc_rows.json, and evidence made from a case's zone alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxverdict.evidence.policy import DnsAnswer, Policy, ReportDestination
from mxverdict.findings import Finding
from mxverdict.judge.domain.mail_policy import judge_policy
from mxverdict.mailauth.dmarc.discovery import effective, places
from mxverdict.mailauth.spf.evaluate import STRANGERS, check_host
from mxverdict.mailauth.spf.tree import key, walk

TABLES = Path(__file__).parents[1] / "tables"
REVERSE = [
    ["10.113.0.203.in-addr.arpa", "PTR", "cp1.example.net"],
    ["cp1.example.net", "A", "203.0.113.10"],
]
"""What the sandbox's DNS says of the server in any case."""


@dataclass(frozen=True)
class Case:
    table: str
    case: str
    domain: str
    outgoing: list[str]
    zone: list[list[str]]
    rows: dict[str, str]
    says: dict[str, str]

    def __str__(self) -> str:
        return self.case

    def findings(self, policy: Policy) -> list[Finding]:
        return [f for f in judge_policy(policy, self.outgoing) if f.row.category == self.table]

    def check(self, policy: Policy) -> None:
        """Judge `policy` and compare with what the table expects."""
        findings = self.findings(policy)
        assert {f.row.name: f.verdict.value for f in findings if f.verdict.value != "ok"} == self.rows
        for name, text in self.says.items():
            assert any(text in _told(f) for f in findings if f.row.name == name), (
                f"{name} does not say {text}"
            )
        for finding in findings:
            assert finding.row.host == self.domain
            assert finding.why
            assert (finding.row.level == "ok") == (finding.verdict.value == "ok")


def cases(table: str) -> list[Case]:
    data: dict[str, Any] = json.loads((TABLES / f"{table}_rows.json").read_text(encoding="utf-8"))
    return [Case(table, **{"says": {}, **entry}) for entry in data["cases"]]


def policy_of(case: Case) -> Policy:
    """What reading the case's zone yields."""
    answers = {key(case.domain, "TXT"): _answer(case.zone, case.domain, "TXT")}
    while True:
        needed = {key(name, "TXT") for name in walk(case.domain, answers).missing}
        for sender in (*STRANGERS, *case.outgoing):
            needed.update(check_host(sender, case.domain, answers).needs)
        if not needed:
            break
        answers.update({pair: _answer(case.zone, *pair) for pair in needed})
    dmarc = [_answer(case.zone, name, "TXT") for name in places(case.domain)]
    record = effective(case.domain, dmarc)
    destinations = []
    if record is not None:
        for name in record.outside_destinations:
            place = f"{record.domain}._report._dmarc.{name}"
            destinations.append(ReportDestination(name, _answer(case.zone, place, "TXT")))
    spf_type = _answer(case.zone, case.domain, "SPF")
    return Policy(
        case.domain,
        tuple(answers.values()),
        spf_type,
        tuple(dmarc),
        tuple(destinations),
        tuple(case.outgoing),
    )


def _answer(zone: Sequence[Sequence[str]], name: str, kind: str) -> DnsAnswer:
    known = [*zone, *REVERSE]
    if any(f".{name}".endswith(f".{owner}") for owner, type_, _ in known if type_ == "ERROR"):
        return DnsAnswer(name, kind, error=f"the look-up of {kind} for {name} timed out")
    records = tuple(value for owner, type_, value in known if (owner, type_) == (name, kind))
    exists = any(f".{owner}".endswith(f".{name}") for owner, _, _ in known)
    return DnsAnswer(name, kind, records, exists)


def _told(finding: Finding) -> str:
    return "\n".join((finding.row.text, finding.why, *finding.row.details, *finding.evidence, finding.todo))
