"""What the DNS says of a zone: its delegation, and each of its name servers asked directly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Soa:
    """The SOA record (RFC 1035 section 3.3.13): `primary` is its MNAME, `contact` its RNAME, the last four
    are seconds."""

    primary: str
    contact: str
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int


@dataclass(frozen=True)
class HostAddresses:
    """A host name with its IPv4 and IPv6 addresses; `error` is "" or why they could not be read."""

    name: str
    addresses: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True)
class Delegation:
    """What a name server of the zone above says of the zone.

    `parent` is the zone above ("" when it could not be found), `server` and `address` who answered. `glue`
    holds the addresses that came along with the names. `found` is False when the zone above knows of no such
    zone, and None when nobody there gave a usable answer (`error` says why). `own_copy`: the server holds the
    zone itself and answered from that, so the delegation proper is not to be seen.
    """

    parent: str
    server: str = ""
    address: str = ""
    found: Optional[bool] = None
    name_servers: tuple[str, ...] = ()
    glue: tuple[HostAddresses, ...] = ()
    own_copy: bool = False
    error: str = ""


@dataclass(frozen=True)
class ServerAnswers:
    """What one name server said at one of its addresses.

    `failure` is "" when the SOA question was answered in any way, otherwise the kind of failure: `timeout`,
    `refused` (port closed), `garbage` (no DNS answer), `unreachable` (no way there from this server),
    `private` (no public address; it was not asked) or `no_time`; `error` says it in one line.

    `rcode` is that of the SOA answer, `authoritative` its AA bit. `recursive` says whether the server looks
    up foreign names for us, `transfers` whether it would hand us the whole zone; both are None when that
    is not known. `seconds` is what the SOA answer took.
    """

    name: str
    address: str
    failure: str = ""
    error: str = ""
    rcode: str = ""
    authoritative: bool = False
    soa: Optional[Soa] = None
    name_servers: tuple[str, ...] = ()
    name_servers_error: str = ""
    recursive: Optional[bool] = None
    transfers: Optional[bool] = None
    seconds: float = 0.0

    @property
    def serves(self) -> bool:
        """Whether it answers for the zone with authority."""
        return not self.failure and self.authoritative and self.soa is not None


@dataclass(frozen=True)
class Zone:
    """Everything read about the zone that `domain` lies in.

    `apex` is the zone's own name ("" when it could not be found); `exists` is False when the resolver or the
    parent zone says that there is no such name, and None when that is not known. `hosts` are the
    addresses of the name servers as the resolver knows them, `resolver_soa` and `resolver_name_servers` what
    it says of the zone (`resolver_error`: why not). `left_out` name servers were not asked: too many.
    """

    domain: str
    apex: str
    exists: Optional[bool]
    delegation: Delegation
    hosts: tuple[HostAddresses, ...] = ()
    servers: tuple[ServerAnswers, ...] = ()
    resolver_soa: Optional[Soa] = None
    resolver_name_servers: tuple[str, ...] = ()
    resolver_error: str = ""
    left_out: int = 0
    error: str = ""
