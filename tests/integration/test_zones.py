"""Zones read from real name servers, good, bad and hostile, and MXToolbox's rows about them.

The world stands in `tables/dns_zones.json`, what must come of it in `tables/dns_rows.tsv`: every row that is
not listed there must pass.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mxverdict.evidence.decode import decode
from mxverdict.evidence.zone import ServerAnswers, Soa, Zone
from mxverdict.findings import Finding
from mxverdict.judge.domain.zone import judge_zone
from mxverdict.testers.row_texts import load
from tests.sandbox import rude_names
from tests.sandbox.box import Sandbox
from tests.sandbox.delegated_zone import ADDRESSES, TOP_ADDRESS, DelegatedZone
from tests.sandbox.name_servers import NameServers
from tests.table import dns_rows
from tests.table.dns_rows import TAKEN_AT, flat
from tests.table.tsv import read

TABLES = Path(__file__).parents[1] / "tables"
ZONES = list(dns_rows.zones(TABLES / "dns_zones.json").values())
EXPECTED = read(TABLES / "dns_rows.tsv", ("zone", "row"), dns_rows.COLUMNS)
PATIENCE = 20.0
RUDE_PATIENCE = 6.0
PRESENT_WHEN_FINE = [words.name for words in load("dns").values() if words.ok]


def table(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@dataclass(frozen=True)
class World:
    box: Sandbox
    servers: NameServers

    def read(self, *domains: str, patience: float = PATIENCE) -> list[tuple[Zone, float]]:
        """The zones as this server reads them, with the seconds that each took."""
        command = [sys.executable, "-m", "tests.sandbox.read_zones", patience, *domains]
        done = self.box.run(command, timeout=120, check=True)
        return [(decode(Zone, entry["zone"], "zone"), entry["seconds"]) for entry in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Sandbox() as box, NameServers(box) as servers:
        box.add_outside(*rude_names.ADDRESSES.values())
        rude = box.start([sys.executable, "-m", "tests.sandbox.rude_names"], namespace=box.outside)
        assert rude.stdout is not None
        assert rude.stdout.readline() == b"ready\n"
        servers.serve(ZONES, rude_names.delegations())
        yield World(box, servers)


@pytest.fixture(scope="module")
def zones(world: World) -> dict[str, Zone]:
    names = [zone.zone for zone in ZONES]
    return {name: zone for name, (zone, _) in zip(names, world.read(*names))}


def judged(zone: Zone, own: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    return judge_zone(zone, TAKEN_AT, frozenset(ADDRESSES[key] for key in own))


@pytest.mark.parametrize("case", ZONES, ids=lambda case: case.zone)
def test_rows_of(case: DelegatedZone, zones: dict[str, Zone]) -> None:
    findings = judged(zones[case.zone], tuple(case.own))
    assert dns_rows.complaints(findings) == dns_rows.expected_of(case.zone, EXPECTED)
    assert {finding.row.host for finding in findings} == {case.zone}
    assert all(finding.why for finding in findings)
    if len(findings) > 1:
        absent = set(PRESENT_WHEN_FINE) - {finding.row.name for finding in findings}
        assert not absent


def test_every_row_is_seen_passing_and_failing(zones: dict[str, Zone]) -> None:
    failing = {row.cells["row"] for row in EXPECTED if row.cells["level"] in ("warning", "error")}
    passing = [finding.row.name for finding in judged(zones["good.test"])]
    assert passing == PRESENT_WHEN_FINE
    assert failing == set(load("dns")) - {"DNS Lookup Timeout", "DNS Server Allows Zone Transfer"}


def test_what_is_read_of_a_good_zone(zones: dict[str, Zone]) -> None:
    zone = zones["good-six.test"]
    assert (zone.domain, zone.apex, zone.exists) == ("good-six.test", "good-six.test", True)
    assert (zone.delegation.parent, zone.delegation.server, zone.delegation.address) == (
        "test",
        "ns.test",
        TOP_ADDRESS,
    )
    names = ("ns1.good-six.test", "ns2.good-six.test")
    assert zone.delegation.name_servers == zone.resolver_name_servers == names
    addresses = {host.name: set(host.addresses) for host in zone.delegation.glue}
    assert addresses == {names[0]: {ADDRESSES["a"], ADDRESSES["six"]}, names[1]: {ADDRESSES["b"]}}
    assert addresses == {host.name: set(host.addresses) for host in zone.hosts}
    soa = Soa("ns1.good-six.test", "hostmaster.good-six.test", 2026010101, 7200, 3600, 1209600, 3600)
    assert zone.resolver_soa == soa
    assert [(server.name, server.address, server.soa) for server in zone.servers] == [
        (names[0], ADDRESSES["a"], soa),
        (names[0], ADDRESSES["six"], soa),
        (names[1], ADDRESSES["b"], soa),
    ]


@pytest.mark.parametrize(
    ("domain", "apex", "exists"),
    [
        ("www.good.test", "", False),
        ("ns1.good.test", "good.test", True),
        ("NS2.Good.TEST.", "good.test", True),
        ("nobody.nowhere.test", "", False),
        ("www.lame.test", "", False),
        ("ns1.all-lame.test", "all-lame.test", True),
        ("shop.example", "shop.example", True),
    ],
)
def test_the_zone_of(domain: str, apex: str, exists: bool, world: World) -> None:
    ((zone, _),) = world.read(domain)
    assert (zone.apex, zone.exists) == (apex, exists)


@pytest.mark.parametrize("domain", [".", "", "a..b", "x" * 64 + ".test", "\N{SNOWMAN}" * 80 + ".test"])
def test_what_is_no_domain_gives_an_unknown(domain: str, world: World) -> None:
    ((zone, _),) = world.read(domain)
    (finding,) = judged(zone)
    assert (zone.exists, finding.verdict.value) == (None, "unknown")
    assert zone.error


def test_a_parent_that_holds_the_zone_too_hides_the_delegation(world: World) -> None:
    ((zone, _),) = world.read("shop.example")
    assert zone.delegation.own_copy
    levels = {finding.row.name: finding.row.level for finding in judged(zone)}
    assert levels["DNS Local Parent Mismatch"] == "ok"
    assert levels["DNS Bad Glue Detected"] == "ok"


def test_dig_says_the_same(world: World, zones: dict[str, Zone], tmp_path: Path) -> None:
    heard = {
        (zone.apex, server.address): server
        for zone in zones.values()
        for server in zone.servers
        if not server.failure
    }
    assert len(heard) > 60
    batch = tmp_path / "questions"
    batch.write_text(
        "".join(f"{zone} {kind} @{address}\n" for zone, address in heard for kind in ("SOA", "NS"))
    )
    command = ["dig", "+norecurse", "+tries=1", "+noall", "+comments", "+answer", "-f", batch]
    answers = world.box.run(command, check=True).stdout.split(";; Got answer:")[1:]
    assert len(answers) == 2 * len(heard)
    for server, soa, ns in zip(heard.values(), answers[::2], answers[1::2]):
        assert same_soa(server, soa)
        assert same_names(server, ns)


def same_soa(server: ServerAnswers, text: str) -> bool:
    status, aa, records = dug(text)
    said = [
        (soa.primary, soa.contact, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum)
        for soa in [server.soa]
        if soa
    ]
    seen = [(record[0].rstrip("."), record[1].rstrip("."), *map(int, record[2:])) for record in records]
    return (server.rcode, server.authoritative, said) == (status, aa, seen)


def same_names(server: ServerAnswers, text: str) -> bool:
    _, _, records = dug(text)
    return server.name_servers == tuple(sorted(record[0].rstrip(".") for record in records))


def dug(text: str) -> tuple[str, bool, list[list[str]]]:
    """Status, AA bit and the data of the records in one answer of dig."""
    status = text.partition("status: ")[2].partition(",")[0]
    flags = text.partition("flags: ")[2].partition(";")[0].split()
    lines = [line.split() for line in text.splitlines() if line and not line.startswith(";")]
    return status, "aa" in flags, [line[4:] for line in lines]


def test_only_the_resolver_is_within_reach(world: World) -> None:
    """Direct questions go unanswered: nothing may be held against the name servers."""
    rules = [
        f"from {address} to 203.0.113.0/24 blackhole"
        for address in (TOP_ADDRESS, ADDRESSES["a"], ADDRESSES["b"])
    ]
    for rule in rules:
        ip_rule(world, "add", rule)
    try:
        ((zone, _),) = world.read("good.test")
    finally:
        for rule in rules:
            ip_rule(world, "delete", rule)
    assert {server.failure for server in zone.servers} == {"timeout"}
    assert zone.delegation.found is None
    verdicts = {finding.row.name: finding.verdict.value for finding in judged(zone)}
    expected = {entry["row"]: entry["verdict"] for entry in table("dns_resolver_only.tsv")}
    assert verdicts == expected


def ip_rule(world: World, action: str, rule: str) -> None:
    subprocess.run(["ip", "-n", world.box.outside, "rule", action, *rule.split()], check=True)


def test_a_resolver_that_is_dead(world: World) -> None:
    world.box.dns.freeze()
    try:
        ((zone, seconds),) = world.read("good.test", patience=3)
    finally:
        world.box.dns.thaw()
    (finding,) = judged(zone)
    assert (zone.exists, finding.verdict.value) == (None, "unknown")
    assert "timed out" in zone.error
    assert seconds < 3


@pytest.fixture(scope="module")
def rude(world: World) -> dict[str, tuple[Zone, float]]:
    names = list(rude_names.ADDRESSES)
    found = world.read(*(f"{name}.test" for name in names), patience=RUDE_PATIENCE)
    return dict(zip(names, found))


@pytest.mark.parametrize("entry", table("dns_rude.tsv"), ids=lambda entry: str(entry["server"]))
def test_rude(entry: dict[str, str], rude: dict[str, tuple[Zone, float]]) -> None:
    zone, seconds = rude[entry["server"]]
    assert seconds < 2 * RUDE_PATIENCE  # it is what ends the look, whatever still comes; the rest is load
    (server, *_) = zone.servers
    worst = judged(zone)[0]
    assert {
        "server": entry["server"],
        "failure": server.failure,
        "row": worst.row.name,
        "verdict": worst.verdict.value,
    } == entry


def test_every_rude_server_is_in_the_table() -> None:
    assert {entry["server"] for entry in table("dns_rude.tsv")} == set(rude_names.ADDRESSES)


def test_a_crowd_is_cut_and_its_names_are_harmless(rude: dict[str, tuple[Zone, float]]) -> None:
    zone, _ = rude["crowd"]
    assert len(zone.hosts) == 13
    assert zone.left_out > 0
    texts = json.dumps([flat(finding) for finding in judged(zone)]) + repr(judged(zone))
    assert "\x1b" not in texts
    assert max(len(line) for finding in judged(zone) for line in finding.evidence) < 2000
