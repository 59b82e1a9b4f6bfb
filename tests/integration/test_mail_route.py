"""Mail routes against real name servers and real remote mail hosts: each topology of `mx_rows.json`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.peers import Peer, Peers

TABLE = json.loads((Path(__file__).parents[1] / "tables/mx_rows.json").read_text())
CASES = {case["case"]: case for case in TABLE["cases"]}
PATIENCE = 6.0
OWN = ["203.0.113.10", "203.0.113.11", "2001:db8:10::10"]

READ = """
import dataclasses, json, sys, time
from mxverdict.collect.mail_route import read_mail_routes, read_routing
from mxverdict.host import Host
from mxverdict.judge.domain.mx import judge_mail_route
domains, own, hostname, patience = json.loads(sys.argv[1])
started = time.monotonic()
routes, greetings = read_mail_routes(domains, frozenset(own), hostname, started + patience)
seconds = time.monotonic() - started
routing = read_routing(Host.from_environment(), domains)
findings = {
    route.domain: [
        [f.row.name, f.row.host, f.verdict.value, f.row.text, list(f.evidence), f.todo]
        for f in judge_mail_route(route, greetings, frozenset(own), listed)
    ]
    for route, listed in zip(routes, routing)
}
print(json.dumps({"seconds": seconds, "findings": findings,
    "routes": {route.domain: dataclasses.asdict(route) for route in routes},
    "greetings": {greeting.address: dataclasses.asdict(greeting) for greeting in greetings}}))
"""


@dataclass(frozen=True)
class World:
    """The sandbox with all peers, and what was read of all cases at once."""

    box: Sandbox
    peers: dict[str, Peer]
    read: Any


def read_routes(box: Sandbox, domains: list[str], *, patience: float = PATIENCE) -> Any:
    values = json.dumps([domains, OWN, "cp1.example.net", patience])
    return json.loads(box.run([sys.executable, "-c", READ, values], check=True).stdout)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Sandbox() as box, Peers(box) as peers:
        started = {peer["address"]: peers.start(**peer) for peer in TABLE["peers"]}
        for address, (script, name) in TABLE["rude"].items():
            peers.rude(script, address, name=name)
        for address, name in TABLE["refused"].items():
            peers.refused(address, name=name)
        for address, name in TABLE["silent"].items():
            peers.silent(address, name=name)
        for records in (TABLE["records"], *(case["records"] for case in CASES.values())):
            for key, values in records.items():
                owner, kind = key.split()
                box.set_records(owner, kind, *values)
        box.reload_dns()
        for name, domains in TABLE["lists"].items():
            with (box.root / "etc" / name).open("a") as file:
                file.writelines(f"{domain}\n" for domain in domains)
        yield World(box, started, read_routes(box, [case["domain"] for case in CASES.values()]))


@pytest.mark.parametrize("name", CASES)
def test_findings_of(name: str, world: World) -> None:
    case = CASES[name]
    found = [finding[:4] for finding in world.read["findings"][case["domain"]]]
    assert found == case["findings"]


def test_every_remote_address_is_greeted_once_and_no_other_is_touched(world: World) -> None:
    addresses = {
        address
        for route in world.read["routes"].values()
        for host in route["hosts"]
        for address in host["addresses"]
    }
    greetings = world.read["greetings"]
    assert set(greetings) == addresses - set(OWN)
    private = {address: greeting for address, greeting in greetings.items() if address in PRIVATE}
    assert {(g["outcome"], len(g["probe"]["stages"])) for g in private.values()} == {("not_public", 0)}
    assert set(private) == set(PRIVATE)
    assert connections(world.peers["198.51.100.21"]) == 1


def test_all_of_it_ends_by_the_deadline(world: World) -> None:
    assert world.read["seconds"] < PATIENCE + 2


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("198.51.100.20", "greeted"),
        ("2001:db8:77::20", "greeted"),
        ("198.51.100.24", "turned_away"),
        ("198.51.100.25", "busy"),
        ("198.51.100.28", "deadline"),
        ("198.51.100.30", "not_smtp"),
        ("198.51.100.31", "reset"),
        ("198.51.100.32", "oversize"),
        ("198.51.100.33", "deadline"),
        ("198.51.100.34", "closed"),
        ("198.51.100.35", "refused"),
        ("198.51.100.36", "timeout"),
    ],
)
def test_outcomes_are_told_apart(address: str, outcome: str, world: World) -> None:
    assert world.read["greetings"][address]["outcome"] == outcome


def test_no_mail_is_ever_sent(world: World) -> None:
    assert [peer.mailbox for peer in world.peers.values()] == [""] * len(world.peers)


@pytest.mark.parametrize("name", CASES)
def test_exim_routes_to_the_same_hosts(name: str, world: World) -> None:
    domain = CASES[name]["domain"]
    exim = world.box.run([world.box.root / "usr/sbin/exim", "-bt", f"postmaster@{domain}"])
    assert by_exim(exim.stdout) == by_route(world.read["routes"][domain])


def test_without_a_way_out_no_host_is_said_to_be_down(world: World) -> None:
    with Peers(world.box).port_25_blocked():
        read = read_routes(world.box, ["relay.example", "equal.example"], patience=2.0)
    answers = [f for found in read["findings"].values() for f in found if f[0] == "MX host answers"]
    assert {finding[2] for finding in answers} == {"unknown"}
    assert {finding[3] for finding in answers} == {"could not be reached from here"}


def test_many_domains_cost_as_much_as_their_distinct_hosts(world: World) -> None:
    """One conversation, seven recipients alone and the rest together: a hundred are asked, no more."""
    domains = [f"shared{number}.example" for number in range(150)]
    for domain in domains:
        world.box.set_records(domain, "MX", "10 mx21.example")
    world.box.reload_dns()
    before = connections(world.peers["198.51.100.21"])
    read = read_routes(world.box, domains, patience=20.0)
    assert connections(world.peers["198.51.100.21"]) == before + 1
    assert list(read["greetings"]) == ["198.51.100.21"]
    answers = read["greetings"]["198.51.100.21"]["recipients"]
    assert len(answers) == 151
    reasons = {answer["reason"] for answer in answers if answer["reply"] is None}
    assert reasons == {"not asked: the host had refused the 7 before", "not asked: 100 were before it"}


def test_a_hundred_domains_are_asked_at_a_host_that_takes_them(world: World) -> None:
    domains = [f"taken{number}.example" for number in range(105)]
    for domain in domains:
        world.box.set_records(domain, "MX", "10 mx20.example")
    world.box.reload_dns()
    answers = read_routes(world.box, domains, patience=20.0)["greetings"]["198.51.100.20"]["recipients"]
    assert [answer["reply"] and answer["reply"]["code"] for answer in answers] == [
        250,
        550,
        *[250] * 98,
        *[None] * 6,
    ]


PRIVATE = ("10.0.0.5", "127.0.0.1", "fe80::1")
LOCAL = {"shop.example", *TABLE["lists"]["localdomains"]}
_HOST_LINE = re.compile(r"^  host (\S*)\s+\[(\S+)\](?:\s+MX=(\d+))?(.*)$", re.MULTILINE)


def connections(peer: Peer) -> int:
    """How often the server came; every one of its conversations ends with QUIT."""
    came = len(re.findall(r"SMTP connection from \[203\.0\.113\.10\] \(TCP/IP", peer.log))
    assert len(re.findall(r"SMTP connection from .*\[203\.0\.113\.10\].* closed by QUIT", peer.log)) == came
    return came


def by_exim(text: str) -> Any:
    """`local`, `here`, `nowhere`, `unknown`, or the hosts by preference as `exim -bt` lists them."""
    for words, meaning in (
        ("router = local", "local"),
        ("local host", "here"),
        ("undeliverable", "nowhere"),
        ("did not complete", "unknown"),
    ):
        if words in text:
            return meaning
    hosts: dict[int, set[tuple[str, str]]] = {}
    for name, address, preference, remark in _HOST_LINE.findall(text):
        if "unusable" not in remark:
            hosts.setdefault(int(preference or 0), set()).add((name, address))
    return hosts


def by_route(route: Any) -> Any:
    """The same from our route. Exim differs, each for a reason of its own: it shows the end of a CNAME, takes
    an address once, leaves out loopback (`ignore_target_hosts`) and itself with all that is no better."""
    if route["domain"] in LOCAL:
        return "local"
    if route["kind"] == "unknown":
        return "unknown"
    hosts: dict[int, set[tuple[str, str]]] = {}
    seen = {"127.0.0.1"}
    for host in route["hosts"]:
        if set(OWN) & set(host["addresses"]):
            rest = {number: found for number, found in hosts.items() if number < host["preference"]}
            return rest or "here"
        for address in host["addresses"]:
            if address not in seen:
                hosts.setdefault(host["preference"], set()).add((host["canonical"], address))
            seen.add(address)
    return hosts or "nowhere"
