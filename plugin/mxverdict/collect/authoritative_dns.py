"""Asks one name server directly: its SOA and NS records of a zone, open recursion, zone transfer."""

from __future__ import annotations

import errno
import socket
import struct
import time
from dataclasses import dataclass
from typing import Optional

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset

from mxverdict.collect.dns_wire import SmallDatagrams, ask_over_tcp, read_zone_facts
from mxverdict.evidence.zone import ServerAnswers, Soa
from mxverdict.i18n.message import Message
from mxverdict.net.special_ranges import is_public

PORT = 53
PATIENCE = 2.0
"""Seconds of one attempt; an UDP question is sent twice."""
FOREIGN_NAME = "mxverdict-asks-whether-you-recurse.invalid."
"""No zone can hold it (RFC 6761 section 6.4), so whoever answers has looked elsewhere."""

_ATTEMPTS = 2
_NAMES_LIMIT = 30
_PAYLOAD = 1232  # what passes everywhere unfragmented (DNS flag day 2020)
_NO_ROUTE = {
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EADDRNOTAVAIL,
    errno.EAFNOSUPPORT,
    errno.EINVAL,
    errno.EPERM,
    errno.EACCES,
}


@dataclass(frozen=True)
class DnsReply:
    """The answer to one question, or why none came (see `ServerAnswers` for the kinds of `failure`)."""

    message: Optional[dns.message.Message] = None
    failure: str = ""
    error: str = ""
    seconds: float = 0.0

    def records(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Optional[dns.rrset.RRset]:
        """The records of that name and type in the answer section."""
        if self.message is None:
            return None
        return self.message.get_rrset(self.message.answer, name, dns.rdataclass.IN, kind)

    @property
    def authoritative(self) -> bool:
        return self.message is not None and bool(self.message.flags & dns.flags.AA)


def ask(
    address: str,
    name: dns.name.Name,
    kind: dns.rdatatype.RdataType,
    deadline: float,
    *,
    recurse: bool = False,
    tcp: bool = False,
) -> DnsReply:
    """Put one question to port 53 of `address` over UDP, and over TCP when the answer is cut short or `tcp`
    is set. `deadline` is a `time.monotonic()` value. Nothing is raised."""
    if not is_public(address):
        return DnsReply(
            failure="private",
            error=Message("{address} is no public address; it was not asked", address=address),
        )
    question = dns.message.make_query(name, kind, use_edns=0, payload=_PAYLOAD)
    if not recurse:
        question.flags &= ~dns.flags.RD
    reply = _exchange(question, address, deadline, tcp)
    message = reply.message
    if message is not None and message.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP):
        question.use_edns(False)  # servers from before RFC 6891 understand no EDNS
        reply = _exchange(question, address, deadline, tcp)
    return reply


def interrogate(name: str, address: str, zone: dns.name.Name, deadline: float) -> ServerAnswers:
    """Ask the name server `name` at `address` all there is to know of it and `zone`. Nothing is raised."""
    reply = ask(address, zone, dns.rdatatype.SOA, deadline)
    if reply.message is None:
        return ServerAnswers(name, address, reply.failure, reply.error, seconds=reply.seconds)
    listed = ask(address, zone, dns.rdatatype.NS, deadline)
    foreign = ask(address, dns.name.from_text(FOREIGN_NAME), dns.rdatatype.A, deadline, recurse=True)
    soa = soa_of(reply.records(zone, dns.rdatatype.SOA))
    transfer = ask(address, zone, dns.rdatatype.AXFR, deadline, tcp=True) if soa else None
    return ServerAnswers(
        name,
        address,
        rcode=dns.rcode.to_text(reply.message.rcode()),
        authoritative=reply.authoritative,
        soa=soa,
        name_servers=names_of(listed.records(zone, dns.rdatatype.NS)),
        name_servers_error=listed.error,
        recursive=_recursive(foreign),
        transfers=_transfers(transfer, zone) if transfer else None,
        seconds=reply.seconds,
    )


def soa_of(records: Optional[dns.rrset.RRset]) -> Optional[Soa]:
    for record in records or ():
        if isinstance(record, dns.rdtypes.ANY.SOA.SOA):
            return Soa(
                text_of(record.mname),
                text_of(record.rname),
                record.serial,
                record.refresh,
                record.retry,
                record.expire,
                record.minimum,
            )
    return None


def names_of(records: Optional[dns.rrset.RRset]) -> tuple[str, ...]:
    """The names that NS records point to, sorted; at most 30."""
    return tuple(sorted({text_of(record.target) for record in records or ()}))[:_NAMES_LIMIT]


def text_of(name: dns.name.Name) -> str:
    """In lower case, without the final dot; "." for the root."""
    return name.to_text(omit_final_dot=True).lower()


def _exchange(question: dns.message.Message, address: str, deadline: float, tcp: bool) -> DnsReply:
    started = time.monotonic()
    reply = DnsReply()
    for _ in range(1 if tcp else _ATTEMPTS):
        left = min(PATIENCE, deadline - time.monotonic())
        if left <= 0:
            return (
                reply
                if reply.failure
                else DnsReply(failure="no_time", error=Message("no time was left to ask"))
            )
        reply = _attempt(question, address, left, tcp)
        if reply.failure != "timeout":
            break
    return DnsReply(reply.message, reply.failure, reply.error, time.monotonic() - started)


def _attempt(question: dns.message.Message, address: str, patience: float, tcp: bool) -> DnsReply:
    try:
        if tcp:
            return DnsReply(read_zone_facts(ask_over_tcp(question, address, PORT, patience), question))
        return DnsReply(_udp(question, address, patience))
    except dns.message.Truncated:
        return _attempt(question, address, patience, tcp=True)
    except dns.exception.Timeout:
        return DnsReply(failure="timeout", error=Message("no answer in time"))
    except (OSError, EOFError, dns.exception.DNSException, ValueError, LookupError, struct.error) as error:
        return _broken(error)


def _broken(error: Exception) -> DnsReply:
    if isinstance(error, ConnectionRefusedError):
        return DnsReply(failure="refused", error=Message("port 53 is closed"))
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        if error.errno in _NO_ROUTE:
            return DnsReply(
                failure="unreachable",
                error=Message("this server cannot reach it: {reason}", reason=reason),
            )
        return DnsReply(failure="garbage", error=Message("the connection broke: {reason}", reason=reason))
    if isinstance(error, EOFError):
        return DnsReply(failure="garbage", error=Message("the connection was closed without an answer"))
    return DnsReply(
        failure="garbage",
        error=Message("the answer is no proper DNS ({error})", error=type(error).__name__),
    )


def _udp(question: dns.message.Message, address: str, patience: float) -> dns.message.Message:
    """Over a connected socket: the kernel reports a closed port and keeps out what others send."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with SmallDatagrams(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((address, PORT))
        return dns.query.udp(
            question, address, patience, PORT, ignore_unexpected=True, raise_on_truncation=True, sock=sock
        )


def _recursive(reply: DnsReply) -> Optional[bool]:
    """From the answer to a foreign question. Silence counts as no: whoever does not answer cannot be used."""
    message = reply.message
    if message is None:
        return False if reply.failure == "timeout" else None
    if not message.flags & dns.flags.RA or reply.authoritative:
        return False
    if message.rcode() == dns.rcode.SERVFAIL:
        return None
    found = message.rcode() == dns.rcode.NOERROR and bool(message.answer)
    return found or message.rcode() == dns.rcode.NXDOMAIN


def _transfers(reply: DnsReply, zone: dns.name.Name) -> Optional[bool]:
    """From the first message of a zone transfer (RFC 5936 section 2.2: it begins with the SOA)."""
    if reply.message is not None:
        return reply.records(zone, dns.rdatatype.SOA) is not None
    return None if reply.failure == "no_time" else False
