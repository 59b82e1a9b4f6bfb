"""Finds who calls itself after a tester in Exim's log without being in the catalogue."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Optional

from mxverdict.collect.mainlog.line_scan import Scan, start_of
from mxverdict.collect.mainlog.lines import Line, parse, times_of
from mxverdict.collect.mainlog.log_cursor import READ_ERRORS, opened
from mxverdict.collect.mainlog.log_files import files_of
from mxverdict.evidence.tester_candidate import HeloMatch
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.testers import Tester

_MOST = 1000
"""Visitors that are kept: whoever likes can come with such a name from many addresses."""
_MOST_TEXT = 400


def named_visitors(
    host: Host, testers: Sequence[Tester], since: float, deadline: Optional[float] = None
) -> tuple[tuple[HeloMatch, ...], tuple[str, ...]]:
    """Visitors since `since` (Unix time) that gave a name under a tester's domain and are in no tester's
    addresses, the latest first, and remarks on what could not be read.

    `deadline` is a `time.monotonic()` value. Nothing is raised for what the files do. The names come from the
    visitors, so they prove nothing.
    """
    wanted = _pattern(testers)
    found: dict[str, HeloMatch] = {}
    remarks: list[str] = []
    for file in files_of(host.exim_mainlog, since) if wanted else ():
        try:
            with opened(file) as text:
                times = times_of(file.written)
                offset = 0 if file.gzipped else start_of(text, file.size, since, times)
                scan = Scan(text, wanted, times, offset, deadline, current=file.current)
                for raw in scan:
                    line = parse(raw)
                    if line is not None and line.time >= since:
                        _take(found, testers, line, raw)
        except READ_ERRORS as error:
            remarks.append(Message("{name} could not be read: {error}", name=file.path.name, error=error))
            continue
        if not scan.complete:
            remarks.append(Message("{name} was not read to its end, for lack of time", name=file.path.name))
            break
    return tuple(sorted(found.values(), key=lambda one: -one.last)), tuple(remarks)


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
    if before is None and len(found) >= _MOST:
        del found[min(found.values(), key=lambda one: one.last).address]
    found[peer.address] = HeloMatch(
        peer.address,
        named[0].name,
        named[1][:_MOST_TEXT],
        before.first if before else line.time,
        line.time,
        before.lines + 1 if before else 1,
        raw.rstrip(b"\r\n").decode(errors="replace")[:_MOST_TEXT],
    )
