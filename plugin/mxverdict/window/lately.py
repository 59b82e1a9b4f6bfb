"""The test windows that a report tells of."""

from __future__ import annotations

import time
from collections.abc import Sequence

from mxverdict.errors import WindowError
from mxverdict.host import Host
from mxverdict.window.model import Window
from mxverdict.window.queries import list_windows

_DAYS = 7
_MOST = 50


def lately(host: Host) -> Sequence[Window]:
    """Those of the last days and those still open; none when the journal cannot be read, which every page and
    command says."""
    try:
        windows = list_windows(host, limit=_MOST)
    except WindowError:
        return ()
    since = time.time() - _DAYS * 86_400
    windows = [one for one in windows if not one.permanent]
    return [one for one in windows if one.opened_at >= since or not one.finished]
