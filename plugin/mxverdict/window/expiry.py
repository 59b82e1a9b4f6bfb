"""Which windows are to be closed now, and why."""

from __future__ import annotations

from contextlib import suppress

from mxverdict.host import Host
from mxverdict.window.deadline import ClockReading, instant
from mxverdict.window.journal import Change, Journal
from mxverdict.window.model import CLOSE_FAILED, OPEN, WHITELIST, Window, WindowKind


def anything_due(host: Host, journal: Journal, *kinds: str) -> bool:
    """Whether rows of those kinds want work: of any kind, when none is named."""
    now = instant(host)
    wanted = kinds or tuple(WindowKind)
    return (
        any(one.kind in wanted and due(one, now) for one in journal.unfinished())
        or (WHITELIST in wanted and any(_is_reactivated(host, one) for one in journal.deferred()))
        or bool(visited(host, journal, *wanted))
    )


def due(window: Window, now: ClockReading) -> bool:
    """Return whether a window is to be closed now, by its state and the clocks.

    Rows `opening` and `closing` count as due: under the lock they are what a killed process left.
    """
    if window.is_active_entry:
        return False
    if window.state == OPEN:
        return window.ends.due(now)
    if window.state == CLOSE_FAILED:
        return not window.last_attempt <= now.wall < window.next_attempt
    return True


def visited(host: Host, journal: Journal, *kinds: str) -> dict[int, str]:
    """Return which windows of those kinds waited for their tester and were visited: their numbers, and
    messages on the visits.

    For a caller that holds no lock. A log that cannot be made sense of, or a place in it that cannot be
    noted, holds up no other window, and a log on a dead mount nobody for more than a few seconds.
    """
    from mxverdict.window.watch import tester_visit

    found: dict[int, str] = {}
    now = instant(host)
    for window in journal.unfinished():
        waits = window.state == OPEN and window.until_tested and not due(window, now)
        if window.kind not in kinds or not waits:
            continue
        with suppress(Exception):
            visit, read = tester_visit.find_session_in_time(host, window)
            if visit is not None:
                found[window.id] = visit.message
            elif read != window:
                journal.store_log_position(read)
    return found


def _is_reactivated(host: Host, change: Change) -> bool:
    from mxverdict.window.changes import greylist

    return greylist.is_reactivated(host, change.plan)
