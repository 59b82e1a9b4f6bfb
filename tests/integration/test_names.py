"""Names and addresses of outgoing mail: the findings of `names_rows.json`, and what a mail host sees."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.peers import Peer, Peers

pytestmark = pytest.mark.exim

TABLE = json.loads((Path(__file__).parents[1] / "tables/names_rows.json").read_text())
CASES = {case["case"]: case for case in TABLE["cases"]}
PEER = "198.51.100.50"
INTERNET = ("198.41.0.4", "2001:503:ba3e::2:30")
"""a.root-servers.net: a server that is on the internet has a route to it."""

READ = """
import dataclasses, json, sys, time
from mxverdict.collect.outgoing import read_outgoing
from mxverdict.collect.server import read_server
from mxverdict.host import Host
from mxverdict.judge.server.sender_identity import judge_outgoing
from mxverdict.whm.api import LocalWhmApi
host = Host.from_environment()
targets = read_server(host, LocalWhmApi(host)).targets
outgoing = read_outgoing(host, targets, time.monotonic() + float(sys.argv[1]))
found = [finding for one in outgoing for finding in judge_outgoing(one)]
print(json.dumps({"outgoing": [dataclasses.asdict(one) for one in outgoing], "findings": [
    [f.row.name, f.row.host, f.verdict.value, f.row.text] for f in found]}))
"""


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Sandbox, Peer]]:
    with Sandbox() as box, Peers(box) as peers:
        (box.root / "etc/ips").write_text("203.0.113.11:255.255.255.0:203.0.113.255\n")
        yield box, peers.start("accepting", PEER, name="mx.remote.example", domains=["remote.example"])


@pytest.fixture
def case(request: pytest.FixtureRequest, world: tuple[Sandbox, Peer]) -> Iterator[Any]:
    """A case with its files and records in force, which are as before afterwards."""
    box, _ = world
    case = CASES[request.param]
    options = box.root / "etc/exim.conf.localopts"
    nat = box.root / "var/cpanel/cpnat"
    before, records = options.read_text(), dict(box.dns.records)
    for key, values in {**TABLE["records"], **case["records"]}.items():
        owner, kind = key.split()
        box.set_records(owner, kind, *values)
    box.reload_dns()
    for name in ("mailips", "mailhelo"):
        (box.root / "etc" / name).write_text(case[name])
    options.write_text(before + case.get("options", ""))
    nat.write_text(case.get("cpnat", ""))
    yield case
    for name in ("mailips", "mailhelo"):
        (box.root / "etc" / name).write_text("")
    options.write_text(before)
    nat.unlink()
    box.dns.records = records
    box.reload_dns()


def read(box: Sandbox, *, patience: float = 10.0) -> Any:
    return json.loads(box.run([sys.executable, "-c", READ, patience], check=True).stdout)


def sent(box: Sandbox, peer: Peer, domain: str, subject: str) -> list[str]:
    """HELO name and source address of a mail from `domain`, as the remote mail host saw them."""
    exim = box.root / "usr/sbin/exim"
    mail = f"From: info@{domain}\nTo: you@remote.example\nSubject: {subject}\n\nhello\n"
    box.run([exim, "-odq", "-f", f"info@{domain}", "you@remote.example"], stdin=mail, check=True)
    box.run([exim, "-qff"], check=True)
    peer.wait_for_mail(f"Subject: {subject}\n")
    seen = re.findall(r"<= \S+ H=(?:[^\s(]+ )?\(?([^()\s]+)\)? \[([^\]]+)\]", peer.log)
    return list(seen[-1])


@pytest.mark.parametrize("case", CASES, indirect=True)
def test_findings_and_what_a_mail_host_sees(case: Any, world: tuple[Sandbox, Peer]) -> None:
    box, peer = world
    told = read(box)
    assert told["findings"] == case["findings"]
    for domain, seen in case["sent"].items():
        assert sent(box, peer, domain, f"{case['case']} {domain}") == seen
        assert seen in [
            [one["helo"], one["local_address"]]
            for one in told["outgoing"]
            if domain in one["domains"] or "*" in one["domains"]
        ]


def test_a_resolver_that_is_dead_makes_it_unknown_in_time(world: tuple[Sandbox, Peer]) -> None:
    box, _ = world
    box.dns.freeze()
    try:
        started = time.monotonic()
        told = read(box, patience=2.0)
        seconds = time.monotonic() - started
    finally:
        box.dns.thaw()
    assert {finding[2] for finding in told["findings"]} == {"unknown"}
    assert seconds < 5


def test_the_kernel_chooses_among_the_addresses_of_both_families(world: tuple[Sandbox, Peer]) -> None:
    box, _ = world
    box.add_outside(*INTERNET)
    told = read(box)
    assert [one["address"] for one in told["outgoing"]] == ["203.0.113.10", "2001:db8:10::10"]
    assert {finding[2] for finding in told["findings"]} == {"ok"}


def test_files_that_exim_does_not_look_into_count_for_nothing(world: tuple[Sandbox, Peer]) -> None:
    box, _ = world
    (box.root / "etc/mailhelo").write_text("*: other.example\n")
    configuration = box.root / "etc/exim.conf"
    text = configuration.read_text()
    kept = [line for line in text.splitlines() if "etc/mail" not in line]
    configuration.write_text("\n".join(kept) + "\n")
    try:
        assert read(box)["outgoing"][0]["helo"] == "cp1.example.net"
    finally:
        configuration.write_text(text)
        (box.root / "etc/mailhelo").write_text("")


def test_without_exim_the_name_is_unknown(world: tuple[Sandbox, Peer]) -> None:
    box, _ = world
    program = box.root / "usr/sbin/exim"
    aside = program.rename(program.with_name("exim.aside"))
    try:
        findings = read(box)["findings"]
    finally:
        aside.rename(program)
    assert findings == [["Outgoing mail set-up", "mail in general", "unknown", "not told"]]
