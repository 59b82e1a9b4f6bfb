"""Testers without a full report, and what is judged of the server itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest

from mxverdict.evidence import DelayState, RelayListEntry, Reply, Target
from mxverdict.evidence.server import MissingFact
from mxverdict.judge.engine import judge
from mxverdict.testers import UNKNOWN_HOSTS, load
from tests.unit.evidence_maker import EHLO, MXTOOLBOX, SERVER, evidence, preview, probe

CATALOGUE = load()


@pytest.mark.parametrize(
    ("name", "delay", "text", "verdict"),
    [
        ("internet.nl", 20, "STARTTLS not testable: mail server unreachable", "false_positive"),
        ("internet.nl", 9, "STARTTLS available", "ok"),
        (
            "checkdmarc",
            20,
            "cp1.example.net: SMTP error code Connection unexpectedly closed: timed out",
            "false_positive",
        ),
        (
            "checkdmarc",
            6,
            "cp1.example.net: SMTP error code Connection unexpectedly closed: timed out",
            "false_positive",
        ),
        ("checkdmarc", 4, "starttls: true", "ok"),
        ("check_smtp", 20, "CRITICAL - Socket timeout after 10 seconds", "false_positive"),
        ("swaks", 20, "221 cp1.example.net closing connection === Connection closed with remote host.", "ok"),
    ],
)
def test_tester(name: str, delay: int, text: str, verdict: str) -> None:
    tester = CATALOGUE.tester(name)
    met = preview(connect=delay, tester=tester, address=UNKNOWN_HOSTS[4])
    (prediction,) = judge(evidence(previews=(met,)), (tester,), ()).predictions
    (finding,) = prediction.findings
    assert (finding.row.text, finding.verdict.value) == (text, verdict)


def test_a_tester_that_hangs_up_early_is_still_right_when_tls_is_missing() -> None:
    tester = CATALOGUE.tester("internet.nl")
    met = preview(connect=20, tester=tester, address=UNKNOWN_HOSTS[4])
    bare = probe(ehlo=Reply(250, EHLO.lines[:2]))
    (prediction,) = judge(evidence(previews=(met,), probes=(bare,)), (tester,), ()).predictions
    assert prediction.findings[0].verdict.value == "problem"


@pytest.mark.parametrize(
    ("settings", "row", "verdict"),
    [
        (DelayState(True, 3), "on", "ok"),
        (DelayState(False, 0), "off", "advisory"),
        (DelayState(False, 3), "WHM says off, exim.conf says on", "problem"),
        (DelayState(True, 0), "WHM says on, exim.conf says off", "problem"),
        (DelayState(True, 2), "2 of 3 delay stanzas", "advisory"),
        (DelayState(None, None), "exim.conf could not be read", "unknown"),
        (DelayState(None, 3, error="WHM did not answer"), "the setting could not be read", "unknown"),
    ],
)
def test_setting_against_configuration(settings: DelayState, row: str, verdict: str) -> None:
    findings = judge(evidence(settings=settings), (MXTOOLBOX,), ()).server
    assert (row, verdict) in {(finding.row.text, finding.verdict.value) for finding in findings}


@pytest.mark.parametrize(
    ("fact", "stanzas", "row"),
    [
        ("host name", 3, ("Host name of the server", "could not be read")),
        ("addresses", 3, ("Addresses of the server", "could not be read")),
        ("greylisting", 3, ("Greylisting", "could not be read")),
        ("delay", 3, ("Delay for unknown hosts", "setting unknown, exim.conf says on")),
        ("delay", 0, ("Delay for unknown hosts", "setting unknown, exim.conf says off")),
        ("delay", None, ("Delay for unknown hosts", "exim.conf could not be read")),
    ],
)
def test_a_missing_fact_is_reported_with_the_reason_and_the_others_stand(
    fact: str, stanzas: Optional[int], row: tuple[str, str]
) -> None:
    delay = None if fact == "delay" else True
    settings = DelayState(delay, stanzas, missing=(MissingFact(fact, "WHM refused it: a reason"),))
    findings = judge(evidence(settings=settings), (MXTOOLBOX,), ()).server
    unknown = [finding for finding in findings if finding.verdict.value == "unknown"]
    assert [(finding.row.name, finding.row.text) for finding in unknown] == [row]
    assert "WHM refused it: a reason" in (unknown[0].why, *unknown[0].evidence)
    if fact != "delay":
        assert "on" in {one.row.text for one in findings if one.row.name == "Delay for unknown hosts"}
    elif stanzas:
        assert "3 delay stanzas in exim.conf" in unknown[0].evidence


def test_a_tester_that_may_relay_is_a_problem() -> None:
    entry = RelayListEntry("/etc/skipsmtpcheckhosts", "18.209.86.113", "18.209.86.113/32")
    report = judge(evidence(relay_entries=(entry,)), (MXTOOLBOX,), ())
    assert report.server[0].verdict.value == "problem"
    assert report.exit_status == 1


def test_the_cost_of_the_delay_names_only_senders_that_give_up_before_it() -> None:
    def cost(delay: int) -> tuple[str, ...]:
        report = judge(evidence(previews=(preview(connect=delay),)), (MXTOOLBOX,), CATALOGUE.senders)
        return tuple(e for f in report.server if f.row.name == "Cost of the delay" for e in f.evidence)

    assert len(cost(20)) == 3
    assert len(cost(12)) == 2
    assert cost(0) == ()


def test_the_state_of_the_delay_is_that_of_an_unknown_host_not_of_a_whitelisted_tester() -> None:
    unknown = preview(connect=20, tester=CATALOGUE.tester("swaks"), address=UNKNOWN_HOSTS[4])
    report = judge(evidence(previews=(preview(), unknown)), CATALOGUE.testers, ())
    assert report.delay_on is True


def test_a_dead_exim_is_told_once() -> None:
    """By the tester's own row; for an address that it does not test, by ours."""
    dead = probe(failure="no connection to port 25: Connection refused")
    dead = replace(dead, stages=())
    inside = replace(dead, address="10.0.0.9")
    target, other = Target(SERVER, SERVER), Target("2001:db8::9", "10.0.0.9")
    report = judge(evidence(probes=(dead, inside), targets=(target, other)), (MXTOOLBOX,), ())
    assert [f.row.host for f in report.server if f.row.name == "SMTP"] == ["10.0.0.9"]
    assert "This server has 1 real problem that the report does not name." in report.summary
