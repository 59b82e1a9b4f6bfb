"""Finds who calls itself after a tester in Exim's log without being in the catalogue."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Optional

from mxverdict.collect.mainlog.lines import Line, parse
from mxverdict.collect.mainlog.log_cursor import parts_since
from mxverdict.collect.mainlog.log_reader import LogReader
from mxverdict.evidence.tester_candidate import HeloMatch
from mxverdict.host import Host
from mxverdict.testers import Tester

_MAX_VISITORS = 1000
"""That are kept: whoever likes can come with such a name from many addresses."""
_MAX_TEXT = 400


def named_visitors(
    host: Host, testers: Sequence[Tester], since: float, deadline: Optional[float] = None
) -> tuple[tuple[HeloMatch, ...], tuple[str, ...]]:
    """Return the visitors since `since` (Unix time) that gave a name under a tester's domain and are in no
    tester's addresses, the latest first, and remarks on what could not be read.

    `deadline` is a `time.monotonic()` value. Nothing is raised for what the files do. The names come from the
    visitors, so they prove nothing.
    """
    found: dict[str, HeloMatch] = {}
    reader = LogReader(parts_since(host.exim_mainlog, since)[0], _pattern(testers), deadline)
    for read in reader:
        line = parse(read.raw)
        if line is not None and line.time >= since:
            _take(found, testers, line, read.raw)
    return tuple(sorted(found.values(), key=lambda one: -one.last)), reader.remarks


def _pattern(testers: Sequence[Tester]) -> re.Pattern[bytes]:
    """A domain of a tester as the end of a HELO in parentheses or of a name before an address."""
    domains = [re.escape(domain.encode()) for tester in testers for domain in tester.domains]
    return re.compile(rb"(?:" + b"|".join(domains) + rb")\.?\)? [(\[]", re.IGNORECASE)


def _take(found: dict[str, HeloMatch], testers: Sequence[Tester], line: Line, raw: bytes) -> None:
    peer = line.peer
    if peer is None:
        return
    named = next(((one, name) for name in (peer.helo, peer.name) for one in testers if one.owns(name)), None)
    address = ipaddress.ip_address(peer.address)
    if named is None or any(address in network for tester in testers for network in tester.networks):
        return
    before = found.get(peer.address)
    if before is None and len(found) >= _MAX_VISITORS:
        del found[min(found.values(), key=lambda one: one.last).address]
    found[peer.address] = HeloMatch(
        peer.address,
        named[0].name,
        named[1][:_MAX_TEXT],
        before.first if before else line.time,
        line.time,
        before.lines + 1 if before else 1,
        raw.rstrip(b"\r\n").decode(errors="replace")[:_MAX_TEXT],
    )
