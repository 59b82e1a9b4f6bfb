"""Which windows are to be closed now, and why."""

from __future__ import annotations

from contextlib import suppress
from typing import Optional

from mxverdict.host import Host
from mxverdict.window.clock import Instant, instant
from mxverdict.window.journal import Change, Journal
from mxverdict.window.model import CLOSE_FAILED, KINDS, OPEN, PERMANENT, WHITELIST, Window


def anything_due(host: Host, journal: Journal, *kinds: str) -> bool:
    """Whether rows of those kinds want work: of any kind, when none is named."""
    now = instant(host)
    wanted = kinds or (*KINDS, PERMANENT)
    return (
        any(one.kind in wanted and due(host, journal, one, now) is not None for one in journal.unfinished())
        or any(one.kind in wanted for one in journal.unmailed())
        or (WHITELIST in wanted and any(_woken(host, one) for one in journal.dormant()))
    )


def due(host: Host, journal: Journal, window: Window, now: Instant) -> Optional[str]:
    """Why a window is to be closed now: the tester's visit in words, or "" when there is nothing to tell of
    it; None when it is not due.

    Rows `opening` and `closing` count as due: under the lock they are what a killed process left.
    """
    if window.stands:
        return None
    if window.state == OPEN:
        if window.ends.due(now):
            return ""
        return _tested(host, journal, window) if window.until_tested else None
    if window.state == CLOSE_FAILED:
        return None if window.last_attempt <= now.wall < window.next_attempt else ""
    return ""


def _woken(host: Host, change: Change) -> bool:
    from mxverdict.window import trusted_hosts

    return trusted_hosts.woken(host, change.plan)


def _tested(host: Host, journal: Journal, window: Window) -> Optional[str]:
    """A log that cannot be made sense of, or a place in it that cannot be noted, holds up no other window."""
    from mxverdict.window import visits

    with suppress(Exception):
        visit, looked = visits.look(host, window)
        if visit is not None:
            return visit.words
        if looked != window:
            journal.store_log_position(looked)
    return None
