"""Reading Exim's log for the page: one job for everybody, which starts when what it left is not fresh."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass
from typing import Optional

from mxverdict.collect.mainlog.plausible import is_time, is_traffic, is_visit
from mxverdict.evidence.decode import decode
from mxverdict.evidence.traffic import Traffic
from mxverdict.evidence.visit import VisitLog
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import JobHandle

JOB = "log"
DAY = 86_400.0
WEEK = 7 * DAY
_TITLE = "the log"
_FRESH = 5.0
"""Seconds that a reading is shown without a look at what is new."""
_WAIT = 1.0
"""Seconds that a page waits for the job: what is new is read in less, a big log for the first time is not."""
_PATIENCE = 240.0
_LONGEST = 600


@dataclass(frozen=True)
class Reading:
    """What the log told at `taken_at` (Unix time): the visits of a week, the traffic of a day and a week."""

    taken_at: float
    visits: VisitLog
    day: Traffic
    week: Traffic


def refresh(host: Host) -> None:
    """Have the log read, unless that goes on already or was done a moment ago."""
    job = queue.read(host, JOB)
    if job is None or (job.state != "running" and abs(time.time() - job.changed) > _FRESH):
        with contextlib.suppress(OSError):  # what was read before is shown
            queue.start_at_desk(host, lambda desk: _read(host, desk), JOB, _TITLE)


def wait(host: Host) -> None:
    """Give the reading a moment to end."""
    queue.wait(host, JOB, _WAIT)


def latest(host: Host) -> Optional[Reading]:
    """None when nothing was read within a day, another version left it, or it cannot be true."""
    left = queue.result(host, JOB)
    try:
        reading: Optional[Reading] = None if left is None else decode(Reading, left, "reading")
    except ValueError:
        return None
    return reading if reading is not None and _can_be_true(reading) else None


def _can_be_true(reading: Reading) -> bool:
    log = reading.visits
    times = (reading.taken_at, *(() if log.since is None else (log.since,)))
    return (
        all(map(is_time, times))
        and all(map(is_visit, log.visits))
        and is_traffic(reading.day)
        and is_traffic(reading.week)
    )


def _read(host: Host, desk: JobHandle) -> str:
    import signal

    from mxverdict.services import mail_log

    signal.alarm(_LONGEST)
    now = time.time()
    desk.step(Message("looking for visits of testers in Exim's log"))
    visits = mail_log.read_tester_visits(host, now - WEEK, time.monotonic() + _PATIENCE)
    desk.step(Message("counting who sent mail, who left during the delay and who was refused"))
    week = mail_log.read_traffic(host, now - WEEK, time.monotonic() + _PATIENCE)
    day = mail_log.read_traffic(host, now - DAY, time.monotonic() + _PATIENCE)
    desk.keep(dataclasses.asdict(Reading(now, visits, day, week)))
    return Message("The log is read.")
