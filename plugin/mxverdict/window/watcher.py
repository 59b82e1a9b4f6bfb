"""Watch Exim's log for one window and have it closed a moment after the tester's visit.

It changes nothing itself: what is due is closed the way the keeper does it, which is also what closes the
window when no watcher lives.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from mxverdict.host import Host
    from mxverdict.window.model import Window
    from mxverdict.window.watch.tester_visit import TesterSession

_TICK = 1.0
_MOMENT = 2.0
"""Seconds between the end of a visit and the close: a tester may look twice."""
_LOCK_WAIT = 25.0
_GRACE = 120.0
"""Seconds past the deadline after which the rest is left to the keeper."""
_MAX_FAILURES = 30
"""Attempts to read a journal that cannot be read."""


def follow(host: Host, window_id: int) -> Optional[Window]:
    """Wait until the window is finished, fails to close, or no longer waits for a tester; return it then,
    None when the journal cannot be read. Close it when the tester has been there or its time is over."""
    from mxverdict.errors import WindowError
    from mxverdict.window import queries, service

    place: Optional[Window] = None
    window: Optional[Window] = None
    failures = 0
    while failures < _MAX_FAILURES:
        try:
            window = queries.find_window(host, window_id)
            if window is None or _is_over(window):
                return window
            visit, place = _find_session(host, window, place)
            if visit is not None:
                time.sleep(_MOMENT)
                service.close_tested(host, window_id, visit.message)
            elif window.seconds_left() == 0:
                service.close_due(host, kinds=[window.kind], wait=_LOCK_WAIT)
        except WindowError:
            failures += 1
        time.sleep(_TICK)
    return window


def _is_over(window: Window) -> bool:
    from mxverdict.window.model import CLOSE_FAILED

    given_up = time.time() > window.deadline + _GRACE
    return window.finished or window.state == CLOSE_FAILED or not window.until_tested or given_up


def _find_session(
    host: Host, window: Window, place: Optional[Window]
) -> tuple[Optional[TesterSession], Window]:
    """The tester's visit, and the window with the place in the log up to which nothing is read again."""
    from mxverdict.window.watch import tester_visit

    at = window
    if place is not None:
        at = dataclasses.replace(window, log_inode=place.log_inode, log_offset=place.log_offset)
    if tester_visit.log_position(host) == (at.log_inode, at.log_offset):
        return None, at
    return tester_visit.find_session_in_time(host, at)


def main() -> int:
    if os.fork():
        return 0
    from mxverdict.host import Host

    follow(Host.from_environment(), int(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.realpath(__file__).rpartition("/mxverdict/window/")[0])
    sys.exit(main())
