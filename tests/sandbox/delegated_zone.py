"""Zones, their delegations and their name servers, as tables describe them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

TOP = "test"
"""The zone above all others here; the sandbox's own BIND delegates it."""
TOP_ADDRESS = "198.51.100.60"

ADDRESSES = {
    "a": "198.51.100.61",
    "b": "192.0.2.62",
    "same-net": "198.51.100.63",
    "six": "2001:db8:99::61",
    "open": "192.0.2.65",
    "giving": "192.0.2.66",
    "silent": "198.51.100.67",
    "closed": "198.51.100.68",
    "silent-six": "2001:db8:99::67",
}
"""`a`, `b`, `same-net` and `six` are ordinary; `open` recurses for everybody, `giving` hands over its zones,
`silent` drops everything, nobody listens at `closed`."""

NOBODY = ("silent", "closed", "silent-six")
"""Where no name server is."""
_SOA = {
    "primary": "ns1",
    "serial": 2026010101,
    "refresh": 7200,
    "retry": 3600,
    "expire": 1209600,
    "minimum": 3600,
}


@dataclass(frozen=True)
class DelegatedZone:
    """A zone and its delegation. Hosts are names, relative to the zone if they have no dot; addresses are
    keys of `ADDRESSES` or addresses themselves.

    `names` are the name servers at the zone above; `inside` those in the zone itself, if others. `glue`
    replaces addresses that the zone above sends along ([]: it sends none). `holders` are the servers that
    hold the zone, if others than those of the names. `soa` changes fields of the SOA, `at` does so (and `ns`
    the list of name servers) at one server. `delegated` False: the zone above does not know it. `records`
    stand in the zone as they are.
    """

    zone: str
    names: Mapping[str, Sequence[str]]
    inside: Optional[Mapping[str, Sequence[str]]] = None
    glue: Mapping[str, Sequence[str]] = field(default_factory=dict)
    holders: Optional[Sequence[str]] = None
    soa: Mapping[str, Any] = field(default_factory=dict)
    at: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    delegated: bool = True
    records: Sequence[str] = ()
    about: str = ""
    own: Sequence[str] = ()
    """Which of the servers a test takes for the server itself."""

    def held_by(self) -> Sequence[str]:
        if self.holders is not None:
            return self.holders
        keys = {key for hosts in (self.names, self.inside or {}) for found in hosts.values() for key in found}
        return [key for key in ADDRESSES if key in keys and key not in NOBODY]

    def full(self, name: str) -> str:
        return name if "." in name else f"{name}.{self.zone}"

    def delegation(self) -> list[str]:
        lines = []
        for name, keys in self.names.items():
            lines.append(f"{self.zone}. NS {self.full(name)}.")
            if self.is_inside(self.full(name)):
                lines += address_records(self.full(name), self.glue.get(name, keys))
        return lines if self.delegated else []

    def soa_at(self, server: str) -> dict[str, Any]:
        """The fields of the SOA at one server."""
        change = {name: value for name, value in self.at.get(server, {}).items() if name != "ns"}
        return {**_SOA, **self.soa, **change}

    def listed_at(self, server: str) -> Sequence[str]:
        """The full names of the name servers that the zone lists at one server."""
        names = self.at.get(server, {}).get("ns") or (self.names if self.inside is None else self.inside)
        return [self.full(name) for name in names]

    def hosts(self) -> dict[str, Sequence[str]]:
        """Every name server by its full name, with its addresses as the zone or its own one has them."""
        return {self.full(name): keys for name, keys in {**self.names, **(self.inside or {})}.items()}

    def is_inside(self, name: str) -> bool:
        return name.endswith(f".{self.zone}")

    def text(self, server: str) -> str:
        """The zone file at one server."""
        soa = self.soa_at(server)
        lines = [
            "$TTL 3600",
            f"{self.zone}. SOA {self.full(soa['primary'])}. hostmaster.{self.zone}. {soa['serial']} "
            f"{soa['refresh']} {soa['retry']} {soa['expire']} {soa['minimum']}",
            *(f"{self.zone}. NS {name}." for name in self.listed_at(server)),
        ]
        for name, keys in self.hosts().items():
            if self.is_inside(name):
                lines += address_records(name, keys)
        return "\n".join([*lines, *self.records]) + "\n"

    def foreign_hosts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """Name servers that lie outside the zone, with their addresses."""
        for name, keys in self.hosts().items():
            if not self.is_inside(name):
                yield name, [address_of(key) for key in keys]


def address_of(key: str) -> str:
    """The address of a key of `ADDRESSES`; anything else is an address itself."""
    return ADDRESSES.get(key, key)


def address_records(name: str, keys: Iterable[str]) -> list[str]:
    """Lines of a zone file."""
    return [f"{name}. {'AAAA' if ':' in address_of(key) else 'A'} {address_of(key)}" for key in keys]
