"""Reads regular files only, and only so much of them: a FIFO, a device or a file without end holds up nobody.

Standard library only and quick to import: the keeper uses it.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Union

MAX_BYTES = 64 * 1024 * 1024
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY


class NotRegular(OSError):
    """The path leads to a FIFO, a device, a socket or a folder."""

    def __init__(self, path: Union[str, os.PathLike[str]]) -> None:
        super().__init__(errno.EINVAL, "not a regular file", os.fspath(path))


def open_regular(path: Union[str, os.PathLike[str]]) -> int:
    """Open a regular file for reading, through symbolic links; return its descriptor. Raises OSError.

    O_PATH opens nothing, which avoids the effects that opening a device may have; what is opened then
    is what was looked at, whatever has the name meanwhile. O_NONBLOCK does not wait for the lease of a file's
    owner (fcntl(2)) and has no other effect on regular files.
    """
    found = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            raise NotRegular(path)
        try:
            return os.open(f"/proc/self/fd/{found}", _READ)
        except FileNotFoundError:  # no /proc is mounted
            return _open_again(path)
    finally:
        os.close(found)


def _open_again(path: Union[str, os.PathLike[str]]) -> int:
    descriptor = os.open(path, _READ)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegular(path)
    return descriptor


def read_regular(path: Union[str, os.PathLike[str]], limit: int = MAX_BYTES) -> bytes:
    """Return the content of a file of at limit `limit` bytes. Raises OSError: EFBIG for a larger one."""
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes", os.fspath(path))
    return content


def is_regular_or_absent(path: Union[str, os.PathLike[str]]) -> bool:
    """Return whether the path leads to a regular file or to nothing. Raises OSError when that is unknown."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except FileNotFoundError:
        return True
