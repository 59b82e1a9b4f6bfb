"""Refused senders, and who left during the delay, in the log that the real Exim writes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Optional

import pytest

from mxverdict.collect.mainlog.traffic import read_traffic
from mxverdict.evidence.traffic import Traffic
from mxverdict.host import Host
from tests.sandbox.box import TESTER, Sandbox
from tests.sandbox.peers import Peers
from tests.sandbox.settings import LOG_SELECTORS

pytestmark = pytest.mark.exim

TABLE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "tables/traffic_exim.json").read_text())
NAMED, NAMELESS, IPV6 = "198.51.100.7", "198.51.100.8", "2001:db8:99::7"
DELAY = 2

_TALK = """
import json, smtplib, socket, ssl, sys, time
source, port, commands, stay, login = json.loads(sys.argv[1])
server = "2001:db8:10::10" if ":" in source else "203.0.113.10"
if login:
    with smtplib.SMTP(server, port, source_address=(source, 0)) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.login("info@shop.example", "sandbox")
        client.sendmail("info@shop.example", "info@shop.example", "Subject: x\\n\\nx")
    sys.exit()
with socket.create_connection((server, port), 30, (source, 0)) as channel:
    if stay is not None:
        time.sleep(stay)
        sys.exit()
    with channel.makefile("rwb") as lines:
        for command in ("", *commands):
            if command:
                lines.write(command.encode() + b"\\r\\n")
                lines.flush()
            while lines.readline()[3:4] == b"-":
                pass
"""


class Visitors:
    def __init__(self, box: Sandbox) -> None:
        self._box = box

    def talk(
        self, source: str, *commands: str, stay: Optional[float] = None, port: int = 25, login: bool = False
    ) -> None:
        """Say these commands, each after the reply to the one before; or leave after `stay` seconds."""
        said = json.dumps([source, port, commands, stay, login])
        self._box.run(
            [sys.executable, "-c", _TALK, said], namespace=self._box.outside, check=True, timeout=60
        )

    def mail(self, source: str, sender: str, helo: str = "helo.example") -> None:
        text = "Subject: 2026-11-25 10:00:00 SMTP connection from [192.0.2.1]:5 lost D=1s\r\n\r\nx\r\n."
        commands = (
            f"EHLO {helo}",
            f"MAIL FROM:<{sender}>",
            "RCPT TO:<info@shop.example>",
            "DATA",
            text,
            "QUIT",
        )
        self.talk(source, *commands)

    def refused(self, source: str, sender: str) -> None:
        self.talk(source, "EHLO helo.example", f"MAIL FROM:<{sender}>", "RCPT TO:<info@shop.example>", "QUIT")


@pytest.fixture(scope="module", params=LOG_SELECTORS)
def found(request: pytest.FixtureRequest) -> Iterator[Traffic]:
    made = Sandbox(
        connect_delay=DELAY, rcpt_delay=0, callout_seconds=2, log_selector=LOG_SELECTORS[request.param]
    )
    with made as box, Peers(box) as peers:
        for peer in TABLE["peers"]:
            name = f"mx.{peer['domain']}"
            box.set_records(peer["domain"], "MX", f"10 {name}")
            if peer["play"] == "silent":
                peers.silent(peer["address"], name=name)
            elif peer["play"] == "refused":
                peers.refused(peer["address"], name=name)
            else:
                peers.start(peer["play"], peer["address"], name=name, domains=(peer["domain"],))
        for owner, kind, value in TABLE["records"]:
            box.set_records(owner, kind, value)
        box.reload_dns()
        options = box.root / "etc/exim.conf.localopts"
        text = options.read_text().replace("callouts=0", "callouts=1")
        options.write_text(text.replace("acl_slow_fail_block=1", "acl_slow_fail_block=0"))
        box.rebuild()
        _visit(Visitors(box), box)
        yield _read(box)


def _visit(visitors: Visitors, box: Sandbox) -> None:
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(visitors.refused, NAMED, one["sender"]) for one in TABLE["refused"]]
        jobs += [pool.submit(visitors.talk, address, stay=1) for address in (NAMELESS, IPV6, TESTER)]
        jobs += [pool.submit(visitors.talk, "198.51.100.9", stay=0.1) for _ in range(3)]
        jobs += [
            pool.submit(visitors.talk, NAMELESS, "EHLO x) [192.0.2.1]:25 lost D=1s"),
            pool.submit(visitors.talk, NAMED, "EHLO x", "MAIL FROM:<>"),
            pool.submit(visitors.talk, "64.20.227.133", port=587, login=True),
            pool.submit(visitors.talk, "64.20.227.133", stay=0.1),
        ]
        for job in jobs:
            job.result()
    visitors.refused(NAMED, "a@unknown.example")
    visitors.mail(IPV6, "a@good.example")
    visitors.mail(NAMELESS, "a@good.example", "x) [192.0.2.1]:25 P=esmtp (y")
    box.run([box.root / "usr/sbin/sendmail", "-f", "root@shop.example", "info@shop.example"], stdin="x\n")


def _read(box: Sandbox) -> Traffic:
    """Once Exim has written what the visitors that left have to be told by."""
    deadline = time.monotonic() + 20
    while True:
        now = time.time()
        found = read_traffic(
            Host(box.root),
            now - 3600,
            now + 1,
            exempt=[ip_network(one) for one in (TESTER, *box.addresses)],
            delay=float(DELAY),
        )
        if found.left >= 5 or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


@pytest.mark.parametrize("case", TABLE["refused"], ids=[case["sender"] for case in TABLE["refused"]])
def test_refused(found: Traffic, case: dict[str, Any]) -> None:
    domain = case["sender"].rpartition("@")[2]
    (one,) = (one for one in found.refused if one.domain == domain)
    again = 2 if domain == "unknown.example" else 1
    assert (one.address, one.name, one.sender) == (NAMED, "host7.example.org", case["sender"])
    assert (one.cause, one.count, one.deferred) == (case["cause"], again, case["deferred"]), one.text


def test_no_other_was_refused(found: Traffic) -> None:
    assert len(found.refused) == found.refused_groups == len(TABLE["refused"])


def test_who_left(found: Traffic) -> None:
    assert (found.left, found.turned_away, found.turned_away_connections) == (5, 2, 4)
    assert found.left_at_once == 5 and found.left_later >= 1
    assert [(one.address, one.left) for one in found.giving_up] == [("198.51.100.9", 3)]
    assert [one.address for one in found.waiting] == [IPV6]
    assert found.waiting[0].waited is not None and 1 <= found.waiting[0].waited <= 60


def test_how_many_at_once(found: Traffic) -> None:
    """Six talked at a time at most, of whom some were still delayed."""
    assert 2 <= found.peak_connections <= 20
    assert found.delayed_at_peak is not None and found.delayed_at_peak >= 1
    assert found.refused_connections == found.refused_of_address == 0


def test_who_does_not_count(found: Traffic) -> None:
    assert found.exempt_connections == 1 and found.user_connections == 2
    assert found.delivered == 1 and found.delivering == 1
    assert found.remarks == () and found.complete
