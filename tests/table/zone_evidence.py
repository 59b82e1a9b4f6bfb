"""What reading a zone of `dns_zones.json` yields, worked out without a name server.

tests/integration/test_zones.py reads the same zones from real name servers and expects the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from mxverdict.evidence.zone import Delegation, HostAddresses, ServerAnswers, Soa, Zone
from mxverdict.net.special_ranges import is_public
from tests.sandbox.delegated_zone import ADDRESSES, NOBODY, TOP, TOP_ADDRESS, DelegatedZone, address_of

_KEYS = {address: key for key, address in ADDRESSES.items()}
_NO_ANSWER = "no usable answer"


def zone_evidence(case: DelegatedZone) -> Zone:
    """The evidence as this server would collect it."""
    if not case.delegated:
        return Zone(case.zone, "", False, Delegation(TOP, error="not asked"))
    delegation = Delegation(
        TOP, f"ns.{TOP}", TOP_ADDRESS, True, tuple(sorted(map(case.full, case.names))), _glue(case)
    )
    asked = _asked_by_resolver(case)
    listed = tuple(sorted(case.listed_at(asked[0]))) if asked else ()
    hosts: dict[str, HostAddresses] = {}
    servers: list[ServerAnswers] = []
    wanted = [*delegation.name_servers, *listed]
    for _ in range(2):
        for name in dict.fromkeys(wanted):
            if name not in hosts:
                hosts[name] = _host(case, name, bool(asked))
                servers += _answers(case, hosts[name], delegation.glue)
        wanted += [name for server in servers for name in server.name_servers]
    return Zone(
        domain=case.zone,
        apex=case.zone,
        exists=True,
        delegation=delegation,
        hosts=tuple(hosts.values()),
        servers=tuple(servers),
        resolver_soa=_soa(case, asked[0]) if asked else None,
        resolver_name_servers=listed,
        resolver_error="" if asked else _NO_ANSWER,
    )


def _glue(case: DelegatedZone) -> tuple[HostAddresses, ...]:
    sent = {
        case.full(name): case.glue.get(name, keys)
        for name, keys in sorted(case.names.items())
        if case.is_inside(case.full(name))
    }
    return tuple(HostAddresses(name, _addresses(keys)) for name, keys in sent.items() if keys)


def _asked_by_resolver(case: DelegatedZone) -> list[str]:
    """The servers that the resolver gets an answer from."""
    led_to = {key for name, keys in case.names.items() for key in case.glue.get(name, keys)}
    if not any(key in case.held_by() for key in led_to):
        return []
    return [key for key in ADDRESSES if key in led_to and key in case.held_by() and key not in NOBODY]


def _host(case: DelegatedZone, name: str, answered: bool) -> HostAddresses:
    if case.is_inside(name) and not answered:
        return HostAddresses(name, (), _NO_ANSWER)
    return HostAddresses(name, _addresses(case.hosts().get(name, ())))


def _answers(case: DelegatedZone, host: HostAddresses, glue: Iterable[HostAddresses]) -> list[ServerAnswers]:
    sent_along = [address for sent in glue if sent.name == host.name for address in sent.addresses]
    addresses = dict.fromkeys([*sent_along, *host.addresses])
    return [_answer(case, host.name, address) for address in sorted(addresses, key=lambda a: ":" in a)]


def _answer(case: DelegatedZone, name: str, address: str) -> ServerAnswers:
    key = _KEYS.get(address, "silent")
    if not is_public(address):
        return ServerAnswers(name, address, "private", "it was not asked")
    if key in NOBODY:
        return ServerAnswers(name, address, "refused" if key == "closed" else "timeout", "no answer in time")
    recursive = key == "open"
    if key not in case.held_by():
        return ServerAnswers(name, address, rcode="REFUSED", recursive=recursive)
    return ServerAnswers(
        name,
        address,
        rcode="NOERROR",
        authoritative=True,
        soa=_soa(case, key),
        name_servers=tuple(sorted(case.listed_at(key))),
        recursive=recursive,
        transfers=key == "giving",
        seconds=0.01,
    )


def _soa(case: DelegatedZone, key: str) -> Soa:
    fields = case.soa_at(key)
    return Soa(contact=f"hostmaster.{case.zone}", **{**fields, "primary": case.full(fields["primary"])})


def _addresses(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(map(address_of, keys), key=lambda address: (":" in address, address)))
