"""Locks between processes: files in the state folder, freed by the kernel with the last process that holds
them (flock(2))."""

from __future__ import annotations

import fcntl
import math
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mxverdict.errors import JournalError, WindowLockedError
from mxverdict.fs.read import NotRegular
from mxverdict.host import Host
from mxverdict.i18n.message import Message

_POLL = 0.05


@contextmanager
def exclusive(host: Host, name: str, wait: float) -> Iterator[None]:
    """Hold the lock of that name. Raises WindowLockedError when it is not free within `wait` seconds,
    JournalError when it cannot be made. The file stays: deleting it would let two processes hold "the" lock.
    It is opened for reading alone: that works on a file system that became read-only, where a window must
    close too."""
    path = host.lock(name)
    try:
        descriptor = _open(host, path)
    except OSError as error:
        raise JournalError(
            Message("{path} cannot be opened: {error}", path=path, error=error.strerror)
        ) from error
    try:
        _acquire(descriptor, wait)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def if_free(host: Host, name: str, limit: float = math.inf) -> Iterator[bool]:
    """Hold a lock that nobody waits for, of a name that is no kind of window; answers whether it was free.

    Whoever has held it for more than `limit` seconds does not count any more: it hangs where not even a
    signal ends it. It counts as free, too, where it cannot be made, as on a full disk.
    """
    path = host.lock(name)
    descriptor = -1
    try:
        descriptor = _open(host, path)
        free = _taken(descriptor)
        if not free and not 0 <= time.time() - os.fstat(descriptor).st_mtime <= limit:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            descriptor = -1
            descriptor = _open(host, path)
            free = _taken(descriptor)
        if free:
            os.utime(descriptor)
    except OSError:
        free = True
    try:
        yield free
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _open(host: Host, path: Path) -> int:
    host.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegular(path)
    return descriptor


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquire(descriptor: int, wait: float) -> None:
    give_up = time.monotonic() + wait
    while not _taken(descriptor):
        if time.monotonic() >= give_up:
            raise WindowLockedError(
                Message("another window of this kind is being opened or closed right now")
            )
        time.sleep(_POLL)
