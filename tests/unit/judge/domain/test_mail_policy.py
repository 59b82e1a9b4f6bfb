"""SPF and DMARC judged from tables, without a network."""

from __future__ import annotations

import time

import pytest

from mxverdict.evidence.policy import DnsAnswer, Policy
from mxverdict.judge.domain.mail_policy import judge_policy
from mxverdict.mailauth.spf.tree import TREE_LIMIT, table, walk
from mxverdict.testers import row_texts
from tests.table import case, dmarc, spf
from tests.unit.policy_cases import TABLES, Case, cases, policy_of


@pytest.mark.parametrize("case", [*cases("spf"), *cases("dmarc")], ids=str)
def test_findings(case: Case) -> None:
    case.check(policy_of(case))


@pytest.mark.parametrize(
    "record", [*dmarc.cases(TABLES / "dmarc.tsv"), *spf.cases(TABLES / "spf.tsv")], ids=str
)
def test_what_a_record_says(record: case.Case) -> None:
    assert record.wrong() == []


@pytest.mark.parametrize("table", ["spf", "dmarc"])
def test_every_row_of_the_tester_is_tried_both_ways(table: str) -> None:
    found = [f for case in cases(table) for f in case.findings(policy_of(case))]
    for name, words in row_texts.load(table).items():
        levels = {f.row.level for f in found if f.row.name == name}
        assert {"ok", words.level} <= levels, name


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 " + "include:a.test " * 4000,
        "v=spf1 " + " ".join(f"include:i{n}.test" for n in range(4000)),
        "v=spf1 " + "a" * 60000,
        "v=spf1 " + "%{" * 30000,
        "v=spf1 exists:" + "%{d1r.-+,/_=}" * 4000,
        "v=spf1 a/" + "9" * 60000,
        "v=spf1 ip4:" + "1" * 60000,
        "v=spf1 " + "x" * 30000 + "=" + "%" * 30000,
    ],
    ids=lambda text: text[:30],
)
def test_a_huge_record_is_judged_soon(text: str) -> None:
    answers = (
        DnsAnswer("huge.test", "TXT", (text,)),
        DnsAnswer("a.test", "TXT", ("v=spf1 include:huge.test",)),
    )
    policy = Policy(
        "huge.test", answers, DnsAnswer("huge.test", "SPF"), (DnsAnswer("_dmarc.huge.test", "TXT"),)
    )
    started = time.monotonic()
    findings = judge_policy(policy, ["203.0.113.10"])
    assert time.monotonic() - started < 5
    assert all(len(line) < 1000 for finding in findings for line in finding.evidence)
    assert all(len(finding.evidence) <= 20 for finding in findings)
    assert len(walk("huge.test", table(answers)).domains) <= TREE_LIMIT


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("v=DMARC1;" + "p=none;" * 8000, "problem"),
        ("v=DMARC1; p=reject; pct=" + "9" * 4050, "advisory"),
        ("v=DMARC1; p=none; rua=" + "mailto:a@b.test," * 300, "ok"),
        ("v=DMARC1; p=reject; " + "x;" * 8000, "advisory"),
        ("v=DMARC1; p=reject; p=" + "n" * 60000, "advisory"),
        ("v=DMARC1;" + " " * 60000, "problem"),
    ],
    ids=lambda text: text[:30],
)
def test_a_huge_dmarc_record_is_judged_soon(text: str, verdict: str) -> None:
    answers = (DnsAnswer("_dmarc.huge.test", "TXT", (text,)),)
    policy = Policy("huge.test", (), DnsAnswer("huge.test", "SPF"), answers)
    started = time.monotonic()
    findings = judge_policy(policy, [])
    assert time.monotonic() - started < 5
    assert all(len(line) < 1000 for finding in findings for line in finding.evidence)
    assert [f.verdict.value for f in findings if f.row.name == "DMARC Syntax Check"] == [verdict]
