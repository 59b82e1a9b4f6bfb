"""Reads DNS messages that may be as large as they can be without holding many of them in memory.

A message over TCP has up to 64 KiB; taken apart into records of Python's it is twenty times that, and
hundreds of questions are under way at the same time. So messages of others are taken apart one after the
other, of each no more than RECORDS_LIMIT records, and a large one is used before the next is begun.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.exception
import dns.message
import dns.nameserver
import dns.query
import dns.rdatatype
import dns.resolver

RECORDS_LIMIT = 512
"""Records of each section of a message that are read."""
_DATAGRAM_LIMIT = 4096
_LARGE = 2048
_HEADER = struct.Struct(">HHHHHH")
_KEPT = frozenset((dns.rdatatype.SOA, dns.rdatatype.NS, dns.rdatatype.A, dns.rdatatype.AAAA))


class _Held(threading.local):
    large = False
    """Whether this thread is at work on a large answer."""


_one_at_a_time = threading.Lock()
_held = _Held()


class SmallDatagrams(socket.socket):
    """A socket for UDP that takes in no more of a datagram than any DNS client asks for."""

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, Any]:
        return super().recvfrom(min(bufsize, _DATAGRAM_LIMIT), flags)


def ask_over_tcp(question: dns.message.Message, address: str, port: int, timeout: float) -> bytes:
    """Put a question over TCP (RFC 7766) and return the first message of the answer as it came. `timeout` is
    for all of it, in seconds. Raises dns.exception.Timeout, OSError, EOFError."""
    deadline = time.monotonic() + timeout
    wire = question.to_wire()
    try:
        with socket.create_connection((address, port), timeout) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(struct.pack(">H", len(wire)) + wire)
            (length,) = struct.unpack(">H", _exactly(connection, 2, deadline))
            return _exactly(connection, length, deadline)
    except socket.timeout:
        raise dns.exception.Timeout from None


def read(wire: bytes, question: dns.message.Message) -> dns.message.Message:
    """Take an answer apart. Raises dns.exception.DNSException, also when it answers another question."""
    bounded = _bounded(wire)
    message = dns.message.from_wire(bounded, ignore_trailing=bounded is not wire)
    if not question.is_response(message):
        raise dns.query.BadResponse
    return message


def read_zone_facts(wire: bytes, question: dns.message.Message) -> dns.message.Message:
    """The same, for messages that are kept: of their records only SOA, NS and addresses are."""
    with _one_at_a_time:
        message = read(wire, question)
        for section in message.sections[1:]:
            section[:] = [records for records in section if records.rdtype in _KEPT]
        message.index = {key: one for key, one in message.index.items() if one.rdtype in _KEPT}
        return message


class Resolver(dns.nameserver.Do53Nameserver):
    """A resolver of the system, for `dns.resolver`. What comes over TCP and is large is taken apart only
    within `large_answers`."""

    def query(
        self,
        request: dns.message.QueryMessage,
        timeout: float,
        source: Any,
        source_port: int,
        max_size: bool,
        one_rr_per_rrset: bool = False,
        ignore_trailing: bool = False,
    ) -> dns.message.Message:
        if not max_size:
            return super().query(
                request, timeout, source, source_port, max_size, one_rr_per_rrset, ignore_trailing
            )
        wire = ask_over_tcp(request, self.address, self.port, timeout)
        if len(wire) > _LARGE and not _held.large:
            _one_at_a_time.acquire()
            _held.large = True
        return read(wire, request)


class SmallAnswers(dns.resolver.LRUCache):
    """Keeps no large answer."""

    def put(self, key: Any, value: dns.resolver.Answer) -> None:
        if not _held.large:
            super().put(key, value)


@contextmanager
def large_answers() -> Iterator[None]:
    """Within it, answers of a `Resolver` may be large: while one is used, other threads wait with theirs."""
    try:
        yield
    finally:
        if _held.large:
            _held.large = False
            _one_at_a_time.release()


def _bounded(wire: bytes) -> bytes:
    """A message with fewer records: its counts are lowered, and what follows is left over."""
    if len(wire) < _HEADER.size:
        return wire
    number, flags, questions, *counts = _HEADER.unpack_from(wire)
    if all(count <= RECORDS_LIMIT for count in counts):
        return wire
    kept: list[int] = []
    for count in counts:
        complete = all(before <= RECORDS_LIMIT for before in counts[: len(kept)])
        kept.append(min(count, RECORDS_LIMIT) if complete else 0)
    return _HEADER.pack(number, flags, questions, *kept) + wire[_HEADER.size :]


def _exactly(connection: socket.socket, count: int, deadline: float) -> bytes:
    read = bytearray()
    while len(read) < count:
        connection.settimeout(_left(deadline))
        data = connection.recv(count - len(read))
        if not data:
            raise EOFError
        read += data
    return bytes(read)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout
    return left
