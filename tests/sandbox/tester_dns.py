"""What the stand-in tester finds out about the server's name."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Optional

import dns.exception
import dns.resolver
import dns.reversename

_LIFETIME = 5.0


@dataclass(frozen=True)
class ReverseDns:
    """The PTR name (None: there is none, or DNS does not answer); whether it leads back to the address."""

    name: Optional[str]
    confirmed: bool


def look_up(address: str) -> ReverseDns:
    """Of several PTR records the alphabetically first counts."""
    names = sorted(_query(dns.reversename.from_address(address).to_text(), "PTR"))
    if not names:
        return ReverseDns(None, False)
    name = names[0].rstrip(".")
    kind = "AAAA" if ":" in address else "A"
    back = {ipaddress.ip_address(text) for text in _query(names[0], kind)}
    return ReverseDns(name, ipaddress.ip_address(address) in back)


def name_of(address: str) -> Optional[str]:
    return look_up(address).name


def _query(name: str, kind: str) -> list[str]:
    try:
        return [record.to_text() for record in dns.resolver.resolve(name, kind, lifetime=_LIFETIME)]
    except dns.exception.DNSException:
        return []
