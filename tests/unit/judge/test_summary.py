"""The sentence about a domain counts the rows that the tester prints, each host's for itself."""

from __future__ import annotations

from typing import Any

import pytest

from mxverdict.findings import Finding, Row, Verdict
from mxverdict.judge.summary import about_domain

FALSE, HARMLESS, REAL = Verdict.FALSE_POSITIVE, Verdict.ADVISORY, Verdict.PROBLEM
UNKNOWN, OK = Verdict.UNKNOWN, Verdict.OK
TLS, NS = (
    ("smtp.starttls", "SMTP TLS", "smtp"),
    ("dns.ns.subnet", "DNS Servers are on Different Subnets", "dns"),
)
SPF, OWN = ("spf.record", "SPF Record Published", "spf"), ("mx.server", "This server", "mx")


def finding(row: tuple[str, str, str], host: str, verdict: Verdict, level: str = "warning") -> Finding:
    return Finding(Row(row[0], row[1], level, "words", row[2], host), verdict, "why")


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], "M will report no problem."),
        ([(TLS, "a", FALSE), (TLS, "b", FALSE)], "M will report 2 problems. None of them is real."),
        ([(NS, "d", HARMLESS)], "M will report 1 problem. It is true but harmless."),
        (
            [(TLS, "a", FALSE), (NS, "d", HARMLESS)],
            "M will report 2 problems. None of them is a real problem. 1 is true but harmless.",
        ),
        (
            [(TLS, "a", FALSE), (NS, "d", HARMLESS), (SPF, "d", REAL)],
            "M will report 3 problems. 1 of them is real. 1 is true but harmless.",
        ),
        (
            [(TLS, "a", FALSE), (SPF, "d", UNKNOWN)],
            "M will report 2 problems. 1 could not be checked.",
        ),
        ([(OWN, "d", HARMLESS)], "M will report no problem."),
        ([(OWN, "d", REAL)], "M will report no problem. There is 1 real problem that it does not name."),
        (
            [(TLS, "a", REAL, "ok"), (OWN, "d", REAL)],
            "M will report no problem. There are 2 real problems that it does not name.",
        ),
        ([(SPF, "d", UNKNOWN, "unknown")], "What M will report could not be told."),
        ([(OWN, "d", UNKNOWN, "unknown")], "M will report no problem."),
    ],
)
def test_the_sentence_about_a_domain(findings: list[tuple[Any, ...]], expected: str) -> None:
    assert about_domain("M", [finding(*one) for one in findings]) == expected
