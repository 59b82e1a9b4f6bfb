"""The open relay test: each variant by table, and several beside each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import pytest

from mxverdict.collect.open_relay import decision, destination, variants
from mxverdict.evidence import Reply
from mxverdict.evidence.relay import RelayProbe
from mxverdict.findings import Verdict
from mxverdict.judge.smtp.open_relay import judge_relay

TABLE = json.loads((Path(__file__).parents[3] / "tables/relay_verdicts.json").read_text())


def made(
    name: str,
    stage: str,
    reply: Optional[list[Any]],
    routed: str = "",
    log: tuple[str, ...] = (),
    error: str = "",
    unverified: str = "",
    statement: str = "",
    **_: object,
) -> RelayProbe:
    return RelayProbe(
        name=name,
        local_address="203.0.113.10",
        source="192.0.2.1",
        helo="tester.example",
        sender="stranger@foreign.example",
        recipient="test%foreign.example@shop.example",
        stage=stage,
        reply=None if reply is None else Reply(reply[0], (reply[1],)),
        log=tuple(log),
        routed=routed,
        error=error,
        unverified=unverified,
        statement=statement,
    )


REFUSED = made("refused", "rcpt", [550, "Relaying needs authentication"])


@pytest.mark.parametrize("entry", TABLE["tests"], ids=lambda entry: entry["name"])
def test_one_variant(entry: dict[str, Any]) -> None:
    (finding,) = judge_relay([made(**entry)])
    assert finding.verdict == entry["verdict"]
    assert entry["name"] in finding.evidence[0]


@pytest.mark.parametrize("entry", TABLE["routes"], ids=lambda entry: entry["name"])
def test_where_exim_would_take_it(entry: dict[str, Any]) -> None:
    assert destination(entry["lines"], ("test@foreign.example",)) == entry["routed"]


OLD_TRACE = """\
>>> processing "accept" (/etc/exim.conf 90)
>>> accept: condition test succeeded in ACL "acl_smtp_mail"
>>> processing "%s" (/etc/exim.conf 182)
>>> check %s
>>> %s in ACL "acl_smtp_rcpt"
>>> processing "accept" (/etc/exim.conf 244)
>>> accept: condition test succeeded in ACL "acl_smtp_notquit"
"""
NEW_TRACE = """\
>>> processing ACL acl_smtp_mail "accept" (/etc/exim.conf 90)
>>> accept: condition test succeeded in ACL acl_smtp_mail
>>> processing ACL acl_smtp_rcpt "%s" (/etc/exim.conf 182)
>>> check %s
>>> %s in ACL acl_smtp_rcpt
>>> processing ACL acl_smtp_notquit "accept" (/etc/exim.conf 244)
>>> accept: condition test succeeded in ACL acl_smtp_notquit
"""
INLINE_TRACE = """\
>>> processing inline ACL "%s" (/etc/exim.conf 182)
>>> check %s
>>> %s in inline ACL
"""


@pytest.mark.parametrize("trace", [OLD_TRACE, NEW_TRACE, INLINE_TRACE], ids=["4.94", "4.99", "inline"])
@pytest.mark.parametrize(
    ("verb", "check", "result", "accepted", "unverified"),
    [
        ("accept", "verify = recipient", "succeeded", True, ""),
        ("require", "verify = recipient", "failed", False, "recipient"),
        ("deny", "!verify = sender", "succeeded", False, "sender"),
        ("deny", "domains = +x", "succeeded", False, ""),
        ("drop", "condition = 1", "succeeded", False, ""),
        ("deny", "!verify = sender/callout", "deferred", False, "sender"),
    ],
)
def test_the_statement_that_decides(
    trace: str, verb: str, check: str, result: str, accepted: bool, unverified: str
) -> None:
    told = trace % (verb, check, f"{verb}: condition test {result}")
    assert decision(told, accepted) == ("/etc/exim.conf 182", unverified)


def test_no_statement_decides_what_exim_refuses_by_itself() -> None:
    trace = OLD_TRACE % ("require", "verify = recipient", "require: condition test succeeded")
    assert decision(trace, accepted=False) == ("", "")


def test_one_variant_that_relays_is_enough_and_is_named() -> None:
    relaying = made("percent hack", "rcpt", [250, "Accepted"], "remote")
    (finding,) = judge_relay([REFUSED, relaying])
    assert finding.verdict is Verdict.PROBLEM
    assert finding.row.text == "relays mail of strangers (percent hack)"
    assert "RCPT TO:<test%foreign.example@shop.example> -> 250 Accepted" in finding.evidence[0]


def test_refused_variants_are_all_listed() -> None:
    (finding,) = judge_relay([REFUSED, REFUSED])
    assert (finding.verdict, finding.row.text) == (Verdict.OK, "no: 2 ways to ask are refused")
    assert len(finding.evidence) == 2


def test_no_is_not_said_while_a_variant_is_open() -> None:
    unsure = made("empty sender", "rcpt", [451, "later"])
    assert [finding.verdict for finding in judge_relay([REFUSED, unsure])] == [Verdict.UNKNOWN]


def test_nothing_tested_says_nothing() -> None:
    assert judge_relay([]) == ()


def test_the_classic_variants_are_there() -> None:
    found = variants(
        "2001:db8::10", "own.example", "cp1.example.net", "test@foreign.example", "tester.example"
    )
    recipients = {recipient for _, _, _, recipient in found}
    assert {
        "test@foreign.example",
        "test%foreign.example@own.example",
        "test%foreign.example@[IPv6:2001:db8::10]",
        '"test@foreign.example"@own.example',
        "foreign.example!test@own.example",
        "@own.example:test@foreign.example",
        "test@[192.0.2.1]",
    } <= recipients
    assert {"", "postmaster@own.example"} <= {sender for _, _, sender, _ in found}
    assert len({name for name, _, _, _ in found}) == len(found)
