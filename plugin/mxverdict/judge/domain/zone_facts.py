"""What the rows about a zone are judged from: the evidence, sorted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mxverdict.evidence.zone import ServerAnswers, Soa, Zone
from mxverdict.findings import Owner
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate

_NOT_ASKED = ("no_time", "unreachable")


@dataclass(frozen=True)
class ZoneFacts:
    """`own` are the addresses of this server, public and local ones."""

    zone: Zone
    taken_at: float
    own: frozenset[str]

    @property
    def host(self) -> str:
        """Return what the rows are about."""
        return self.zone.apex or self.zone.domain

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name servers that are in use: those of the parent zone, and those that they name."""
        delegation = self.zone.delegation
        if not delegation.found or delegation.own_copy:
            return tuple(host.name for host in self.zone.hosts)
        wanted = set(delegation.name_servers)
        for server in self.zone.servers:
            if server.name in delegation.name_servers:
                wanted.update(server.name_servers)
        return tuple(host.name for host in self.zone.hosts if host.name in wanted)

    @property
    def servers(self) -> tuple[ServerAnswers, ...]:
        return tuple(server for server in self.zone.servers if server.name in self.names)

    @property
    def asked(self) -> tuple[ServerAnswers, ...]:
        """Return those of `servers` of which no answer means something: over IPv6 only when IPv6 works here.
        A private address counts: the world cannot reach it."""
        return tuple(
            server
            for server in self.servers
            if server.failure not in _NOT_ASKED
            and (":" not in server.address or not server.failure or self._ipv6_works)
        )

    @property
    def not_asked(self) -> tuple[ServerAnswers, ...]:
        return tuple(server for server in self.servers if server not in self.asked)

    @property
    def answered(self) -> tuple[ServerAnswers, ...]:
        return tuple(server for server in self.servers if not server.failure)

    @property
    def authoritative(self) -> tuple[ServerAnswers, ...]:
        return tuple(server for server in self.servers if server.serves)

    @property
    def unresponsive(self) -> tuple[ServerAnswers, ...]:
        return tuple(server for server in self.asked if server.failure)

    @property
    def without_address(self) -> tuple[str, ...]:
        """Return names of name servers that have no address at all."""
        glued = {host.name for host in self.zone.delegation.glue}
        return tuple(
            host.name
            for host in self.zone.hosts
            if host.name in self.names and not host.addresses and not host.error and host.name not in glued
        )

    @property
    def unreachable_all(self) -> bool:
        """Whether no name server answered this server directly, not even those of the zone above: then
        silence says something of this server's own way out, not of the zone."""
        above_silent = self.zone.delegation.found is None
        return above_silent and bool(self.zone.servers) and not any(not s.failure for s in self.zone.servers)

    @property
    def soas(self) -> tuple[tuple[str, Soa], ...]:
        """Return the SOA with whom it comes from, one for each name server; the resolver's where none
        answered."""
        found = {server.name: server.soa for server in self.authoritative if server.soa is not None}
        if not found and self.zone.resolver_soa is not None:
            primary = self.zone.resolver_soa.primary
            return ((primary, self.zone.resolver_soa),)
        return tuple(found.items())

    @property
    def addresses(self) -> dict[str, tuple[str, ...]]:
        """Return the addresses of each name server, by the parent zone or the resolver."""
        found: dict[str, list[str]] = {name: [] for name in self.names}
        for host in (*self.zone.delegation.glue, *self.zone.hosts):
            if host.name in found:
                found[host.name] += [item for item in host.addresses if item not in found[host.name]]
        return {name: tuple(addresses) for name, addresses in found.items()}

    @property
    def hosted_here(self) -> bool:
        """Whether this server answers for the zone."""
        return any(server.address in self.own for server in self.authoritative)

    def owner(self, servers: Iterable[ServerAnswers]) -> Owner:
        """Return who runs those name servers: this server's owner if all of them are this server."""
        return Owner.SERVER if self.are_own(servers) else Owner.DNS_PROVIDER

    def are_own(self, servers: Iterable[ServerAnswers]) -> bool:
        addresses = {server.address for server in servers}
        return bool(addresses) and addresses <= self.own

    @property
    def _ipv6_works(self) -> bool:
        addresses = [server.address for server in self.zone.servers if not server.failure]
        return any(":" in address for address in (*addresses, self.zone.delegation.address))


def listed_errors(*texts: str) -> tuple[str, ...]:
    """Return those of `texts` that are not empty, as evidence lines."""
    return tuple(text for text in texts if text)


def answer_lines(servers: Iterable[ServerAnswers]) -> tuple[str, ...]:
    """Return the reply of each of `servers` to the SOA query, as evidence lines."""
    return tuple(f"{server.name} ({server.address}): {_said(server)}" for server in servers)[:10]


def _said(server: ServerAnswers) -> str:
    if server.failure:
        return translate(server.error)
    if server.soa is None:
        return _("{code}, no SOA").format(code=server.rcode)
    said = (
        _("serial {serial}, with authority, after {milliseconds} ms")
        if server.authoritative
        else _("serial {serial}, without authority, after {milliseconds} ms")
    )
    return said.format(serial=server.soa.serial, milliseconds=f"{server.seconds * 1000:.0f}")
