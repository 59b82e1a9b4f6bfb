"""The name in the banner by the strict rule, and names of outgoing mail that the sandbox cannot show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mxverdict.evidence import Forward, ProbeStage, Reply, ReverseDns, Target
from mxverdict.evidence.outgoing import Outgoing
from mxverdict.findings import Verdict
from mxverdict.judge.server.banner_names import judge_names
from mxverdict.judge.server.sender_identity import judge_outgoing
from tests.unit.evidence_maker import HOSTNAME, SERVER, evidence, probe, reverse

GOOD = Outgoing(
    domains=("*",),
    local_address=SERVER,
    address=SERVER,
    address_source="the kernel's choice",
    helo=HOSTNAME,
    helo_source="Exim's primary_hostname",
    forward=Forward(HOSTNAME, (SERVER,)),
    reverse=reverse(HOSTNAME),
)


def banner(text: str, names: ReverseDns) -> tuple[str, str]:
    said = replace(probe(), stages=(ProbeStage("connect", "", Reply(220, (text,)), 0.01),))
    (finding,) = judge_names(evidence(probes=(said,), reverse_dns=(names,)))
    assert finding.row.category == "smtp"
    return finding.row.text, finding.verdict.value


@pytest.mark.parametrize(
    ("text", "names", "verdict"),
    [
        (f"{HOSTNAME} ESMTP", reverse(HOSTNAME), "ok"),
        (f"{HOSTNAME.upper()} ESMTP", reverse(HOSTNAME), "ok"),
        (f"mail.{HOSTNAME} ESMTP", reverse(HOSTNAME), "advisory"),
        (f"welcome to {HOSTNAME}", reverse(HOSTNAME), "advisory"),
        (f"{HOSTNAME} ESMTP", reverse("other.example"), "problem"),
        (f"{HOSTNAME} ESMTP", reverse(HOSTNAME, back=False), "problem"),
        (f"{HOSTNAME} ESMTP", reverse(), "problem"),
        (f"{HOSTNAME} ESMTP", reverse(error="timed out"), "unknown"),
        (
            f"{HOSTNAME} ESMTP",
            ReverseDns(SERVER, (HOSTNAME,), (Forward(HOSTNAME, (), "timed out"),)),
            "unknown",
        ),
        ("", reverse(HOSTNAME), "problem"),
    ],
)
def test_name_in_the_banner(text: str, names: ReverseDns, verdict: str) -> None:
    assert banner(text, names)[1] == verdict


def test_a_ptr_name_without_an_address_does_not_resolve() -> None:
    nowhere = ReverseDns(SERVER, (HOSTNAME,), (Forward(HOSTNAME, ()),))
    (named,) = judge_names(evidence(reverse_dns=(nowhere,)))
    (ptr,) = [f for f in judge_outgoing(replace(GOOD, reverse=nowhere)) if f.id == "outgoing.ptr"]
    for found in (named, ptr):
        assert (found.verdict, "does not resolve" in found.why) == (Verdict.PROBLEM, True)
    elsewhere = reverse(HOSTNAME, back=False)
    (named,) = judge_names(evidence(reverse_dns=(elsewhere,)))
    (ptr,) = [f for f in judge_outgoing(replace(GOOD, reverse=elsewhere)) if f.id == "outgoing.ptr"]
    assert not any("does not resolve" in found.why for found in (named, ptr))


def test_a_banner_that_was_not_read_is_unknown() -> None:
    (finding,) = judge_names(evidence(probes=(probe(failure="hung up"),)))
    assert (finding.verdict, finding.evidence) == (Verdict.UNKNOWN, ("hung up",))


def verdicts(one: Outgoing) -> list[tuple[str, str]]:
    return [(finding.row.name, finding.verdict.value) for finding in judge_outgoing(one)]


HELO, PTR = "HELO name of outgoing mail", "PTR of the sending address"


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (GOOD, [(HELO, "ok"), (PTR, "ok")]),
        (replace(GOOD, helo="CP1.Example.Net"), [(HELO, "ok"), (PTR, "ok")]),
        (replace(GOOD, helo="[203.0.113.10]", forward=None), [(HELO, "problem"), (PTR, "advisory")]),
        (replace(GOOD, helo="under_score.example.net"), [(HELO, "problem"), (PTR, "advisory")]),
        (replace(GOOD, forward=None), [(HELO, "unknown"), (PTR, "ok")]),
        (replace(GOOD, forward=Forward(HOSTNAME, (), "timed out")), [(HELO, "unknown"), (PTR, "ok")]),
        (replace(GOOD, forward=Forward(HOSTNAME, (SERVER,), "AAAA failed")), [(HELO, "ok"), (PTR, "ok")]),
        (replace(GOOD, reverse=None), [(HELO, "ok"), (PTR, "unknown")]),
        (replace(GOOD, reverse=reverse(error="timed out")), [(HELO, "ok"), (PTR, "unknown")]),
        (
            replace(GOOD, reverse=ReverseDns(SERVER, (HOSTNAME,), (Forward(HOSTNAME, (), "late"),))),
            [(HELO, "ok"), (PTR, "unknown")],
        ),
        (
            replace(GOOD, local_address="10.0.0.1", address="10.0.0.1"),
            [(HELO, "unknown"), (PTR, "unknown")],
        ),
        (replace(GOOD, error="no Exim"), [("Outgoing mail set-up", "unknown")]),
    ],
)
def test_outgoing(one: Outgoing, found: list[tuple[str, str]]) -> None:
    assert verdicts(one) == found


def test_findings_of_both_families_are_not_told_twice() -> None:
    twice = replace(GOOD, domains=("*",), error="no Exim")
    usual = evidence(targets=(Target(SERVER, SERVER),), outgoing=(twice, twice))
    assert len(judge_names(usual)) == 2


def test_many_domains_are_counted() -> None:
    many = replace(GOOD, domains=tuple(f"{letter}.example" for letter in "abcdefg"))
    shown = judge_outgoing(many)[0].row.host
    assert shown == "a.example, b.example, c.example, d.example, e.example and 2 more"
