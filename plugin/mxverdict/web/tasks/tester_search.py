"""Searches the log, by a job, for visitors whose HELO is a tester's name, so that they can be added."""

from __future__ import annotations

import dataclasses
import ipaddress
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.decode import decode
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.testers import Tester
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import JobHandle
from mxverdict.web.tasks.submit import PATIENCE

JOB = "found-testers"
_SINCE = 7 * 86_400.0
_DEADLINE = 180.0
_PROCESS_TIMEOUT = 300


@dataclass(frozen=True)
class TesterCandidateView:
    """A visitor with a tester's name. `name` is the reverse name that proves it, "" without a proof; `doubt`
    says what is wrong then. `last` is Unix time, `line` one of the log."""

    address: str
    tester: str
    helo: str
    last: float
    line: str
    name: str
    doubt: str


@dataclass(frozen=True)
class SearchResult:
    taken_at: float
    visitors: tuple[TesterCandidateView, ...]
    remarks: tuple[str, ...]


def start(host: Host, _visitor: Visitor, _form: Mapping[str, str]) -> str:
    """Start the search unless it runs already, and return the address of the page that shows it."""
    if queue.start_with_handle(host, lambda handle: _search(host, handle), JOB, "new addresses of testers"):
        queue.wait(host, JOB, PATIENCE)
    return "?view=log#found-title"


def latest(host: Host, testers: Sequence[Tester]) -> Optional[SearchResult]:
    """Return what was found within a day, without the addresses that are known meanwhile."""
    left = queue.result(host, JOB)
    try:
        found = decode(SearchResult, left, "found")
    except ValueError:
        return None
    assert isinstance(found, SearchResult)
    known = [network for tester in testers for network in tester.networks]
    new = (
        one for one in found.visitors if not any(ipaddress.ip_address(one.address) in net for net in known)
    )
    return dataclasses.replace(found, visitors=tuple(new))


def _search(host: Host, handle: JobHandle) -> str:
    import signal

    from mxverdict import testers
    from mxverdict.services.tester_addresses import candidates, explain_mismatch

    signal.alarm(_PROCESS_TIMEOUT)
    handle.step(Message("looking in Exim's log for visitors that call themselves after a tester"))
    now = time.time()
    found, remarks = candidates(host, now - _SINCE, time.monotonic() + _DEADLINE)
    known = testers.load(host=host)
    visitors = tuple(
        TesterCandidateView(
            address=one.visitor.address,
            tester=one.visitor.tester,
            helo=one.visitor.helo,
            last=one.visitor.last,
            line=one.visitor.line,
            name=one.name,
            doubt="" if one.name else explain_mismatch(one.reverse, known.tester(one.visitor.tester)),
        )
        for one in found
    )
    handle.save_result(dataclasses.asdict(SearchResult(now, visitors, remarks)))
    return Message("The log is looked through.")
