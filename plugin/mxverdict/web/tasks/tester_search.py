"""Visitors that call themselves after a tester: looked for on demand, by a job, and offered to be kept."""

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
_LONGEST = 300


@dataclass(frozen=True)
class TesterCandidateView:
    """One that gave a name of a tester. `name` is the reverse name that proves it, "" without a proof;
    `doubt` says what is amiss then. `last` is Unix time, `line` stands in the log."""

    address: str
    tester: str
    helo: str
    last: float
    line: str
    name: str
    doubt: str


@dataclass(frozen=True)
class Found:
    taken_at: float
    visitors: tuple[TesterCandidateView, ...]
    remarks: tuple[str, ...]


def start(host: Host, _visitor: Visitor, _form: Mapping[str, str]) -> str:
    """Start the search unless it runs already, and return the address of the page that shows it."""
    if queue.start_at_desk(host, lambda desk: _look(host, desk), JOB, "new addresses of testers"):
        queue.wait(host, JOB, PATIENCE)
    return "?view=log#found-title"


def latest(host: Host, testers: Sequence[Tester]) -> Optional[Found]:
    """What was found within a day, without the addresses that are known meanwhile."""
    left = queue.result(host, JOB)
    try:
        found = decode(Found, left, "found")
    except ValueError:
        return None
    assert isinstance(found, Found)
    known = [network for tester in testers for network in tester.networks]
    new = (
        one for one in found.visitors if not any(ipaddress.ip_address(one.address) in net for net in known)
    )
    return dataclasses.replace(found, visitors=tuple(new))


def _look(host: Host, desk: JobHandle) -> str:
    import signal

    from mxverdict import testers
    from mxverdict.services.tester_addresses import candidates, explain_mismatch

    signal.alarm(_LONGEST)
    desk.step(Message("looking in Exim's log for visitors that call themselves after a tester"))
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
    desk.keep(dataclasses.asdict(Found(now, visitors, remarks)))
    return Message("The log is looked through.")
