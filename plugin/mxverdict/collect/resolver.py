"""DNS look-ups through the server's own resolver: any record, PTR and the way back, mail hosts of a domain.

A name that does not exist is an answer, not an error. Deadlines are values of `time.monotonic()`.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Optional

import dns.exception
import dns.rdata
import dns.resolver
import dns.reversename

from mxverdict.collect.dns_wire import Resolver, SmallAnswers, large_answers
from mxverdict.evidence import Forward, ReverseDns
from mxverdict.i18n.message import Message, message_of

TIMEOUT = 5.0
_NAMES_LIMIT = 10
_FORWARD_LIMIT = 32  # addresses of one name that are kept
_ATTEMPT = TIMEOUT / 2
_CACHED = 2000
"""Answers kept while the process lives: many domains share their name servers, mail hosts and top level."""


@dataclass(frozen=True)
class LookupResult:
    """Records of one name and type in presentation form, those of TXT and SPF as their text (RFC 7208 section
    3.3: the strings joined without spaces). `canonical` is the name at the end of a chain of
    CNAMEs (the name itself without one), `exists` is False for NXDOMAIN, `error` is "" or one line: nothing
    is known then."""

    records: tuple[str, ...]
    canonical: str
    exists: bool = True
    error: str = ""

    def or_raise(self) -> tuple[str, ...]:
        """The records. Raises LookupError with the line in `error`."""
        if self.error:
            raise LookupError(self.error)
        return self.records


def lookup(name: str, kind: str, deadline: float) -> LookupResult:
    """Ask for the records of type `kind` (MX, TXT …) of `name`. Nothing is raised."""
    left = min(TIMEOUT, deadline - time.monotonic())
    if left <= 0:
        return LookupResult(
            (),
            name,
            error=Message("no time was left to look up {kind} for {name}", kind=kind, name=name),
        )
    try:
        with large_answers():
            found = _resolver().resolve(name, kind, search=False, lifetime=left, raise_on_no_answer=False)
            canonical = found.canonical_name.to_text(omit_final_dot=True)
            return LookupResult(tuple(map(_text, found.rrset or ())), canonical)
    except dns.resolver.NXDOMAIN as error:
        return LookupResult((), error.canonical_name.to_text(omit_final_dot=True), exists=False)
    except dns.exception.Timeout:
        return LookupResult(
            (), name, error=Message("the look-up of {kind} for {name} timed out", kind=kind, name=name)
        )
    except (dns.exception.DNSException, UnicodeError, OSError) as error:
        return LookupResult(
            (),
            name,
            error=Message(
                "the look-up of {kind} for {name} failed: {reason}",
                kind=kind,
                name=name,
                reason=reason_of(error),
            ),
        )


def reason_of(error: Exception) -> str:
    """Return in one line why a look-up failed."""
    message = message_of(error)
    if isinstance(message, Message):
        return message
    return next(iter(message.splitlines()), "") or type(error).__name__


def _text(record: dns.rdata.Rdata) -> str:
    strings: Optional[Sequence[bytes]] = getattr(record, "strings", None)
    return record.to_text() if strings is None else b"".join(strings).decode(errors="replace")


def resolvers() -> tuple[str, ...]:
    """Addresses of the resolvers that answer `lookup`; empty when none is set up."""
    try:
        return tuple(getattr(server, "address", str(server)) for server in _resolver().nameservers)
    except OSError:
        return ()


def reverse_all(addresses: Sequence[str], deadline: float = math.inf) -> tuple[ReverseDns, ...]:
    """PTR names of each address and the addresses of each name, looked up at the same time."""
    if not addresses:
        return ()
    with ThreadPoolExecutor(min(32, len(addresses))) as pool:
        return tuple(pool.map(lambda address: _reverse(address, deadline), addresses))


def mail_hosts(domain: str) -> tuple[str, ...]:
    """Host names that take mail for a domain, best preference first; the domain itself when it has no MX
    (RFC 5321 section 5.1); none for a null MX (RFC 7505). Raises LookupError with one line."""
    answers = _records(domain, "MX")
    if not answers:
        return (domain,)
    ordered = sorted(answers, key=lambda text: int(text.split()[0]))
    return tuple(host for host in (text.split()[1].rstrip(".") for text in ordered) if host)


def addresses_of(name: str) -> tuple[str, ...]:
    """A and AAAA addresses of a name. Raises LookupError with one line."""
    return _records(name, "A") + _records(name, "AAAA")


@cache
def _resolver() -> dns.resolver.Resolver:
    """Raises OSError (dnspython's NoResolverConfiguration is turned into one) when none is set up."""
    try:
        resolver = dns.resolver.Resolver()
    except dns.exception.DNSException as error:
        raise OSError(Message("no DNS resolver is set up: {error}", error=error)) from None
    resolver.nameservers = [
        Resolver(server) if isinstance(server, str) else server for server in resolver.nameservers
    ]
    resolver.timeout = _ATTEMPT
    resolver.cache = SmallAnswers(_CACHED)
    return resolver


def _records(name: str, kind: str, deadline: float = math.inf) -> tuple[str, ...]:
    return lookup(name, kind, deadline).or_raise()


def _reverse(address: str, deadline: float) -> ReverseDns:
    pointer = dns.reversename.from_address(address).to_text()
    try:
        names = tuple(sorted(name.rstrip(".") for name in _records(pointer, "PTR", deadline)))[:_NAMES_LIMIT]
    except LookupError as error:
        return ReverseDns(address, (), error=message_of(error))
    return ReverseDns(address, names, tuple(_forward(name, address, deadline) for name in names))


def _forward(name: str, address: str, deadline: float) -> Forward:
    kind = "A" if ipaddress.ip_address(address).version == 4 else "AAAA"
    try:
        found = _records(name, kind, deadline)
        back = (address,) if address in found[_FORWARD_LIMIT:] else ()
        return Forward(name, (*back, *found[:_FORWARD_LIMIT]))
    except LookupError as error:
        return Forward(name, (), message_of(error))
