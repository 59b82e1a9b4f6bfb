"""A zone in good order, as evidence, to be changed by tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mxverdict.evidence.zone import Delegation, HostAddresses, ServerAnswers, Soa, Zone

NAMES = ("ns1.good.test", "ns2.good.test")
FIRST, SECOND = "198.51.100.61", "192.0.2.62"
HOSTS = (HostAddresses(NAMES[0], (FIRST,)), HostAddresses(NAMES[1], (SECOND,)))
SOA = Soa(NAMES[0], "hostmaster.good.test", 2026010101, 7200, 3600, 1209600, 3600)


def server(name: str = NAMES[0], address: str = FIRST, **changes: Any) -> ServerAnswers:
    good = ServerAnswers(
        name,
        address,
        rcode="NOERROR",
        authoritative=True,
        soa=SOA,
        name_servers=NAMES,
        recursive=False,
        transfers=False,
        seconds=0.02,
    )
    return replace(good, **changes)


def dead(name: str = NAMES[1], address: str = SECOND, failure: str = "timeout") -> ServerAnswers:
    return ServerAnswers(name, address, failure, "no answer in time")


def delegation(**changes: Any) -> Delegation:
    good = Delegation("test", "ns.test", "198.51.100.60", True, NAMES, HOSTS)
    return replace(good, **changes)


def zone(**changes: Any) -> Zone:
    good = Zone(
        domain="good.test",
        apex="good.test",
        exists=True,
        delegation=delegation(),
        hosts=HOSTS,
        servers=(server(), server(NAMES[1], SECOND)),
        resolver_soa=SOA,
        resolver_name_servers=NAMES,
    )
    return replace(good, **changes)
