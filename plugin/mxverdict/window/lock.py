"""One lock for each kind of window, under which everything of that kind is changed on the server.

Whoever holds it and finds a window of that kind `opening` or `closing` knows that the process at work on it
is gone: the kernel frees the lock with the last process that holds it. The kinds change different files, and
a hanging build of Exim's configuration must not keep a whitelist window open. Permanent entries change the
same file as whitelist windows, so they share that lock.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mxverdict.errors import JournalError, WindowBusy
from mxverdict.host import Host
from mxverdict.language import stored
from mxverdict.window.model import PERMANENT, WHITELIST

_POLL = 0.05


@contextmanager
def exclusive(host: Host, kind: str, wait: float) -> Iterator[None]:
    """Hold the lock of that kind. Raises WindowBusy when it is not free within `wait` seconds, JournalError
    when it cannot be made. The file stays: deleting it would let two processes hold "the" lock. It is opened
    for reading alone: that works on a file system that became read-only, where a window must close too."""
    path = host.lock(WHITELIST if kind == PERMANENT else kind)
    try:
        host.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise JournalError(
            stored("{path} cannot be opened: {error}").format(path=path, error=error.strerror)
        ) from error
    try:
        _acquire(descriptor, wait)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, wait: float) -> None:
    give_up = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise WindowBusy(
                    stored("another window of this kind is being opened or closed right now")
                ) from None
            time.sleep(_POLL)
        else:
            return
