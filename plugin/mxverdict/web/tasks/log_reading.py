"""Reads Exim's log for the page, by one job for everybody, which starts when its last result is not fresh."""

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
"""Seconds that a reading is shown without reading what is new."""
_WAIT = 1.0
"""Seconds that a page waits for the job: what is new is read in less, a big log for the first time is not."""
_TIMEOUT = 240.0
_PROCESS_TIMEOUT = 600


@dataclass(frozen=True)
class Reading:
    """The log as of `taken_at` (Unix time): the visits of a week, the traffic of a day and of a week."""

    taken_at: float
    visits: VisitLog
    day: Traffic
    week: Traffic


def refresh(host: Host) -> None:
    """Start reading the log, unless that runs already or ended a moment ago."""
    job = queue.read(host, JOB)
    if job is None or (not job.is_running and abs(time.time() - job.changed) > _FRESH):
        with contextlib.suppress(OSError):  # what was read before is shown
            queue.start_with_handle(host, lambda handle: _read(host, handle), JOB, _TITLE)


def wait(host: Host) -> None:
    """Give the reading a moment to end."""
    queue.wait(host, JOB, _WAIT)


def latest(host: Host) -> Optional[Reading]:
    """Return None when nothing was read within a day, another version wrote it, or it is not plausible."""
    left = queue.result(host, JOB)
    try:
        reading: Optional[Reading] = None if left is None else decode(Reading, left, "reading")
    except ValueError:
        return None
    return reading if reading is not None and _is_plausible(reading) else None


def _is_plausible(reading: Reading) -> bool:
    log = reading.visits
    times = (reading.taken_at, *(() if log.since is None else (log.since,)))
    return (
        all(map(is_time, times))
        and all(map(is_visit, log.visits))
        and is_traffic(reading.day)
        and is_traffic(reading.week)
    )


def _read(host: Host, handle: JobHandle) -> str:
    import signal

    from mxverdict.services import mail_log

    signal.alarm(_PROCESS_TIMEOUT)
    now = time.time()
    handle.step(Message("looking for visits of testers in Exim's log"))
    visits = mail_log.read_tester_visits(host, now - WEEK, time.monotonic() + _TIMEOUT)
    handle.step(Message("counting who sent mail, who left during the delay and who was refused"))
    week = mail_log.read_traffic(host, now - WEEK, time.monotonic() + _TIMEOUT)
    day = mail_log.read_traffic(host, now - DAY, time.monotonic() + _TIMEOUT)
    handle.save_result(dataclasses.asdict(Reading(now, visits, day, week)))
    return Message("The log is read.")
