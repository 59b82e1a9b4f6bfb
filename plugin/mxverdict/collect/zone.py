"""Reads a zone: its delegation at the zone above, each of its name servers asked directly, the resolver."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from typing import Optional

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from mxverdict.collect import resolver
from mxverdict.collect.authoritative_dns import DnsReply, ask, interrogate, names_of, soa_of, text_of
from mxverdict.collect.progress import Progress
from mxverdict.evidence.zone import Delegation, HostAddresses, ServerAnswers, Soa, Zone
from mxverdict.i18n.message import Message, join

SERVERS_LIMIT = 13
"""Names of name servers that are asked, as many as the root has."""

_ADDRESSES_LIMIT = 2  # of each IP version
_HOST_LIMIT = 16  # addresses of one name and IP version that are kept
_PARENTS_LIMIT = 4
_LEVELS_LIMIT = 10
_THREADS = 64
_ZONES_AT_A_TIME = 32
_QUESTIONS_AT_A_TIME = 256
_HEDGE = 2.0  # seconds after which a slow resolver is not waited for before the zone above is asked
_SPARE = 0.2  # seconds kept back for putting the answers together


def read_zones(
    domains: Sequence[str], deadline: float, progress: Optional[Progress] = None
) -> tuple[Zone, ...]:
    """The zone of each domain, many at a time; for the rest see `read_zone`. `progress` counts them."""
    if not domains:
        return ()
    progress = progress or Progress()
    with ThreadPoolExecutor(_ZONES_AT_A_TIME) as readers, ThreadPoolExecutor(_QUESTIONS_AT_A_TIME) as pool:

        def read(domain: str) -> Zone:
            return _read(domain, deadline, pool)

        return tuple(readers.map(progress.counted("zone", len(domains), read), domains))


def read_zone(domain: str, deadline: float) -> Zone:
    """Read the zone that `domain` lies in (the zone itself or a name within it).

    `deadline` is a `time.monotonic()` value. Nothing is raised: what could not be read is in the `error`
    fields of the result.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        return _read(domain, deadline, pool)


def _read(domain: str, deadline: float, pool: ThreadPoolExecutor) -> Zone:
    nothing = Delegation("", error=Message("not asked"))
    try:
        name = dns.name.from_text(domain)
    except (dns.exception.DNSException, UnicodeError) as error:
        return Zone(domain, "", None, nothing, error=Message("this is no domain name: {error}", error=error))
    if name == dns.name.root:
        return Zone(domain, "", None, nothing, error=Message("the root is not looked at"))
    return _Reading(name, deadline - _SPARE, pool).read()


class _Reading:
    """One pass over a zone; everything that can be asked at the same time is."""

    def __init__(self, name: dns.name.Name, deadline: float, pool: ThreadPoolExecutor) -> None:
        self._name = name
        self._deadline = deadline
        self._pool = pool
        self._jobs: dict[str, Future[ServerAnswers]] = {}

    def read(self) -> Zone:
        domain = text_of(self._name)
        levels = _with_ancestors(self._name)
        asked = {level: self._pool.submit(self._lookup, level, "SOA") for level in levels}
        first, *above = asked.values()
        wait(above)
        wait([first], timeout=_HEDGE)
        tops = _apexes(asked)
        if not tops:
            return Zone(
                domain, "", None, Delegation("", error=Message("not asked")), error=first.result().error
            )
        if first.done() and not first.result().exists:
            return Zone(domain, "", False, Delegation(text_of(tops[0]), error=Message("not asked")))
        if any(not asked[level].done() or asked[level].result().error for level in _before(tops[0], levels)):
            return self._below(tops[0], asked)
        listing = self._pool.submit(self._lookup, tops[0], "NS")
        delegation = self._delegation(tops[1], tops[0])[1] if len(tops) > 1 else Delegation("")
        listed = listing.result()
        zone = self._zone(tops[0], delegation, _names(listed.records))
        soa = _soa_from_text(asked[tops[0]].result().records)
        return dataclasses.replace(zone, resolver_soa=soa, resolver_error=listed.error)

    def _below(
        self, parent: dns.name.Name, asked: dict[dns.name.Name, Future[resolver.LookupResult]]
    ) -> Zone:
        """The resolver has no answer from the zone, or none yet: the zone above says where it begins."""
        apex, delegation = self._delegation(parent, self._name)
        if delegation.found:
            zone = self._zone(apex, delegation, ())
            late = asked[apex if apex in asked else self._name].result()
            return dataclasses.replace(
                zone, resolver_soa=_soa_from_text(late.records), resolver_error=late.error
            )
        error = asked[self._name].result().error
        exists = False if delegation.found is False else None
        return Zone(text_of(self._name), "", exists, delegation, resolver_error=error, error=error)

    def _zone(
        self,
        apex: dns.name.Name,
        delegation: Delegation,
        listed: tuple[str, ...],
    ) -> Zone:
        for address in (address for host in delegation.glue for address in _chosen(host.addresses)):
            self._interrogate(address, apex)
        hosts: dict[str, HostAddresses] = {}
        servers: list[ServerAnswers] = []
        wanted = _distinct((*delegation.name_servers, *listed))
        for _ in range(2):
            fresh = [name for name in wanted if name not in hosts][: SERVERS_LIMIT - len(hosts)]
            hosts.update(zip(fresh, self._hosts(fresh)))
            servers += self._answers(apex, [hosts[name] for name in fresh], delegation.glue)
            wanted = _distinct((*wanted, *(name for server in servers for name in server.name_servers)))
        return Zone(
            domain=text_of(self._name),
            apex=text_of(apex),
            exists=True,
            delegation=delegation,
            hosts=tuple(hosts.values()),
            servers=tuple(servers),
            resolver_name_servers=listed,
            left_out=len(wanted) - len(hosts),
        )

    def _delegation(self, parent: dns.name.Name, child: dns.name.Name) -> tuple[dns.name.Name, Delegation]:
        """What the servers of `parent` say of the zone that `child` lies in, and that zone's name."""
        above = text_of(parent)
        listed = self._lookup(parent, "NS")
        names = _names(listed.records)[:_PARENTS_LIMIT]
        jobs = {
            self._pool.submit(ask, address, child, dns.rdatatype.NS, self._deadline): (host.name, address)
            for host in self._hosts(names)
            for address in _chosen(host.addresses, 1)
        }
        errors = [listed.error] if listed.error else []
        for job in as_completed(jobs):
            server, address = jobs[job]
            reply = job.result()
            found = _referral(reply, parent, child)
            if found is None:
                errors.append(
                    Message(
                        "{server} ({address}): {reason}",
                        server=server,
                        address=address,
                        reason=reply.error or Message("no usable answer"),
                    )
                )
                continue
            apex, records, own_copy = found
            return apex, Delegation(
                above,
                server,
                address,
                found=records is not None,
                name_servers=names_of(records),
                glue=_glue(reply, records),
                own_copy=own_copy,
            )
        error = join(sorted(errors)[:_PARENTS_LIMIT]) or Message(
            "{zone} has no name servers with an address", zone=above
        )
        return child, Delegation(above, error=error)

    def _answers(
        self, apex: dns.name.Name, hosts: Iterable[HostAddresses], glue: tuple[HostAddresses, ...]
    ) -> list[ServerAnswers]:
        """What every name says at each of its addresses; an address that has two names is asked once."""
        sent_along = {host.name: host.addresses for host in glue}
        pairs = [
            (host.name, address)
            for host in hosts
            for address in _chosen(_distinct((*sent_along.get(host.name, ()), *host.addresses)))
        ]
        jobs = [(name, self._interrogate(address, apex)) for name, address in pairs]
        return [dataclasses.replace(job.result(), name=name) for name, job in jobs]

    def _interrogate(self, address: str, apex: dns.name.Name) -> Future[ServerAnswers]:
        if address not in self._jobs:
            self._jobs[address] = self._pool.submit(interrogate, "", address, apex, self._deadline)
        return self._jobs[address]

    def _hosts(self, names: Iterable[str]) -> list[HostAddresses]:
        questions = [(name, kind) for name in names for kind in ("A", "AAAA")]
        answers = list(
            self._pool.map(lambda asked: resolver.lookup(asked[0], asked[1], self._share()), questions)
        )
        return [
            HostAddresses(
                name,
                _distinct((*four.records[:_HOST_LIMIT], *six.records[:_HOST_LIMIT])),
                four.error or six.error,
            )
            for (name, _), four, six in zip(questions[::2], answers[::2], answers[1::2])
        ]

    def _lookup(self, name: dns.name.Name, kind: str) -> resolver.LookupResult:
        return resolver.lookup(name.to_text(), kind, self._share())

    def _share(self) -> float:
        """A deadline that leaves two thirds of the time to what follows."""
        now = time.monotonic()
        return now + (self._deadline - now) / 3


def _with_ancestors(name: dns.name.Name) -> list[dns.name.Name]:
    """The name, the names above it and the root; of a very long name the last ten levels."""
    levels = [name]
    while levels[-1] != dns.name.root:
        levels.append(levels[-1].parent())
    return levels if len(levels) <= _LEVELS_LIMIT else [name, *levels[-_LEVELS_LIMIT:]]


def _before(name: dns.name.Name, levels: list[dns.name.Name]) -> list[dns.name.Name]:
    return levels[: levels.index(name)]


def _apexes(asked: dict[dns.name.Name, Future[resolver.LookupResult]]) -> list[dns.name.Name]:
    """Those of the names, longest first, that are known by now to be zones of their own."""
    return [name for name, job in asked.items() if job.done() and _is_apex(name, job.result())]


def _is_apex(name: dns.name.Name, answer: resolver.LookupResult) -> bool:
    return bool(answer.records) and answer.canonical.rstrip(".").lower() == text_of(name).rstrip(".")


def _referral(
    reply: DnsReply, parent: dns.name.Name, child: dns.name.Name
) -> Optional[tuple[dns.name.Name, Optional[dns.rrset.RRset], bool]]:
    """The zone's name, its NS records (None: there is no such zone) and whether they come from the server's
    own copy of it; None when the answer says nothing. RFC 1034 section 4.3.2 has the three shapes."""
    message = reply.message
    if message is None:
        return None
    own = reply.records(child, dns.rdatatype.NS)
    if own is not None:
        return (child, own, True) if reply.authoritative else None
    for records in message.authority:
        below_parent = records.name.is_subdomain(parent) and records.name != parent
        if records.rdtype == dns.rdatatype.NS and below_parent and child.is_subdomain(records.name):
            return records.name, records, False
    if reply.authoritative and message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return child, None, False
    return None


def _glue(reply: DnsReply, records: Optional[dns.rrset.RRset]) -> tuple[HostAddresses, ...]:
    message = reply.message
    if message is None:
        return ()
    found: dict[str, list[str]] = {name: [] for name in names_of(records)}
    for extra in message.additional:
        if extra.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA) and text_of(extra.name) in found:
            found[text_of(extra.name)] += [record.to_text() for record in extra]
    return tuple(
        HostAddresses(name, tuple(sorted(addresses)[:_HOST_LIMIT]))
        for name, addresses in found.items()
        if addresses
    )


def _chosen(addresses: Iterable[str], count: int = _ADDRESSES_LIMIT) -> list[str]:
    """The first `count` addresses of each IP version."""
    four = [address for address in addresses if ":" not in address]
    six = [address for address in addresses if ":" in address]
    return four[:count] + six[:count]


def _soa_from_text(records: Iterable[str]) -> Optional[Soa]:
    texts = list(records)[:1]
    return (
        soa_of(dns.rrset.from_text(".", 0, dns.rdataclass.IN, dns.rdatatype.SOA, *texts)) if texts else None
    )


def _names(records: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(record.rstrip(".").lower() for record in records))


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
