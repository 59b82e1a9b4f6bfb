"""MXToolbox's rows about a zone: its words, the limits at their edges, serials, and rare states of a zone."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mxverdict.evidence.decode import decode
from mxverdict.evidence.zone import Delegation, HostAddresses, Soa, Zone
from mxverdict.findings import Finding
from mxverdict.judge.domain.soa_serial import read_serial
from mxverdict.judge.domain.zone import judge_zone
from mxverdict.testers.row_texts import load
from tests.table import dns_rows
from tests.table.case import Case
from tests.unit.zone_maker import FIRST, HOSTS, NAMES, SECOND, SOA, dead, delegation, server, zone

TABLES = Path(__file__).parents[3] / "tables"
NOON = 1795608000.0
"""12:00 UTC on 25 November 2026."""
NOBODY: frozenset[str] = frozenset()


def table(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def finding(name: str, zone: Zone, own: frozenset[str] = NOBODY, taken_at: float = NOON) -> Finding:
    found = {entry.row.name: entry for entry in judge_zone(zone, taken_at, own)}
    return found[name]


def verdicts(zone: Zone, own: frozenset[str] = NOBODY) -> dict[str, str]:
    """Those that are not in order."""
    return {
        entry.row.name: entry.verdict.value
        for entry in judge_zone(zone, NOON, own)
        if entry.verdict.value != "ok"
    }


def with_soa(soa: Soa) -> Zone:
    return zone(servers=(server(soa=soa), server(NAMES[1], SECOND, soa=soa)), resolver_soa=soa)


@pytest.mark.parametrize("case", dns_rows.cases(TABLES / "dns_rows.tsv"), ids=str)
def test_rows_of_a_zone(case: Case) -> None:
    """As described; tests/integration/test_zones.py reads the same zones from name servers."""
    assert case.wrong() == []


@pytest.mark.parametrize("entry", table("dns_words.tsv"), ids=lambda entry: str(entry["id"]))
def test_words(entry: dict[str, str]) -> None:
    words = load("dns")[entry["row"]]
    assert (str(words.id), words.ok, words.level) == (entry["id"], entry["ok"], entry["level"])
    if entry["failed"]:
        assert (words.failed, words.seen) == (entry["failed"], True)
    else:
        assert (bool(words.failed), words.seen) == (True, False)
    assert words.source


def test_a_good_zone_passes_in_the_order_of_the_tester() -> None:
    rows = [(entry.row.name, entry.row.text) for entry in judge_zone(zone(), NOON)]
    assert rows == [(entry["row"], entry["ok"]) for entry in table("dns_words.tsv")]
    assert verdicts(zone()) == {}


def test_failures_come_first() -> None:
    bad = zone(servers=(server(soa=replace(SOA, expire=1)), dead()))
    levels = [entry.row.level for entry in judge_zone(bad, NOON)]
    assert levels == sorted(levels, key=["error", "warning", "unknown", "ok"].index)
    assert levels[:2] == ["error", "warning"]


@pytest.mark.parametrize("entry", table("dns_serials.tsv"), ids=lambda e: f"{e['serial']}@{e['taken_at']}")
def test_serial(entry: dict[str, str]) -> None:
    moment = datetime.datetime.fromisoformat(entry["taken_at"]).replace(tzinfo=datetime.timezone.utc)
    taken_at = moment.timestamp()
    assert read_serial(int(entry["serial"]), taken_at).style == entry["style"]
    number = int(entry["serial"])
    judged = finding("DNS SOA Serial Number Format", with_soa(replace(SOA, serial=number)), NOBODY, taken_at)
    line = f"{NAMES[0]} reported Serial {number} : {entry['line']}"
    assert judged.row.details == ((line,) if entry["line"] else ())
    if entry["style"] == "date":
        assert (judged.row.level, judged.verdict.value) == ("ok", "ok")
    else:
        assert (judged.row.level, judged.verdict.value) == ("warning", "false_positive")
    if entry["hours"]:
        assert f"in about {entry['hours']} h" in judged.why


@pytest.mark.parametrize(
    ("serial", "own", "verdict", "owner", "why"),
    [
        (1, False, "false_positive", "NOBODY", "a plain counter"),
        (1, True, "advisory", "ZONE", "a plain counter"),
        (1764028800, True, "advisory", "ZONE", "seconds since 1970"),
        (2027010101, True, "advisory", "ZONE", "reads as 2027-01-01"),
        (2399999999, False, "false_positive", "NOBODY", "reads like a date in 2399"),
        (2019105603, False, "false_positive", "NOBODY", "follows none"),
        (2026112600, True, "false_positive", "NOBODY", "goes by itself"),
    ],
)
def test_whose_job_a_serial_is(serial: int, own: bool, verdict: str, owner: str, why: str) -> None:
    addresses = frozenset({FIRST}) if own else NOBODY
    judged = finding("DNS SOA Serial Number Format", with_soa(replace(SOA, serial=serial)), addresses)
    assert judged.owner is not None
    assert (judged.verdict.value, judged.owner.name) == (verdict, owner)
    assert why in judged.why


@pytest.mark.parametrize(
    ("primary", "provider"),
    [
        ("ada.ns.cloudflare.com", "Cloudflare"),
        ("ns-1536.awsdns-00.co.uk", "Route 53"),
        ("ada.ns.cloudflare.com.evil.test", "a plain counter"),
        ("x.awsdns-00.com", "a plain counter"),
    ],
)
def test_a_provider_is_known_by_its_primary(primary: str, provider: str) -> None:
    judged = finding("DNS SOA Serial Number Format", with_soa(replace(SOA, serial=7, primary=primary)))
    assert provider in judged.why


@pytest.mark.parametrize(
    "entry", table("dns_limits.tsv"), ids=lambda e: f"{e['field']}-{e['value']}-{e['own']}"
)
def test_limit(entry: dict[str, str]) -> None:
    changes: dict[str, Any] = {entry["field"]: int(entry["value"])}
    soa = replace(SOA, **changes)
    own = frozenset({FIRST}) if entry["own"] == "yes" else NOBODY
    judged = finding(entry["row"], with_soa(soa), own)
    owner = judged.owner.name if judged.owner else ""
    assert (judged.row.level, judged.verdict.value, owner) == (
        entry["level"],
        entry["verdict"],
        entry["owner"],
    )
    assert len(judged.row.details) == (entry["level"] != "ok")


def test_the_detail_line_of_expire_is_verbatim() -> None:
    judged = finding("DNS SOA Expire Value", with_soa(replace(SOA, expire=604800)))
    assert judged.row.details == (
        f"{NAMES[0]} reported Expire 604800 : Expire is recommended to be between 1209600 and 2419200.",
    )


def test_two_serials_and_two_expires_give_two_detail_lines_each() -> None:
    other = replace(SOA, serial=2, expire=2)
    both = zone(servers=(server(soa=replace(SOA, serial=1, expire=1)), server(NAMES[1], SECOND, soa=other)))
    for name in ("DNS SOA Serial Number Format", "DNS SOA Expire Value"):
        assert [line.split()[0] for line in finding(name, both).row.details] == list(NAMES)


RARE = {
    "the resolver alone fails: signatures": (
        zone(resolver_soa=None, resolver_error="answered SERVFAIL"),
        NOBODY,
        {"DNS Record Published": "problem"},
    ),
    "the resolver fails, but so does a name server": (
        zone(resolver_soa=None, resolver_error="timed out", servers=(server(), dead())),
        NOBODY,
        {"DNS All Servers Responding": "problem"},
    ),
    "the zone above says no, the resolver knows the zone": (
        zone(delegation=Delegation("test", "ns.test", "198.51.100.60", False)),
        NOBODY,
        {"DNS Record Published": "problem"},
    ),
    "the zone above is silent": (
        zone(delegation=Delegation("test", error="nobody answers")),
        NOBODY,
        {
            "DNS Bad Glue Detected": "unknown",
            "DNS Local Parent Mismatch": "unknown",
            "DNS Primary Server Listed At Parent": "unknown",
        },
    ),
    "a cached answer is no authority": (
        zone(servers=(server(), server(NAMES[1], SECOND, authoritative=False))),
        NOBODY,
        {"DNS All Servers Authoritative": "problem"},
    ),
    "IPv6 does not work from here": (
        zone(servers=(server(), server(NAMES[1], SECOND), dead(NAMES[0], "2001:db8:99::61"))),
        NOBODY,
        {},
    ),
    "a name server has IPv6 alone, which does not work from here": (
        zone(
            hosts=(HOSTS[0], HostAddresses(NAMES[1], ("2001:db8:99::61",))),
            delegation=delegation(glue=()),
            servers=(server(), dead(NAMES[1], "2001:db8:99::61", "unreachable")),
        ),
        NOBODY,
        {
            "DNS Bad Glue Detected": "problem",
            "DNS All Servers Responding": "unknown",
            "DNS Servers are on Different Subnets": "advisory",
        },
    ),
    "there was no time for the second": (
        zone(servers=(server(), dead(failure="no_time"))),
        NOBODY,
        {"DNS All Servers Responding": "unknown"},
    ),
    "too many to ask them all": (zone(left_out=3), NOBODY, {"DNS All Servers Responding": "unknown"}),
    "all silent, but the resolver remembers": (
        zone(servers=(dead(NAMES[0], FIRST), dead())),
        NOBODY,
        {"DNS All Name Servers Timed Out": "unknown"},
    ),
    "all this server, with its port closed, though the resolver remembers": (
        zone(servers=(dead(NAMES[0], FIRST, "refused"), dead(failure="refused"))),
        frozenset({FIRST, SECOND}),
        {"DNS All Name Servers Timed Out": "problem"},
    ),
    "others with their port closed, but the resolver remembers": (
        zone(servers=(dead(NAMES[0], FIRST, "refused"), dead(failure="refused"))),
        frozenset({FIRST}),
        {"DNS All Name Servers Timed Out": "unknown"},
    ),
    "all silent and all this server": (
        zone(servers=(dead(NAMES[0], FIRST), dead()), resolver_soa=None),
        frozenset({FIRST, SECOND}),
        {"DNS All Name Servers Timed Out": "unknown"},
    ),
    "all silent, and one of them is this server": (
        zone(servers=(dead(NAMES[0], FIRST), dead()), resolver_soa=None),
        frozenset({FIRST}),
        {"DNS All Name Servers Timed Out": "problem"},
    ),
    "all silent": (
        zone(servers=(dead(NAMES[0], FIRST), dead()), resolver_soa=None),
        NOBODY,
        {"DNS All Name Servers Timed Out": "problem"},
    ),
    "no name server was found": (
        zone(hosts=(), servers=(), delegation=Delegation("test", error="silent")),
        NOBODY,
        {"DNS Record Published": "unknown"},
    ),
    "whether it recurses is not clear": (
        zone(servers=(server(recursive=None), server(NAMES[1], SECOND))),
        NOBODY,
        {"DNS Open Recursive Name Server": "unknown"},
    ),
    "one stranger recurses, as does this server": (
        zone(servers=(server(recursive=True), server(NAMES[1], SECOND, recursive=True))),
        frozenset({FIRST}),
        {"DNS Open Recursive Name Server": "problem"},
    ),
    "the addresses could not be looked up": (
        zone(
            hosts=tuple(HostAddresses(name, (), "timed out") for name in NAMES),
            delegation=delegation(glue=(), name_servers=("a.example", "b.example")),
            servers=(),
        ),
        NOBODY,
        {"DNS Record Published": "unknown"},
    ),
    "the address of a name with glue could not be looked up": (
        zone(hosts=(HOSTS[0], HostAddresses(NAMES[1], (), "timed out"))),
        NOBODY,
        {"DNS Bad Glue Detected": "unknown"},
    ),
    "two names lead to one address of a provider": (
        zone(
            hosts=(HOSTS[0], HostAddresses(NAMES[1], (FIRST,))),
            delegation=delegation(glue=(HOSTS[0], HostAddresses(NAMES[1], (FIRST,)))),
            servers=(server(), server(NAMES[1])),
        ),
        NOBODY,
        {"DNS At Least Two Servers": "problem", "DNS Servers are on Different Subnets": "advisory"},
    ),
    "two names lead to two addresses of this server": (
        zone(),
        frozenset({FIRST, SECOND}),
        {"DNS At Least Two Servers": "advisory"},
    ),
    "the second name of one machine could not be looked up": (
        zone(
            hosts=(HOSTS[0], HostAddresses("ns.example", (), "timed out")),
            delegation=delegation(name_servers=(NAMES[0], "ns.example"), glue=(HOSTS[0],)),
            servers=(server(name_servers=(NAMES[0], "ns.example")),),
        ),
        NOBODY,
        {"DNS Servers are on Different Subnets": "advisory"},
    ),
    "nothing was found": (
        Zone("good.test", "", None, Delegation(""), error="timed out"),
        NOBODY,
        {"DNS Record Published": "unknown"},
    ),
    "there is no such name": (
        Zone("good.test", "", False, Delegation("test")),
        NOBODY,
        {"DNS Record Published": "problem"},
    ),
}


@pytest.mark.parametrize("name", RARE)
def test_rare(name: str) -> None:
    case, own, expected = RARE[name]
    assert verdicts(case, own) == expected


def test_what_the_resolver_alone_knows_is_not_held_against_the_delegated_name_servers() -> None:
    """The domain has moved to a provider, and this server's resolver still holds the old zone itself."""
    old = ("ns1.here.test", "203.0.113.10")
    moved = zone(
        hosts=(*HOSTS, HostAddresses(old[0], (old[1],))),
        servers=(*zone().servers, server(*old, soa=replace(SOA, serial=1), recursive=True)),
        resolver_name_servers=(old[0],),
        resolver_soa=replace(SOA, serial=1),
    )
    assert verdicts(moved) == {}


def test_a_zone_survives_json() -> None:
    for case, _, _ in RARE.values():
        again = decode(Zone, json.loads(json.dumps(dataclasses.asdict(case))), "zone")
        assert again == case
