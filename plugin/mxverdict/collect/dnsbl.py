"""Asks blocklists (DNSBLs, RFC 5782) about addresses: every list about every address at the same time.

One thread does it with non-blocking sockets; a thread for each of some hundred look-ups would cost more than
the look-ups themselves.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter
from collections.abc import Sequence
from typing import Optional

import dns.asyncresolver
import dns.exception
import dns.rcode
import dns.rdata
import dns.resolver

from mxverdict.collect.progress import Progress
from mxverdict.collect.resolver import TIMEOUT, reason_of, resolvers
from mxverdict.evidence.blocklist import (
    CLEAN_ENTRY,
    CLEAN_ENTRY_6,
    LISTED_ENTRY,
    LISTED_ENTRY_6,
    BlocklistEvidence,
    ListAnswer,
)
from mxverdict.i18n.message import Message
from mxverdict.net.special_ranges import is_public
from mxverdict.testers.blocklists import Blocklist, load

_ATTEMPT = TIMEOUT / 2
_TEST_ENTRIES = (LISTED_ENTRY, CLEAN_ENTRY, LISTED_ENTRY_6, CLEAN_ENTRY_6)
_SLOW = 0.25
_AT_ONCE = 400
"""Questions under way, each with a socket or two; a process may have 1024 open by default."""
_CODES_LIMIT = 16
_REASONS_LIMIT = 4
_REASON_LENGTH = 400


def read_blocklists(
    addresses: Sequence[str],
    deadline: float,
    lists: Optional[Sequence[Blocklist]] = None,
    progress: Optional[Progress] = None,
) -> BlocklistEvidence:
    """Ask each of `lists` (by default those of the product) about each address (IPv4 or IPv6 text)
    and about its test entries. `deadline` is a value of `time.monotonic()`. Nothing is raised; a list that
    has not answered by then has an error. `progress` counts the lists that are done with.
    """
    asked = load().lists if lists is None else lists
    public = tuple(dict.fromkeys(address for address in addresses if is_public(address)))
    version_6 = any(":" in address for address in public)
    queries = [(known.zone, address) for known in asked for address in public if _covers(known, address)]
    controls = [(known.zone, entry) for known in asked if public for entry in _entries(known, version_6)]
    answers = asyncio.run(_ask_all([*queries, *controls], deadline, progress or Progress()))
    return BlocklistEvidence(
        resolvers=resolvers(),
        addresses=public,
        answers=answers[: len(queries)],
        controls=answers[len(queries) :],
        not_asked=tuple(dict.fromkeys(address for address in addresses if address not in public)),
    )


def query_name(address: str, zone: str) -> str:
    """The name to look up for an address (RFC 5782 sections 2.1 and 2.4)."""
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return f"{'.'.join(reversed(str(parsed).split('.')))}.{zone}"
    return f"{'.'.join(reversed(parsed.exploded.replace(':', '')))}.{zone}"


def _covers(known: Blocklist, address: str) -> bool:
    return known.ipv6 or ":" not in address


def _entries(known: Blocklist, version_6: bool) -> tuple[str, ...]:
    if known.ipv6 and version_6:
        return (LISTED_ENTRY, CLEAN_ENTRY, LISTED_ENTRY_6, CLEAN_ENTRY_6)
    return (LISTED_ENTRY, CLEAN_ENTRY)


async def _ask_all(
    queries: Sequence[tuple[str, str]], deadline: float, progress: Progress
) -> tuple[ListAnswer, ...]:
    try:
        resolver = dns.asyncresolver.Resolver()
    except (dns.exception.DNSException, OSError) as error:
        reason = Message("no DNS resolver is set up: {error}", error=error)
        return tuple(ListAnswer(zone, address, error=reason) for zone, address in queries)
    resolver.timeout = _ATTEMPT
    left = Counter(zone for zone, _ in queries)
    total = len(left)
    progress.advance("blocklists", 0, max(total, 1))
    answers: list[Optional[ListAnswer]] = [None] * len(queries)
    waiting = iter(enumerate(queries))

    async def work() -> None:
        for number, (zone, address) in waiting:
            answers[number] = await _ask(resolver, zone, address, deadline)
            left[zone] -= 1
            if not left[zone]:
                del left[zone]
                progress.advance("blocklists", total - len(left), total)

    await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, len(queries)))))
    return tuple(answer for answer in answers if answer is not None)


async def _ask(resolver: dns.asyncresolver.Resolver, zone: str, address: str, deadline: float) -> ListAnswer:
    """The reasons are asked for when the address is listed, or when the list is slow: so they cost no second
    wait."""
    started = time.monotonic()
    name = query_name(address, zone)
    listing = asyncio.ensure_future(_records(resolver, name, "A", deadline))
    await asyncio.wait({listing}, timeout=_SLOW)
    asking_reasons = None
    if address not in _TEST_ENTRIES and (not listing.done() or listing.result()[0]):
        asking_reasons = asyncio.ensure_future(_records(resolver, name, "TXT", deadline))
    codes, error = await listing
    seconds = time.monotonic() - started
    reasons: list[dns.rdata.Rdata] = []
    if asking_reasons is not None and codes:
        reasons, _ = await asking_reasons
    elif asking_reasons is not None:
        asking_reasons.cancel()
    return ListAnswer(
        zone,
        address,
        codes=tuple(sorted((code.to_text() for code in codes), key=ipaddress.ip_address))[:_CODES_LIMIT],
        reasons=tuple(_text(reason)[:_REASON_LENGTH] for reason in reasons[:_REASONS_LIMIT]),
        error=error,
        seconds=seconds,
    )


async def _records(
    resolver: dns.asyncresolver.Resolver, name: str, kind: str, deadline: float
) -> tuple[list[dns.rdata.Rdata], str]:
    """The records and "", or none and one line that says why there was no answer."""
    left = min(TIMEOUT, deadline - time.monotonic())
    if left <= 0:
        return [], Message("no time was left to ask")
    try:
        return await asyncio.wait_for(_resolved(resolver, name, kind, left), left)
    except asyncio.TimeoutError:
        return [], _late(left)


async def _resolved(
    resolver: dns.asyncresolver.Resolver, name: str, kind: str, left: float
) -> tuple[list[dns.rdata.Rdata], str]:
    try:
        found = await resolver.resolve(name, kind, search=False, lifetime=left, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return [], ""
    except dns.exception.Timeout:
        return [], _late(left)
    except dns.resolver.NoNameservers as error:
        return [], Message("no answer but {codes}", codes=_codes_of(error))
    except (dns.exception.DNSException, UnicodeError, OSError) as error:
        return [], Message(
            "the look-up failed: {reason}",
            reason=reason_of(error),
        )
    return list(found.rrset or ()), ""


def _late(seconds: float) -> str:
    return Message("no answer within {seconds} s", seconds=f"{seconds:.1f}")


def _codes_of(error: dns.resolver.NoNameservers) -> str:
    """What the resolvers said, SERVFAIL or REFUSED for example."""
    replies = [attempt[4] for attempt in error.kwargs.get("errors", ()) if attempt[4] is not None]
    return ", ".join(sorted({dns.rcode.to_text(reply.rcode()) for reply in replies})) or Message("an error")


def _text(record: dns.rdata.Rdata) -> str:
    strings: tuple[bytes, ...] = getattr(record, "strings", ())
    return b"".join(strings).decode(errors="replace")
