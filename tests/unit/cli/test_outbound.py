"""`mxverdict outbound`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mxverdict.collect.server import Server
from mxverdict.errors import UsageError
from mxverdict.evidence import DelayState, Target
from mxverdict.evidence.outbound import Source
from mxverdict.evidence.outgoing import Outgoing
from tests.unit.cli.command_line import CommandLine
from tests.unit.cli.outputs import ladder
from tests.unit.evidence_maker import HOSTNAME, SERVER
from tests.unit.outbound_maker import climb
from tests.unit.outbound_maker import ladder as made

USUAL = Outgoing(("*",), SERVER, SERVER, "the main address", HOSTNAME, "the host name")
OWN = Outgoing(("shop.example",), "192.0.2.9", "192.0.2.9", "/etc/mailips", "shop.example", "/etc/mailhelo")
ELSEWHERE = replace(OWN, local_address="192.0.2.99", here=False)


def asked(cli: CommandLine, *words: str) -> tuple[Any, list[Source]]:
    cli.answer("collect.outbound.read_outbound", ladder())
    done = cli.run("outbound", *words, "--json")
    assert done.err == ""
    assert done.status == done.json["exit_status"]
    (call,) = cli.called("collect.outbound.read_outbound")
    question, sources, hostname, limits, _ = call.arguments
    assert (hostname, limits.own) == (HOSTNAME, frozenset({SERVER}))
    return question, list(sources)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (made(climb()), 0),
        (made(climb("refused", "connect")), 1),
        (made(climb("deadline", "connect")), 3),
    ],
    ids=["through", "refused", "no time"],
)
def test_the_status_is_the_verdict(cli: CommandLine, found: Any, status: int) -> None:
    cli.answer("collect.outbound.read_outbound", found)
    done = cli.run("outbound", "info@remote.example", "--json")
    assert (done.status, done.err, done.json["exit_status"]) == (status, "", status)
    text = cli.run("outbound", "info@remote.example")
    assert (text.status, text.err) == (status, "")
    assert done.json["summary"] in text.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ("", "reach", "", "", False, False)),
        (
            ["remote.example"],
            ("remote.example", "mail", f"postmaster@{HOSTNAME}", "postmaster@remote.example", False, False),
        ),
        (
            ["a@remote.example", "--send"],
            ("remote.example", "mail", f"postmaster@{HOSTNAME}", "a@remote.example", True, True),
        ),
        (
            ["remote.example", "--to", "b@remote.example", "--from", "c@shop.example"],
            ("remote.example", "mail", "c@shop.example", "b@remote.example", True, False),
        ),
        (
            ["a@remote.example", "--callback"],
            ("remote.example", "callback", "", "a@remote.example", True, False),
        ),
    ],
    ids=["reach", "domain", "address", "sender", "callback"],
)
def test_what_is_asked(cli: CommandLine, words: list[str], expected: tuple[Any, ...]) -> None:
    question, _ = asked(cli, *words)
    found = (question.domain, question.purpose, question.sender, question.recipient)
    assert (*found, question.recipient_chosen, question.send) == expected


def test_sources(cli: CommandLine) -> None:
    cli.answer("collect.outgoing.read_outgoing", (USUAL, OWN, ELSEWHERE, USUAL))
    assert asked(cli)[1] == [Source(SERVER, HOSTNAME), Source("192.0.2.9", "shop.example")]
    cli.answer("collect.server.is_local", True)
    named = asked(cli, "--source", "192.0.2.9", "--source", "192.0.2.10", "--source", "192.0.2.9")[1]
    assert named == [Source("192.0.2.9", "shop.example"), Source("192.0.2.10", HOSTNAME)]
    cli.answer("collect.outgoing.read_outgoing", ())
    assert asked(cli)[1] == [Source("", HOSTNAME)]


def test_the_name_is_exims_where_whm_says_none(cli: CommandLine) -> None:
    cli.answer(
        "collect.server.read_server", Server("", (Target(SERVER, SERVER),), DelayState(True, 3, False))
    )
    asked(cli)
    assert len(cli.called("collect.server.exim_facts")) == 1


@pytest.mark.parametrize("option", [[], ["--json"]], ids=["text", "JSON"])
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--send"], "--from, --to, --send and --callback need a DOMAIN"),
        (["--from", "a@shop.example"], "--from, --to, --send and --callback need a DOMAIN"),
        (
            ["a@remote.example", "--callback", "--from", "b@c.example"],
            "--callback asks with the empty sender",
        ),
        (["remote.example", "--callback"], "name the sender address that is to be called back"),
        (["192.0.2.1"], "192.0.2.1 is an address; name a domain"),
        (["remote.example", "--source", "shop.example"], "'shop.example' is no IP address"),
        (["remote.example", "--source", "192.0.2.1"], "192.0.2.1 is not an address of this server"),
        (["remote.example", "--to", "nobody"], ""),
        (["no name"], ""),
    ],
)
def test_wrong_usage(cli: CommandLine, words: list[str], reason: str, option: list[str]) -> None:
    cli.answer("collect.server.is_local", False)
    done = cli.run("outbound", *words, *option)
    done.refused(2, reason)
    assert not reason or done.err.endswith(f"{UsageError.hint}\n")
    assert cli.called("collect.outbound.read_outbound") == []
