"""What no name server of the tests can show of a mail route: rare answers, and what is said about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest

from mxverdict.evidence import Probe, ProbeStage, Reply
from mxverdict.evidence.mail_route import HostGreeting, MailHost, MailRoute, RecipientAnswer, Routing
from mxverdict.findings import Finding, Owner, Verdict
from mxverdict.judge.domain.mx import judge_mail_route

OWN = frozenset({"203.0.113.10", "10.0.0.10"})
REMOTE = "198.51.100.20"
BANNER = ProbeStage("connect", "", Reply(220, ("mx.example ESMTP",)), 0.02)
FOREIGN = Reply(550, ("5.7.1 Relaying denied",))


def host(name: str = "mx.example", *addresses: str, preference: int = 10, error: str = "") -> MailHost:
    errors = (error,) if error else ()
    return MailHost(name, preference, name, False, True, addresses or (() if error else (REMOTE,)), errors)


def route(*hosts: MailHost, kind: str = "mx") -> MailRoute:
    records = tuple(f"{one.preference} {one.name}" for one in hosts)
    return MailRoute("shop.example", kind, "shop.example", records, hosts)


def greeting(
    reply: Optional[Reply] = None,
    *,
    outcome: str = "greeted",
    foreign: Reply = FOREIGN,
    reason: str = "",
    address: str = REMOTE,
) -> HostGreeting:
    stages = () if outcome in ("refused", "timeout", "no_route", "blocked_here") else (BANNER,)
    answers = (
        RecipientAnswer("shop.example", "postmaster@shop.example", reply, 0.1, reason),
        RecipientAnswer("", "postmaster@cp1.example.net", foreign, 0.1),
    )
    return HostGreeting(
        address, outcome, Probe(address, stages, None, ""), answers if outcome == "greeted" else (), 30.0
    )


def named(findings: tuple[Finding, ...], name: str) -> Finding:
    (finding,) = (finding for finding in findings if finding.row.name == name)
    return finding


@pytest.mark.parametrize(
    ("code", "text", "verdict", "word"),
    [
        (250, "OK", "ok", "takes it"),
        (252, "cannot verify, will try", "ok", "takes it"),
        (451, "4.7.1 Greylisted", "unknown", "says: later"),
        (550, "5.7.1 Relaying denied", "problem", "refuses it"),
        (554, "5.7.1 <postmaster@shop.example>: Relay access denied", "problem", "refuses it"),
        (550, "5.1.2 bad destination system", "problem", "refuses it"),
        (
            550,
            "5.1.1 <postmaster@shop.example>: user unknown",
            "advisory",
            "takes it, but knows no postmaster",
        ),
        (550, "No such user here", "advisory", "takes it, but knows no postmaster"),
        (
            554,
            "5.7.1 Service unavailable; client host [203.0.113.10] blocked",
            "unknown",
            "refuses this server",
        ),
        (550, "203.0.113.10 is an open relay, go away", "unknown", "refuses this server"),
        (550, "Sender verify failed", "unknown", "refuses this server"),
        (530, "5.7.0 Must issue a STARTTLS command first", "unknown", "refuses this server"),
        (550, "Administrative prohibition", "unknown", "refuses this server"),
        (550, "", "unknown", "refuses this server"),
        (421, "4.3.2 closing", "unknown", "says: later"),
    ],
)
def test_answer_to_the_postmaster_of_the_domain(code: int, text: str, verdict: str, word: str) -> None:
    met = greeting(Reply(code, (text,)))
    found = named(judge_mail_route(route(host()), (met,), OWN), "MX host takes the domain")
    assert (found.verdict.value, found.row.text) == (verdict, word)
    assert (found.owner is Owner.OTHER_SERVER) == (verdict in ("problem", "advisory"))


def test_a_host_that_knows_nobody_tells_nothing_about_the_domain() -> None:
    met = greeting(
        Reply(550, ("5.1.1 <postmaster@shop.example>: no such user",)),
        foreign=Reply(550, ("5.1.1 <postmaster@cp1.example.net>: no such user",)),
    )
    found = named(judge_mail_route(route(host()), (met,), OWN), "MX host takes the domain")
    assert (found.verdict, found.row.text) == (Verdict.UNKNOWN, "knows no postmaster")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(450, ("4.1.1 User unknown",)), False),
        (Reply(550, ("No thanks",)), False),
        (Reply(550, ("5.1.1 User unknown",)), True),
        (Reply(454, ("4.7.1 Relay access denied",)), True),
    ],
)
def test_only_a_refusal_for_what_it_is_says_that_a_host_does_not_relay(reply: Reply, told: bool) -> None:
    found = judge_mail_route(route(host()), (greeting(foreign=reply),), OWN)
    assert any(one.id == "mx.host.relay" for one in found) is told


@pytest.mark.parametrize("at_mail", [{"stage": "mail"}, {"reason": "at MAIL"}])
def test_a_refusal_of_mail_says_nothing_about_the_domain(at_mail: dict[str, str]) -> None:
    """Evidence of earlier versions names the stage as a reason."""
    said = greeting(Reply(550, ("5.1.1 user unknown",)))
    answers = tuple(replace(answer, **at_mail) for answer in said.recipients)  # type: ignore[arg-type]
    found = judge_mail_route(route(host()), (replace(said, recipients=answers),), OWN)
    finding = named(found, "MX host takes the domain")
    assert (finding.verdict, finding.row.text) == (Verdict.UNKNOWN, "refuses this server")
    assert "MAIL FROM:<>: 550" in finding.evidence[0]
    assert not [one for one in found if one.id == "mx.host.relay"]


def test_a_host_that_never_answered_is_unknown_with_the_reason() -> None:
    met = greeting(None, reason="no reply before the time was up")
    found = named(judge_mail_route(route(host()), (met,), OWN), "MX host takes the domain")
    assert (found.verdict, found.row.text) == (Verdict.UNKNOWN, "not told")
    assert "no reply before the time was up" in found.evidence[0]


@pytest.mark.parametrize("outcome", ["refused", "timeout", "no_route"])
@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        (greeting(Reply(250, ("OK",)), address="198.51.100.99"), "problem"),
        (greeting(outcome="turned_away", address="198.51.100.99"), "problem"),
        (greeting(outcome="timeout", address="198.51.100.99"), "unknown"),
        (greeting(Reply(250, ("OK",)), address="2001:db8::99"), "unknown"),
    ],
)
def test_a_host_is_down_only_when_the_way_out_is_open(
    outcome: str, other: HostGreeting, verdict: str
) -> None:
    found = judge_mail_route(route(host()), (greeting(outcome=outcome), other), OWN)
    assert named(found, "MX host answers").verdict.value == verdict


@pytest.mark.parametrize("outcome", ["blocked_here", "no_source", "error", "silent", "closed", "busy"])
def test_what_says_nothing_about_the_host_is_unknown(outcome: str) -> None:
    found = judge_mail_route(route(host()), (greeting(outcome=outcome),), OWN)
    assert named(found, "MX host answers").verdict is Verdict.UNKNOWN


def test_the_worst_address_of_a_host_speaks_and_each_has_a_line() -> None:
    both = host("mx.example", REMOTE, "198.51.100.21")
    good = greeting(Reply(250, ("OK",)))
    bad = greeting(Reply(550, ("relay not permitted",)), address="198.51.100.21")
    found = named(judge_mail_route(route(both), (good, bad), OWN), "MX host takes the domain")
    assert (found.verdict, len(found.evidence)) == (Verdict.PROBLEM, 2)


def test_an_own_address_from_inside_is_no_problem_but_unknown() -> None:
    found = named(judge_mail_route(route(host("cp1.example.net", "10.0.0.10")), (), OWN), "MX address")
    assert found.verdict is Verdict.UNKNOWN


def test_no_one_says_that_this_server_is_none_of_the_hosts_when_a_look_up_failed() -> None:
    listed = Routing("shop.example", True, False, False)
    found = judge_mail_route(route(host(), host("b.example", error="timed out")), (), OWN, listed)
    assert named(found, "This server").verdict is Verdict.UNKNOWN
    assert [finding for finding in found if finding.row.name == "Email Routing in cPanel"] == []


@pytest.mark.parametrize(
    ("lists", "addresses", "verdict"),
    [
        ((True, False, False), ("203.0.113.10",), "ok"),
        ((True, False, False), (REMOTE,), "problem"),
        ((False, True, False), ("203.0.113.10",), "problem"),
        ((False, True, False), (REMOTE,), "ok"),
        ((False, True, True), ("203.0.113.10",), "problem"),
        ((False, False, True), (REMOTE,), "advisory"),
        ((False, False, False), ("203.0.113.10",), "problem"),
        ((True, True, False), ("203.0.113.10",), "problem"),
    ],
)
def test_email_routing(lists: tuple[bool, bool, bool], addresses: tuple[str, ...], verdict: str) -> None:
    listed = Routing("shop.example", *lists)
    found = judge_mail_route(route(host("mx.example", *addresses)), (), OWN, listed)
    assert named(found, "Email Routing in cPanel").verdict.value == verdict


def test_email_routing_is_no_matter_for_a_domain_that_is_not_of_this_server() -> None:
    found = judge_mail_route(route(host()), (), OWN, Routing("shop.example", False, False, False))
    assert [finding for finding in found if finding.row.name == "Email Routing in cPanel"] == []


def test_unreadable_lists_make_email_routing_unknown() -> None:
    listed = Routing("shop.example", False, False, False, "/etc/localdomains: Permission denied")
    found = judge_mail_route(route(host()), (), OWN, listed)
    assert named(found, "Email Routing in cPanel").verdict is Verdict.UNKNOWN


def test_a_gateway_in_front_is_named_as_the_exception() -> None:
    found = judge_mail_route(route(host()), (), OWN, Routing("shop.example", True, False, False))
    assert "filter in front" in named(found, "Email Routing in cPanel").todo


def test_what_was_left_out_is_told() -> None:
    many = replace(route(host()), left_out=7)
    found = named(judge_mail_route(many, (), OWN), "DNS Record Published")
    assert "7 more MX hosts were not looked at" in found.evidence


def test_an_alias_that_gets_no_mail_is_no_problem() -> None:
    """`www` is most often an alias of a domain here, and so has its MX."""
    alias = replace(route(host("mx.example", "203.0.113.10")), domain="www.shop.example")
    found = judge_mail_route(alias, (), OWN, Routing("www.shop.example", False, False, False))
    assert named(found, "Email Routing in cPanel").verdict is Verdict.ADVISORY


def test_addresses_that_were_not_asked_are_told() -> None:
    most = replace(host("mx.example", REMOTE), left_out=15)
    made = judge_mail_route(route(most, host("mx2.example", "198.51.100.21")), [greeting()], OWN)
    found = named(made, "MX address")
    assert found.verdict is Verdict.UNKNOWN
    assert found.row.text == "15 more addresses were not looked at"
    assert found.evidence == ("mx.example: 1 of 16 addresses",)


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (("203.0.113.10",), ("10.0.0.10",), "mx.example and b.example are one machine"),
        (
            ("198.51.100.20",),
            ("198.51.100.20", "198.51.100.21"),
            "198.51.100.20 is behind mx.example and b.example",
        ),
        (("203.0.113.10",), ("198.51.100.20",), ""),
    ],
)  # fmt: skip
def test_mail_hosts_that_are_one_machine_are_told(
    first: tuple[str, ...], second: tuple[str, ...], text: str
) -> None:
    found = judge_mail_route(route(host("mx.example", *first), host("b.example", *second)), (), OWN)
    told = [finding.row.text for finding in found if finding.id == "mx.address.sharing"]
    assert told == ([text] if text else [])
    shared = named(found, "MX preference")
    assert ("shares the load" in shared.why) == (shared.verdict is Verdict.OK and not text)
