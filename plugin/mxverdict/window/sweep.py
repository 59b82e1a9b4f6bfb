"""The keeper's round: a close of one kind that hangs does not hold up the other kind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

from mxverdict.host import Host
from mxverdict.window.model import DELAY_OFF, WHITELIST, Window
from mxverdict.window.service import close_due

_PAUSE = 5.0


def close_all_due(host: Host, lock_wait: float) -> list[Window]:
    """Close what is due. Whitelist windows that become due while the build for the other kind takes its time
    are closed, too. Raises JournalError."""
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(close_due, host, kinds=[DELAY_OFF], wait=lock_wait)
        handled = close_due(host, kinds=[WHITELIST], wait=lock_wait)
        while not wait([slow], timeout=_PAUSE).done:
            handled += close_due(host, kinds=[WHITELIST], wait=lock_wait)
        return handled + slow.result()
