"""DNS look-ups for the SMTP rows: PTR and the way back, mail hosts of a domain, addresses of a name."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from mxverdict.evidence import Forward, ReverseDns

TIMEOUT = 5.0
_NAMES_LIMIT = 10


def reverse_all(addresses: Sequence[str]) -> tuple[ReverseDns, ...]:
    """PTR names of each address and the addresses of each name, looked up at the same time."""
    if not addresses:
        return ()
    resolver = _resolver()
    with ThreadPoolExecutor(min(32, len(addresses))) as pool:
        return tuple(pool.map(lambda address: _reverse(resolver, address), addresses))


def mail_hosts(domain: str) -> tuple[str, ...]:
    """Host names that take mail for a domain, best preference first; the domain itself when it has no MX
    (RFC 5321 section 5.1); none for a null MX (RFC 7505). Raises LookupError with one line."""
    answers = _records(_resolver(), domain, "MX")
    if not answers:
        return (domain,)
    ordered = sorted(answers, key=lambda text: int(text.split()[0]))
    return tuple(host for host in (text.split()[1].rstrip(".") for text in ordered) if host)


def addresses_of(name: str) -> tuple[str, ...]:
    """A and AAAA addresses of a name. Raises LookupError with one line."""
    resolver = _resolver()
    return tuple(_records(resolver, name, "A") + _records(resolver, name, "AAAA"))


def _resolver() -> dns.resolver.Resolver:
    try:
        resolver = dns.resolver.Resolver()
    except (dns.exception.DNSException, OSError) as error:
        raise LookupError(f"no DNS resolver is set up: {error}") from None
    resolver.timeout = TIMEOUT / 2
    resolver.lifetime = TIMEOUT
    return resolver


def _records(resolver: dns.resolver.Resolver, name: str, kind: str) -> list[str]:
    try:
        answer = resolver.resolve(name, kind, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.Timeout:
        raise LookupError(f"the look-up of {kind} for {name} timed out") from None
    except (dns.exception.DNSException, UnicodeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise LookupError(f"the look-up of {kind} for {name} failed: {reason}") from None
    return [record.to_text() for record in answer]


def _reverse(resolver: dns.resolver.Resolver, address: str) -> ReverseDns:
    pointer = dns.reversename.from_address(address).to_text()
    try:
        names = tuple(sorted(name.rstrip(".") for name in _records(resolver, pointer, "PTR")))[:_NAMES_LIMIT]
    except LookupError as error:
        return ReverseDns(address, (), error=str(error))
    return ReverseDns(address, names, tuple(_forward(resolver, name, address) for name in names))


def _forward(resolver: dns.resolver.Resolver, name: str, address: str) -> Forward:
    kind = "A" if ipaddress.ip_address(address).version == 4 else "AAAA"
    try:
        return Forward(name, tuple(_records(resolver, name, kind)))
    except LookupError as error:
        return Forward(name, (), str(error))
