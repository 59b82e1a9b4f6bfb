"""The windows that there are, without what it takes to change one: most pages show them and change none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Optional

from mxverdict.errors import WindowError
from mxverdict.host import Host
from mxverdict.window.journal import reading
from mxverdict.window.model import DAY, Window

_RECENT_DAYS = 7


def list_windows(host: Host, *, limit: int = 50) -> list[Window]:
    """The last windows and all that are not finished, however many came after them, newest first; of
    permanent entries those that stand no more."""
    with reading(host) as journal:
        if journal is None:
            return []
        last = journal.windows(limit)
        shown = {row.id for row in last}
        older = [row for row in journal.unfinished() if not row.is_active_entry and row.id not in shown]
        return [*last, *reversed(older)]


def find_window(host: Host, window_id: int) -> Optional[Window]:
    """The window of that number, None when there is none."""
    with reading(host) as journal:
        return None if journal is None else journal.window(window_id)


def open_windows(host: Host) -> list[Window]:
    """Every window that is not finished, oldest first: open, under way, and those that failed to close.
    Permanent entries are among them only while they come or go."""
    with reading(host) as journal:
        return [] if journal is None else [row for row in journal.unfinished() if not row.is_active_entry]


def permanent_entries(host: Host) -> list[Window]:
    """The permanent entries that stand, oldest first."""
    with reading(host) as journal:
        return [] if journal is None else journal.permanent()


def recent_windows(host: Host) -> Sequence[Window]:
    """Return the windows of the last days and those still open, newest first; none when the journal cannot be
    read, which every page and command says by itself."""
    try:
        windows = list_windows(host)
    except WindowError:
        return ()
    since = time.time() - _RECENT_DAYS * DAY
    return [one for one in windows if not one.permanent and (one.opened_at >= since or not one.finished)]
