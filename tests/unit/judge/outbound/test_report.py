"""The telnet ladder's judgement: each outcome by table, and what it means beside the others."""

from __future__ import annotations

import csv
import json
import string
from dataclasses import fields
from pathlib import Path

import pytest

from mxverdict.evidence import Reply, Tls
from mxverdict.evidence.decode import decode
from mxverdict.evidence.mail_route import MailRoute
from mxverdict.evidence.outbound import CAUSES, OutboundEvidence, Receiver
from mxverdict.findings import Finding, OutboundReport, Verdict
from mxverdict.judge.outbound import messages
from mxverdict.judge.outbound.outcome import Outcome, outcome_of
from mxverdict.judge.outbound.report import judge_outbound
from mxverdict.report.outbound import outbound_json
from tests.table import replies
from tests.table.case import Case
from tests.table.tsv import Row, read
from tests.unit.outbound_maker import HOSTNAME, SOURCE, SOURCE6, climb, ladder, receivers

TABLES = Path(__file__).parents[3] / "tables"
CAUSES_TABLE = list(csv.DictReader((TABLES / "outbound_causes.tsv").read_text().splitlines(), delimiter="\t"))
UNREACHED = climb("timeout", "connect")
PLACEHOLDERS = {
    "host", "address", "source", "helo", "domain", "sender", "recipient", "cause", "failure", "stage",
    "seconds", "reply",
}  # fmt: skip


def named(report: OutboundReport, name: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.row.name == name]


def only(report: OutboundReport, name: str) -> Finding:
    (finding,) = named(report, name)
    return finding


@pytest.mark.parametrize("case", replies.cases(TABLES / "replies.tsv"), ids=str)
def test_a_refusal(case: Case) -> None:
    assert case.wrong() == []


@pytest.mark.parametrize("row", read(TABLES / "replies.tsv", replies.REQUIRED, replies.OPTIONAL), ids=str)
def test_a_refusal_is_quoted(row: Row) -> None:
    reply = replies.reply_of(row)
    ended = climb("reply", row.cells["stage"], reply)
    if row.cells["stage"] not in ("data", "message"):
        assert str(reply.code) in only(judge_outbound(ladder(ended)), "Mail host").row.text


@pytest.mark.parametrize("row", CAUSES_TABLE, ids=lambda row: str(row["cause"]))
def test_an_end_without_a_reply(row: dict[str, str]) -> None:
    ended = climb(row["cause"], row["stage"])
    assert outcome_of(ended, HOSTNAME) == row["class"]
    report = judge_outbound(ladder(ended))
    assert only(report, "Mail host").verdict == row["verdict"]
    assert report.exit_status == {"problem": 1, "unknown": 3}[row["verdict"]]


def test_the_table_names_every_cause() -> None:
    assert {row["cause"] for row in CAUSES_TABLE} | {"reply"} == set(CAUSES)


def test_every_outcome_has_words_that_can_be_filled_in() -> None:
    assert set(messages.MESSAGES) == set(Outcome)
    for words in messages.MESSAGES.values():
        for text in (words.text, words.why, words.todo):
            used = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            assert used <= PLACEHOLDERS


def test_a_name_rejected_by_reply_is_quoted_with_its_enhanced_code() -> None:
    ended = climb("reply", "rcpt", Reply(550, ("5.7.1 not you", "see our list")))
    assert "550 5.7.1 not you see our list" in only(judge_outbound(ladder(ended)), "Mail host").row.text


def test_one_mail_host_that_accepts_makes_the_others_harmless() -> None:
    dead = climb("timeout", "connect", host="mx2.remote.example", address="198.51.100.21")
    report = judge_outbound(ladder(dead, climb()))
    assert report.exit_status == 0
    first, second = named(report, "Mail host")
    assert (first.verdict, second.verdict) == (Verdict.ADVISORY, Verdict.OK)
    assert "mx1.remote.example" in first.why
    assert only(report, "Outgoing mail").row.text == "gets through"


def test_a_source_that_fails_while_another_gets_through_is_named() -> None:
    refused = climb("reply", "rcpt", Reply(550, ("5.7.1 your address is on our list",)), source=SOURCE6)
    report = judge_outbound(ladder(climb(), refused))
    assert report.exit_status == 1
    assert only(report, "Outgoing mail").row.text == f"does not get through from {SOURCE6.address}"


def test_time_outs_everywhere_are_a_blocked_port() -> None:
    report = judge_outbound(ladder(UNREACHED, receivers=receivers(UNREACHED, UNREACHED)))
    port, host = only(report, "Outgoing port 25"), only(report, "Mail host")
    assert port.verdict is Verdict.PROBLEM
    assert "providers block it" in port.why
    assert host.row.text == "not reached: outgoing port 25 is blocked"
    assert "blocked" in report.summary


def test_a_time_out_at_one_host_alone_is_that_host() -> None:
    report = judge_outbound(ladder(UNREACHED, receivers=receivers(climb(failed_at=""), UNREACHED)))
    port, host = only(report, "Outgoing port 25"), only(report, "Mail host")
    assert (port.verdict, port.row.text) == (Verdict.OK, "open: 1 of 2 well-known receivers answer")
    assert host.row.text == "does not answer: no connection within 0 s"


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        ("no_route", "no way out"),
        ("refused", "refused, whoever it is for"),
        ("blocked_here", "on this server itself"),
        ("reset", "No connection to port 25"),
    ],
)
def test_other_ways_to_close_port_25(cause: str, text: str) -> None:
    ended = climb(cause, "connect")
    report = judge_outbound(ladder(receivers=receivers(ended, ended), domain="", route=None, purpose="reach"))
    finding = only(report, "Outgoing port 25")
    assert finding.verdict is Verdict.PROBLEM
    assert text in finding.why
    assert report.exit_status == 1


def test_receivers_out_of_time_prove_nothing() -> None:
    ended = climb("deadline", "connect")
    report = judge_outbound(ladder(receivers=receivers(ended), domain="", route=None))
    assert only(report, "Outgoing port 25").verdict is Verdict.UNKNOWN
    assert report.exit_status == 3


def test_connections_without_a_banner_are_swallowed_on_the_way() -> None:
    ended = climb("closed", "connect", local_address=SOURCE.address)
    report = judge_outbound(ladder(receivers=receivers(ended, ended), domain="", route=None))
    assert "no well-known receiver greets" in only(report, "Outgoing port 25").row.text


def test_ipv6_alone_closed_is_harmless() -> None:
    six = climb("no_route", "connect", source=SOURCE6, address="2001:db8:99::20")
    report = judge_outbound(ladder(receivers=receivers(climb(), six), domain="", route=None))
    assert [finding.verdict for finding in named(report, "Outgoing port 25")] == [
        Verdict.OK,
        Verdict.ADVISORY,
    ]


def test_a_receiver_that_turns_the_address_away_is_a_problem() -> None:
    refused = climb("reply", "connect", Reply(554, ("5.7.1 your address is on our list",)))
    report = judge_outbound(ladder(receivers=receivers(climb(), refused), domain="", route=None))
    assert only(report, "Well-known receiver").verdict is Verdict.PROBLEM
    assert only(report, "Outgoing port 25").verdict is Verdict.OK


def test_no_receiver_found_is_not_a_blocked_port() -> None:
    found = (Receiver("mail.example", (), "the look-up timed out"),)
    assert judge_outbound(ladder(receivers=found, domain="", route=None)).exit_status == 3


def test_this_servers_own_banner_elsewhere_is_a_redirection() -> None:
    turned = climb(host=HOSTNAME)
    report = judge_outbound(ladder(turned))
    assert only(report, "Mail host").row.text.startswith("the connection never left")
    assert report.exit_status == 1


def test_this_servers_own_banner_at_its_own_address_is_none() -> None:
    report = judge_outbound(ladder(climb(host=HOSTNAME, own=True)))
    assert report.exit_status == 0
    assert "this server itself" in only(report, "Mail host").why


def test_a_missing_postmaster_that_nobody_asked_for_is_harmless() -> None:
    refused = climb("reply", "rcpt", Reply(550, ("5.1.1 no such user",)))
    assert judge_outbound(ladder(refused)).exit_status == 1
    report = judge_outbound(ladder(refused, recipient_chosen=False))
    assert report.exit_status == 0
    assert only(report, "Outgoing mail").row.text == "reaches the mail host"


def test_broken_tls_is_told_and_harmless() -> None:
    for tls in (Tls(False, problem="alert"), Tls(True, "TLSv1.3", trusted=False, problem="self-signed")):
        report = judge_outbound(ladder(climb(tls=tls)))
        assert report.exit_status == 0
        assert only(report, "TLS").verdict is Verdict.ADVISORY
    assert not named(judge_outbound(ladder(climb(tls=Tls(True, "TLSv1.3", True, True)))), "TLS")


@pytest.mark.parametrize(
    ("stage", "reply", "verdict", "status", "row"),
    [
        ("rcpt", Reply(550, ("xyzzy",)), Verdict.UNKNOWN, 3, "is refused for an unclear reason"),
        ("rcpt", Reply(451, ("4.7.1 xyzzy",)), Verdict.UNKNOWN, 3, "is refused for an unclear reason"),
        ("rcpt", Reply(451, ("Try again later",)), Verdict.UNKNOWN, 3, "is refused for an unclear reason"),
        ("connect", Reply(554, ("xyzzy",)), Verdict.UNKNOWN, 3, "is refused for an unclear reason"),
        ("rcpt", Reply(451, ("4.7.1 Greylisted",)), Verdict.ADVISORY, 0, "is put off for now"),
        ("rcpt", Reply(450, ("4.1.1 User unknown",)), Verdict.PROBLEM, 1, "does not get through"),
        ("rcpt", Reply(450, ("4.7.25 no PTR record",)), Verdict.PROBLEM, 1, "does not get through"),
        (
            "connect",
            Reply(421, ("too many connections from you",)),
            Verdict.PROBLEM,
            1,
            "does not get through",
        ),
    ],
)
def test_a_refusal_that_is_not_understood_or_does_not_end_by_waiting_is_never_fine(
    stage: str, reply: Reply, verdict: Verdict, status: int, row: str
) -> None:
    report = judge_outbound(ladder(climb("reply", stage, reply)))
    assert report.exit_status == status
    assert (only(report, "Mail host").verdict, only(report, "Outgoing mail").row.text) == (verdict, row)


def test_silence_longer_than_any_sender_waits_is_a_problem() -> None:
    silent = climb("silent", "rcpt", seconds=31.0)
    assert judge_outbound(ladder(silent)).exit_status == 3
    assert judge_outbound(ladder(silent, purpose="callback", sender="")).exit_status == 1
    assert judge_outbound(ladder(climb("silent", "rcpt", seconds=301.0))).exit_status == 1


def test_a_slow_callback_works_but_is_told() -> None:
    assert judge_outbound(ladder(climb(), purpose="callback")).findings[0].row.text == "works"
    slow = judge_outbound(ladder(climb(seconds=31.0), purpose="callback"))
    assert slow.findings[0].row.text == "works, but slowly"
    assert slow.exit_status == 0


def test_a_server_that_refuses_the_empty_sender_is_told_from_others() -> None:
    refused = climb("reply", "mail", Reply(550, ("5.7.1 no bounces",)), sender="")
    assert outcome_of(refused, HOSTNAME) is Outcome.NULL_SENDER_REJECTED


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("missing", "problem"), ("null", "problem"), ("none", "problem"), ("unknown", "unknown")],
)
def test_a_domain_without_mail_hosts(kind: str, verdict: str) -> None:
    report = judge_outbound(
        ladder(route=MailRoute("remote.example", kind, "remote.example", error="it timed out"))
    )
    assert report.findings[0].verdict == verdict


def test_a_test_message_is_sent_or_said_not_to_be() -> None:
    sent = judge_outbound(ladder(climb(), send=True, delivery=climb(), message_id="<1@cp1.example.net>"))
    assert only(sent, "Test message").verdict is Verdict.OK
    assert "Message-ID <1@cp1.example.net>" in only(sent, "Test message").evidence
    waiting = climb("reply", "rcpt", Reply(451, ("4.7.1 Greylisted",)))
    assert judge_outbound(ladder(waiting, send=True)).exit_status == 3
    refused = climb("reply", "message", Reply(550, ("5.7.1 The content is not wanted",)))
    assert judge_outbound(ladder(climb(), send=True, delivery=refused)).exit_status == 1


def test_the_ladder_goes_through_json_and_back() -> None:
    made = ladder(climb(tls=Tls(True, "TLSv1.3")), receivers=receivers(UNREACHED), delivery=climb())
    data = json.loads(json.dumps(outbound_json(made, judge_outbound(made))))
    assert decode(OutboundEvidence, data["ladder"], "ladder") == made
    assert {field.name for field in fields(OutboundReport)} <= data.keys()


def test_the_name_of_a_mail_host_is_no_template() -> None:
    """DNS names may hold braces."""
    refused = climb("reply", "rcpt", Reply(550, ("5.7.1 no",)))
    through = climb(host="mx{seconds!x}{.remote.example", address="198.51.100.21")
    report = judge_outbound(ladder(refused, through))
    assert "by mx{seconds!x}{.remote.example [198.51.100.21]" in named(report, "Mail host")[0].why


@pytest.mark.parametrize("cause", ["refused", "timeout", "no_route"])
def test_an_own_address_that_cannot_be_reached_from_inside_is_no_problem(cause: str) -> None:
    report = judge_outbound(ladder(climb(cause, "connect", own=True)))
    assert [finding.verdict for finding in report.findings] == [Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert report.findings[0].row.text == "stays on this server"


def test_mail_hosts_that_were_left_alone_are_not_said_to_be_slow() -> None:
    finding = judge_outbound(ladder(climb("not_public", "connect"))).findings[0]
    assert (finding.verdict, finding.row.text) == (Verdict.UNKNOWN, "was not tried")
