"""What the answer to a foreign question and the first message of a zone transfer tell."""

from __future__ import annotations

from typing import Optional

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from mxverdict.collect.authoritative_dns import FOREIGN_NAME, DnsReply, _recursive, _transfers, ask

ZONE = dns.name.from_text("good.test")


def answer(flags: str, rcode: str, *records: str) -> DnsReply:
    message = dns.message.make_response(dns.message.make_query(FOREIGN_NAME, "A"))
    for flag in flags.split():
        message.flags |= dns.flags.from_text(flag)
    message.set_rcode(dns.rcode.from_text(rcode))
    for record in records:
        owner, kind, value = record.split(" ", 2)
        message.answer.append(dns.rrset.from_text(owner, 60, "IN", kind, value))
    return DnsReply(dns.message.from_wire(message.to_wire()))


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (answer("RA", "NXDOMAIN"), True),
        (answer("RA", "NOERROR", f"{FOREIGN_NAME} A 192.0.2.1"), True),
        (answer("RA", "NOERROR"), False),
        (answer("RA", "REFUSED"), False),
        (answer("RA", "SERVFAIL"), None),
        (answer("", "NXDOMAIN"), False),
        (answer("", "SERVFAIL"), False),
        (answer("", "NOERROR", f"{FOREIGN_NAME} A 192.0.2.1"), False),
        (answer("RA AA", "NXDOMAIN"), False),
        (DnsReply(failure="timeout"), False),
        (DnsReply(failure="garbage"), None),
        (DnsReply(failure="no_time"), None),
    ],
)
def test_recursive(heard: DnsReply, expected: Optional[bool]) -> None:
    assert _recursive(heard) is expected


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (answer("AA", "NOERROR", "good.test. SOA ns. root. 1 2 3 4 5"), True),
        (answer("AA", "NOERROR"), False),
        (answer("", "REFUSED"), False),
        (DnsReply(failure="garbage"), False),
        (DnsReply(failure="refused"), False),
        (DnsReply(failure="no_time"), None),
    ],
)
def test_transfers(heard: DnsReply, expected: Optional[bool]) -> None:
    assert _transfers(heard, ZONE) is expected


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "::1", "fe80::1", "0.0.0.0", "::ffff:192.0.2.1"]
)
def test_addresses_that_are_not_public_are_not_asked(address: str) -> None:
    assert ask(address, ZONE, dns.rdatatype.SOA, float("inf")).failure == "private"
