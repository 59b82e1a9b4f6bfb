"""Puts the lines of one connection together: the same address and port."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Optional

from mxverdict.collect.mainlog import lines
from mxverdict.collect.mainlog.lines import Line
from mxverdict.collect.mainlog.texts import REFUSED, meaning
from mxverdict.evidence.visit import Visit
from mxverdict.net.address import Network

_ENDED = {"quit": "quit", "lost": "left", "disconnected": "left", "timeout": "timeout", "refused": "rejected"}
_DEPTH = {name: depth for depth, name in enumerate(("connect", "ehlo", "mail", "rcpt", "data"))}
_STAGES = {"CONNECT": "connect", "RCPT": "rcpt", "DATA": "data", "PREDATA": "data", "MAIL": "mail"}
_LATE = 60.0
"""Seconds after its end until which a line still belongs to a visit of the same address and port."""
_MAX_VISIT = 6 * 3600.0
_MAX_TEXT = 300


class Visits:
    """Collects the visits of named networks line by line. `known` are those of an earlier reading: unfinished
    ones go on."""

    def __init__(self, networks: Iterable[tuple[Network, str]], known: Sequence[Visit] = ()) -> None:
        self._networks = tuple(networks)
        self._visits = list(known)
        self._latest = {(visit.address, visit.port): n for n, visit in enumerate(self._visits)}
        self.tester_of = lru_cache(maxsize=4096)(self._tester_of)

    def feed(self, raw: bytes) -> Optional[tuple[Line, Visit]]:
        """Take in a line of the main log. Return what it says and its visit as known then; None when it is of
        no visit."""
        line = lines.parse(raw)
        if line is None or line.peer is None:
            return None
        tester = self.tester_of(line.peer.address)
        return (line, self._take(line, tester)) if tester else None

    def feed_rejected(self, raw: bytes) -> None:
        """Take in a line of the reject log, which repeats the main log's: it only adds what that lacks."""
        line = lines.parse(raw)
        if line is None or line.peer is None or line.kind != lines.REJECTED:
            return
        tester = self.tester_of(line.peer.address)
        number = self._latest.get((line.peer.address, line.peer.port))
        visit = None if number is None else self._visits[number]
        if tester and (visit is None or (not visit.refusal and line.time >= visit.came_at)):
            self._take(line, tester)

    def visits(self) -> tuple[Visit, ...]:
        """The oldest first."""
        return tuple(sorted(self._visits, key=lambda visit: visit.came_at))

    def _tester_of(self, text: str) -> str:
        address = ipaddress.ip_address(text)
        return next((name for network, name in self._networks if address in network), "")

    def _take(self, line: Line, tester: str) -> Visit:
        assert line.peer is not None
        key = line.peer.address, line.peer.port
        number = self._latest.get(key)
        if line.kind == lines.CONNECT or number is None or _over(self._visits[number], line):
            came_at = line.time - (line.seconds or 0.0)
            visit = Visit(tester, line.peer.address, line.peer.port, came_at, line.zone)
            number = self._latest[key] = len(self._visits)
            self._visits.append(visit)
        visit = self._visits[number] = _with(self._visits[number], line)
        return visit


def _over(visit: Visit, line: Line) -> bool:
    """Whether a visit cannot be the one that a later line is about."""
    if visit.ended == "unknown":
        return line.time - visit.came_at > _MAX_VISIT
    return line.time - visit.came_at - (visit.seconds or 0.0) > _LATE


def _with(visit: Visit, line: Line) -> Visit:
    assert line.peer is not None
    changes: dict[str, object] = {}
    stage = _stage(line)
    if _DEPTH[stage] > _DEPTH[visit.stage]:
        changes["stage"] = stage
    if line.peer.name:
        changes["name"] = line.peer.name[:_MAX_TEXT]
    if line.peer.helo:
        changes["helo"] = line.peer.helo[:_MAX_TEXT]
    if line.kind == lines.ARRIVAL:
        changes["messages"] = visit.messages + 1
    elif line.kind in (lines.REJECTED, lines.VERIFY, lines.TLS):
        changes["refused"] = _refused(line)
        changes["refusal"] = line.text[:_MAX_TEXT]
    ended = _ended(line)
    if ended and visit.ended in ("unknown", "rejected"):
        changes["ended"] = ended if visit.ended == "unknown" else visit.ended
        changes["seconds"] = _stayed(visit, line)
        if ended == "dropped" and not visit.refusal:
            changes["refusal"] = line.text[:_MAX_TEXT]
    return dataclasses.replace(visit, **changes)  # type: ignore[arg-type]


def _stayed(visit: Visit, line: Line) -> float:
    return line.seconds if line.seconds is not None else max(0.0, line.time - visit.came_at)


def _ended(line: Line) -> Optional[str]:
    if line.kind == lines.END:
        return _ENDED.get(line.how, "dropped")
    return "rejected" if line.kind == lines.REJECTED and line.stage == "connect" else None


def _stage(line: Line) -> str:
    assert line.peer is not None
    if line.kind == lines.REJECTED or line.stage:
        return _STAGES.get(line.stage.upper(), "ehlo")
    if line.kind == lines.VERIFY:
        return "rcpt"
    if line.kind == lines.ARRIVAL:
        return "data"
    if line.kind == lines.END and line.how == "disconnected":
        return "mail"
    return "ehlo" if line.peer.helo else "connect"


def _refused(line: Line) -> str:
    if line.kind == lines.TLS:
        return "tls"
    if line.kind == lines.VERIFY:
        return "sender"
    return meaning(REFUSED, line.text) or "other"
