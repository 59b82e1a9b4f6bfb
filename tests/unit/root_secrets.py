"""Evidence of a domain with a recognizable secret in everything that is root's alone."""

from __future__ import annotations

import re
from dataclasses import replace

from mxverdict.evidence import DelayState, Evidence, Forward, RelayListEntry, Reply, ReverseDns
from mxverdict.evidence.outgoing import Outgoing
from mxverdict.evidence.relay import RelayProbe
from mxverdict.evidence.server import ADDRESSES, GREYLISTING, HOST_NAME, MissingFact
from mxverdict.evidence.visit import Visit, VisitLog
from tests.unit import domain_evidence_maker, evidence_maker
from tests.unit.evidence_maker import MXTOOLBOX, SERVER

_MARK = re.compile(r"SECRET([0-9]+)")


class _Secrets:
    """Makes one after the other."""

    def __init__(self) -> None:
        self.count = 0

    def __str__(self) -> str:
        self.count += 1
        return f"SECRET{self.count}"


SECRET = _Secrets()


def secrets(text: str) -> set[int]:
    """The numbers of those in a text."""
    return {int(found) for found in _MARK.findall(text)}


def _rich() -> Evidence:
    whole = domain_evidence_maker.whole()
    delayed = evidence_maker.preview(connect=20, rcpt=20)
    stages = tuple(
        replace(
            stage,
            exempted_by=(f"/etc/senderverifybypasshosts {SECRET}",),
            log=(f"H=(x) [18.209.86.113] rejected RCPT <{SECRET}@other.example>",),
            unexplained=(f"check hosts = {SECRET}",),
        )
        for stage in delayed.stages
    )
    told = replace(delayed, stages=stages, raw=f"ratelimit condition count=1 1h/per_rcpt/{SECRET}")
    counted = replace(
        evidence_maker.preview(address="18.205.72.90"),
        raw=f"ratelimit condition count=1 30/1h/per_rcpt/{SECRET}\nratelimit db updated",
    )
    broken = replace(
        evidence_maker.preview(address="52.55.244.91", failure="broken", stages=1),
        detail=f"failed to open /etc/{SECRET} when checking",
    )
    unknown = replace(
        evidence_maker.preview(address="64.20.227.133", failure="not_understood", stages=1),
        detail=f"the line of {SECRET} is not understood",
    )
    return replace(
        whole,
        previews=(told, counted, broken, unknown),
        settings=DelayState(
            True,
            3,
            False,
            error=f"WHM said {SECRET}",
            missing=tuple(
                MissingFact(fact, f"no {fact}: {SECRET}") for fact in (HOST_NAME, ADDRESSES, GREYLISTING)
            ),
        ),
        relay_entries=(
            RelayListEntry("/etc/trustedmailhosts", f"18.209.86.113 # {SECRET}", "18.209.86.113"),
            RelayListEntry(f"/etc/skipsmtpcheckhosts{SECRET}", f"18.205.72.90 # {SECRET}", "18.205.72.90"),
        ),
        relay_tests=(_relay_test("remote"), _relay_test("local"), _relay_test("unknown")),
        visits=VisitLog(1_794_900_000.0, (_visit("mxtoolbox"), _visit("other")), (f"log {SECRET}",)),
        outgoing=(
            _outgoing(f"{SECRET}.other.example", error=""),
            _outgoing(f"{SECRET}.third.example", error=f"/etc/mailips: {SECRET}"),
            _outgoing(domain_evidence_maker.NAME, "*", error=""),
        ),
    )


def _relay_test(routed: str) -> RelayProbe:
    return RelayProbe(
        f"the percent hack {SECRET}",
        SERVER,
        "198.51.100.7",
        f"helo.{SECRET}",
        f"{SECRET}@other.example",
        f"test@{SECRET}.example",
        "rcpt",
        Reply(250, (f"Accepted {SECRET}",)),
        log=(f"log line {SECRET}",),
        statement=f"/etc/exim.conf {SECRET}",
        routed=routed,
        routing=(f"router = {SECRET}",),
        error="",
    )


def _visit(tester: str) -> Visit:
    return Visit(
        tester,
        "18.209.86.113",
        4711,
        1_794_990_000.0,
        0,
        name=f"name{SECRET}.example",
        helo=f"helo{SECRET}",
        ended="dropped",
        stage="rcpt",
        refused="other",
        refusal=f"Sender {SECRET}@other.example is not welcome",
    )


def _outgoing(*domains: str, error: str) -> Outgoing:
    return Outgoing(
        domains,
        f"10.0.0.1{SECRET}",
        SERVER,
        f"/etc/mailips {SECRET}",
        f"helo{SECRET}.example",
        f"/etc/mailhelo {SECRET}",
        kept=False,
        forward=Forward(f"helo{SECRET}.example", ("198.51.100.99",)),
        reverse=ReverseDns(SERVER, (f"ptr{SECRET}.example",)),
        wrong=f"word{SECRET}",
        error=error,
    )


_MADE = _rich()


def rich() -> Evidence:
    return _MADE


def rate_limited() -> Evidence:
    """The tester is refused for its rate; the log line says so, and holds a secret."""
    refused = evidence_maker.preview(replies={"connect": Reply(451, ("Too many relay attempts",))})
    (stage,) = refused.stages
    line = f"H=[{MXTOOLBOX.networks[0][0]}] rejected connection in ACL: ratelimited SECRET1 for you"
    return replace(
        domain_evidence_maker.whole(), previews=(replace(refused, stages=(replace(stage, log=(line,)),)),)
    )
