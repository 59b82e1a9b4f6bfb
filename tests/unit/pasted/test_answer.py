"""What a pasted row is answered with, by the state of the server (`tests/tables/answers.json`)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest

from mxverdict import testers
from mxverdict.findings import Finding, Report, Row, Verdict
from mxverdict.judge.engine import judge
from mxverdict.pasted import answer, recognise
from tests.unit.evidence_maker import EHLO, MXTOOLBOX, OK, evidence, preview, probe, reverse
from tests.unit.report_maker import domain_report

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "tables" / "answers.json").read_text(encoding="utf-8")
)
WITHOUT_TLS = replace(EHLO, lines=tuple(line for line in EHLO.lines if line != "STARTTLS"))
SERVERS: dict[str, dict[str, Any]] = {
    "delayed": {},
    "let in": {"previews": (preview(),)},
    "without TLS": {
        "previews": (preview(replies={"ehlo": WITHOUT_TLS}),),
        "probes": (probe(ehlo=WITHOUT_TLS),),
    },
    "without a PTR": {"reverse_dns": (reverse(),)},
    "without DNS": {"reverse_dns": (reverse(error="no answer within 3 s"),)},
    "relaying": {"previews": (preview(replies={"rcpt": OK}),)},
}


def report_of(case: dict[str, Any]) -> Optional[Report]:
    if case["server"] == "elsewhere":
        return None
    report = judge(evidence(**SERVERS[case["server"]]), [MXTOOLBOX], testers.load().senders)
    return replace(report, domains=(domain_report(),)) if case.get("domain") else report


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['server']}: {case['pasted'][:40]!r}")
def test_answers(case: dict[str, Any]) -> None:
    made = answer(recognise(case["pasted"]), report_of(case), case.get("own"))
    found = [(one.row.name, one.verdict.value, one.why, list(one.differences)) for one in made.answers]
    expected = case["answers"]
    assert [(name, verdict) for name, verdict, _, _ in found] == [
        (name, verdict) for name, verdict, _, _ in expected
    ]
    for (_, _, why, differences), (_, _, words, told) in zip(found, expected):
        assert words in why
        assert differences == told
    assert made.opening == case["opening"]
    assert made.exit_status == case["exit"]


def test_a_verdict_comes_with_its_proof_and_what_to_do() -> None:
    (one,) = answer(recognise("SMTP TLS Warning - Does not support TLS."), report_of(CASES[0])).answers
    assert any("Real handshake: TLSv1.3" in line for line in one.evidence)
    assert one.todo == "To show it a clean report, open a test window."
    assert (one.place, one.now) == ("203.0.113.10", "Warning - Does not support TLS.")


def test_a_report_about_nothing_is_taken_to_be_about_this_server_and_it_is_said() -> None:
    made = answer(recognise("SMTP TLS Warning - Does not support TLS."), report_of(CASES[0]))
    assert made.remarks == ("The report does not say what it is about; it is taken to be about this server.",)


def test_what_is_not_recognised_is_carried_along() -> None:
    made = answer(recognise("SMTP TLS Warning - Does not support TLS.\nSMTP Foo  bar"), report_of(CASES[0]))
    assert [line.original for line in made.unrecognised] == ["SMTP Foo  bar"]


def test_our_own_addresses_are_asked_of_the_map_first() -> None:
    """An address that the map says is another's is not judged, whatever the report holds."""
    pasted = recognise("smtp:203.0.113.10\nSMTP TLS\tWarning - Does not support TLS.")
    made = answer(pasted, report_of(CASES[0]), {"203.0.113.10": ()})
    assert made.answers[0].verdict.value == "unknown"


def test_the_report_proves_itself_that_the_tester_gave_up() -> None:
    text = (Path(__file__).parents[2] / "corpus" / "smtp_page_2026.txt").read_text(encoding="utf-8")
    made = answer(recognise(text), report_of(CASES[0]))
    told = "The report itself shows that the tester gave up after 15 s without a reply."
    assert [(one.row.name, one.evidence) for one in made.answers if told not in one.evidence] == [
        ("Headline", ())
    ]


def test_a_name_that_does_not_resolve_is_said_to_do_so() -> None:
    pasted = recognise("smtp\tmial.shop.example\tWarning - Does not support TLS.")
    elsewhere = {"mial.shop.example": ()}
    (one,) = answer(pasted, report_of(CASES[0]), elsewhere, unresolved=["mial.shop.example"]).answers
    assert (one.verdict.value, one.why.startswith("mial.shop.example does not resolve")) == ("unknown", True)
    (other,) = answer(pasted, report_of(CASES[0]), elsewhere).answers
    assert "is not this server" in other.why


def test_a_name_whose_lookup_failed_is_not_said_to_be_elsewhere() -> None:
    row = Row("mx.record", "DNS Record Published", "unknown", "?", "mx", "slow.example")
    failed = Finding(row, Verdict.UNKNOWN, "It could not be looked up.", ("SERVFAIL",))
    domain = replace(domain_report(), domain="slow.example", findings=(failed,))
    report = replace(report_of(CASES[0]) or pytest.fail(), domains=(domain,))
    pasted = recognise("smtp\tslow.example\tWarning - Does not support TLS.")
    (one,) = answer(pasted, report, {"slow.example": ()}).answers
    assert (one.verdict, one.why, one.evidence) == (Verdict.UNKNOWN, failed.why, failed.evidence)


def test_no_spf_record_as_txt_is_answered_with_the_record_there_is() -> None:
    found = domain_report()
    published = next(one for one in found.findings if one.id == "spf.record")
    old = Finding(
        Row("spf.type", "SPF Record Deprecated", "ok", "x", "spf", "shop.example"), Verdict.OK, "Fine."
    )
    text = "v=spf1 mx -all"
    published = replace(published, row=replace(published.row, details=(text,)))
    report = replace(
        report_of(CASES[0]) or pytest.fail(), domains=(replace(found, findings=(published, old)),)
    )
    pasted = recognise(
        "spf\tshop.example\tNo SPF records found as TXT. (Record type 99 (SPF) has been deprecated)"
    )
    (one,) = answer(pasted, report).answers
    assert (one.verdict, one.evidence) == (Verdict.OK, (text,))
