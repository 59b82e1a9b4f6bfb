"""The open relay test against a real Exim, open and closed, beside what a stranger really meets."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mxverdict.collect.open_relay import variants
from tests.sandbox.box import Sandbox
from tests.sandbox.network import SERVER_IPV4, SERVER_IPV4_SECOND, SERVER_IPV6

pytestmark = pytest.mark.exim

OWN, HOSTNAME = "shop.example", "cp1.example.net"
FOREIGN, HELO = "test@mxtoolboxsmtpdiag.com", "tester.example"
STRANGER = "198.51.100.8"

_READ = f"""
import json, sys, time
from dataclasses import asdict
from mxverdict.collect.exim_sessions import EximSessions
from mxverdict.collect.open_relay import read_relay
from mxverdict.host import Host
from mxverdict.judge.smtp.open_relay import judge_relay

addresses = ["{SERVER_IPV4}", "{SERVER_IPV4_SECOND}", "{SERVER_IPV6}"]
deadline = time.monotonic() + float(sys.argv[1])
tests = read_relay(
    EximSessions(Host.from_environment()), addresses, "{OWN}", "{HOSTNAME}", "{FOREIGN}", "{HELO}", deadline
)
print(json.dumps([[asdict(test) for test in tests], [asdict(finding) for finding in judge_relay(tests)]]))
"""

_ASK = """
import json, socket, sys

def ask(source, server, commands):
    with socket.create_connection((server, 25), 10, (source, 0)) as channel, channel.makefile("rwb") as lines:
        code = 0
        for command in ("", *commands):
            if command:
                lines.write(command.encode() + b"\\r\\n")
                lines.flush()
            line = lines.readline()
            while line[3:4] == b"-":
                line = lines.readline()
            code = int(line[:3])
            if code >= 400:
                break
        return code

print(json.dumps([ask(*one) for one in json.load(sys.stdin)]))
"""


@contextmanager
def server(*, open_relay: bool) -> Iterator[Sandbox]:
    """Without delays, so that a real stranger need not wait, without limits on failed sessions, and with a
    mailbox for every local part."""
    with Sandbox(
        connect_delay=0, rcpt_delay=0, slow_fail_limit=1000, catch_all=True, open_relay=open_relay
    ) as box:
        yield box


@pytest.fixture(scope="module")
def closed() -> Iterator[Sandbox]:
    with server(open_relay=False) as box:
        yield box


@pytest.fixture(scope="module")
def opened() -> Iterator[Sandbox]:
    with server(open_relay=True) as box:
        yield box


def read(box: Sandbox, seconds: float = 30) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    tests, findings = json.loads(box.run([sys.executable, "-c", _READ, seconds], check=True).stdout)
    return tests, findings


def really(box: Sandbox) -> list[int]:
    """The last reply code that a stranger meets with each variant."""
    asked = [
        (
            STRANGER,
            SERVER_IPV4,
            [f"EHLO {helo}", f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"],
        )
        for _, helo, sender, recipient in variants(SERVER_IPV4, OWN, HOSTNAME, FOREIGN, HELO)
    ]
    done = box.run([sys.executable, "-c", _ASK], stdin=json.dumps(asked), namespace=box.outside, check=True)
    codes: list[int] = json.loads(done.stdout)
    return codes


def texts(findings: list[dict[str, Any]], verdict: str) -> list[str]:
    return [finding["row"]["text"] for finding in findings if finding["verdict"] == verdict]


def test_a_closed_server(closed: Sandbox) -> None:
    tests, findings = read(closed)
    assert not texts(findings, "problem") and not texts(findings, "unknown")
    assert texts(findings, "ok") == ["no: 15 ways to ask are refused"]
    assert {test["local_address"] for test in tests} == {SERVER_IPV4, SERVER_IPV4_SECOND, SERVER_IPV6}


def test_what_a_catch_all_takes_is_no_relaying(closed: Sandbox) -> None:
    tests, findings = read(closed)
    local = {test["name"] for test in tests if test["routed"] == "local"}
    assert local == {"percent hack", "percent hack at this server's name", "quoted address", "bang path"}
    (finding,) = [finding for finding in findings if finding["verdict"] == "advisory"]
    assert any("router = local" in line for line in finding["evidence"])


def test_a_server_without_a_catch_all_refuses_every_variant(closed: Sandbox) -> None:
    closed.configure(catch_all=False)
    try:
        tests, findings = read(closed)
        (hack,) = [test for test in tests if test["name"] == "percent hack"]
        refusing = statement_of(closed, hack)
    finally:
        closed.configure(catch_all=True)
    assert refusing.startswith("require verify = recipient")
    assert texts(findings, "ok") == ["no: 19 ways to ask are refused"]
    assert len(findings) == 1


def test_an_open_relay_is_told_variant_by_variant(opened: Sandbox) -> None:
    tests, findings = read(opened)
    relaying = {test["name"] for test in tests if test["routed"] == "remote"}
    assert {"foreign sender, foreign recipient", "empty sender", "source route"} <= relaying
    (text,) = texts(findings, "problem")
    assert text.startswith("relays mail of strangers (foreign sender, foreign recipient, empty sender")
    assert not texts(findings, "ok")
    accepting = {test["statement"].split()[-1] for test in tests if test["routed"] == "remote"}
    (number,) = accepting
    line = (opened.root / "etc/exim.conf").read_text().splitlines()[int(number) - 1 :]
    assert "+relay_domains" in "".join(line[:3])


@pytest.mark.parametrize("kind", ["closed", "opened"])
def test_a_real_stranger_meets_what_was_previewed(kind: str, request: pytest.FixtureRequest) -> None:
    box: Sandbox = request.getfixturevalue(kind)
    tests, _ = read(box)
    previewed = [test["reply"]["code"] for test in tests if test["local_address"] == SERVER_IPV4]
    assert previewed == really(box)


def statement_of(box: Sandbox, test: dict[str, Any]) -> str:
    """The verb and the conditions of the ACL statement that decided."""
    lines = (box.root / "etc/exim.conf").read_text().splitlines()
    start = int(test["statement"].split()[-1])
    return " ".join(line.strip() for line in lines[start - 1 : start + 2])


def test_why_each_variant_is_refused(closed: Sandbox) -> None:
    """The recipient is verified first, so that what has no mailbox here never gets to the relay check."""
    tests, _ = read(closed)
    asked = {test["name"]: test for test in tests if test["local_address"] == SERVER_IPV4}
    assert "host_accept_relay" in statement_of(closed, asked["foreign sender, foreign recipient"])
    assert asked["introduced by this server's own name"]["stage"] == "mail"
    assert statement_of(closed, asked["introduced by this server's own name"]).startswith("drop condition")
    assert asked["foreign address literal"]["statement"] == ""  # Exim's syntax check refuses it, no ACL
    assert {test["unverified"] for test in tests} <= {"", "sender"}


def test_a_foreign_domain_without_a_route_proves_nothing(closed: Sandbox) -> None:
    """A refusal because its mail can go nowhere says nothing of mail to other domains."""
    domain = FOREIGN.partition("@")[2]
    closed.set_records(domain, "MX")
    closed.reload_dns()
    try:
        tests, findings = read(closed)
    finally:
        closed.set_records(domain, "MX", f"10 mx.{domain}")
        closed.reload_dns()
    asked = {test["name"]: test["unverified"] for test in tests}
    assert asked["foreign sender, foreign recipient"] == "sender"
    assert asked["sender at a domain of this server"] == "recipient"
    assert texts(findings, "unknown") and not texts(findings, "ok")


def test_a_percent_hack_that_works_is_found(opened: Sandbox) -> None:
    local = opened.root / "etc/exim.conf.local"
    kept = local.read_text()
    local.write_text(f"@CONFIG@\npercent_hack_domains = {OWN}\n")
    opened.rebuild()
    try:
        tests, _ = read(opened)
    finally:
        local.write_text(kept)
        opened.rebuild()
    routed = {test["name"]: test["routed"] for test in tests}
    assert (routed["percent hack"], routed["percent hack at this server's name"]) == ("remote", "local")


def test_a_relay_for_forged_senders_alone_is_found(closed: Sandbox) -> None:
    """The server that trusts its own domains in MAIL, which anybody can write there."""
    configuration = closed.root / "etc/exim.conf"
    kept = configuration.read_text()
    mark = "#BEGIN ACL-RECIPIENT-POST-BLOCK\n"
    configuration.write_text(kept.replace(mark, f"{mark}  accept\n    senders = *@{OWN}\n"))
    try:
        _, findings = read(closed)
    finally:
        configuration.write_text(kept)
    assert texts(findings, "problem") == ["relays mail of strangers (sender at a domain of this server)"]


def test_what_cannot_be_told_in_time_is_no_refusal(closed: Sandbox) -> None:
    closed.dns.freeze()
    try:
        started = time.monotonic()
        _, findings = read(closed, seconds=2)
        assert time.monotonic() - started < 10
    finally:
        closed.dns.thaw()
    assert texts(findings, "unknown")
    assert not texts(findings, "ok")


def test_the_test_leaves_no_trace(closed: Sandbox) -> None:
    def left() -> dict[str, bytes]:
        files = [*(closed.root / "var/log").rglob("exim_*"), *(closed.root / "var/spool/exim").rglob("*")]
        return {str(file): file.read_bytes() for file in files if file.is_file()}

    read(closed)
    before = left()
    read(closed)
    assert left() == before
