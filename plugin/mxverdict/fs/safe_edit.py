"""Edits of the server's own files that lose nothing.

A file is never truncated or unlinked: the new content goes to a temporary file beside it with the same owner,
mode and extended attributes, reaches the disk, and takes the name. A symbolic link stays and its target is
replaced. A change by somebody else between reading and replacing starts the edit again; lines that somebody
appends then, or writes later to the old file that was opened before, are carried over.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Optional

from mxverdict.errors import HostError
from mxverdict.fs.read import read_regular
from mxverdict.i18n.message import Message, join

_TRIES = 20
_PAUSE = 0.02
_WRITERS_WAIT = 1.0
_WRITERS_POLL = 0.005
_EXCHANGE = 2
_AT_FDCWD = -100
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)

_HINTS = {
    errno.EPERM: Message("if `lsattr {path}` shows an i, run `chattr -i {path}`"),
    errno.EACCES: Message("look at `lsattr {path}` and at what SELinux forbids"),
    errno.EBUSY: Message("something is mounted there: see `findmnt {path}`"),
    errno.EROFS: Message("the file system is read-only: see `dmesg`"),
    errno.ENOSPC: Message("free some space: see `df`"),
    errno.EDQUOT: Message("free some space: see `quota`"),
    errno.EISDIR: Message("a folder is in the way: see `ls -la` beside it"),
}
"""What a server's owner can do about it."""

Edit = Callable[[bytes], Optional[bytes]]
"""Gets the content, returns the new one; None means that nothing is to be changed."""


class NewFileMode(NamedTuple):
    """Owner and mode of a file that is not there yet."""

    group: str
    mode: int


def read(path: Path) -> Optional[bytes]:
    """The content, None when there is no such file. Raises HostError when it cannot be read."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HostError(Message("{path} cannot be read: {error}", path=path, error=error.strerror)) from error


def edit(path: Path, change: Edit, creation: NewFileMode) -> None:
    """Replace the content by what `change` makes of it; a missing file counts as empty and is created.

    `change` is called again with fresh content whenever the file changed meanwhile. Raises HostError.
    """
    target = Path(os.path.realpath(path))
    try:
        for _ in range(_TRIES):
            if _attempt(target, change, creation):
                return
            time.sleep(_PAUSE)
    except OSError as error:
        failed = Message("{path} cannot be changed: {error}", path=path, error=error.strerror or error)
        hint = _HINTS.get(error.errno or 0, "").format(path=target)
        raise HostError(join(filter(None, [failed, hint]))) from error
    raise HostError(Message("{path} is being changed by somebody else all the time", path=path))


def fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftover(path: Path) -> None:
    """Remove the temporary file that a killed edit may have left."""
    with suppress(OSError):
        _temporary(Path(os.path.realpath(path))).unlink()


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.mxverdict")


def _attempt(target: Path, change: Edit, creation: NewFileMode) -> bool:
    """One try; False when somebody else was faster."""
    try:
        original = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return _create(target, change, creation)
    try:
        if not stat.S_ISREG(os.fstat(original).st_mode):
            raise HostError(Message("{path} is no regular file", path=target))
        return _replace(target, original, change)
    finally:
        os.close(original)


def _create(target: Path, change: Edit, creation: NewFileMode) -> bool:
    content = change(b"")
    if content is None:
        return True
    temporary = _write(target, content, lambda descriptor: set_ownership(descriptor, creation))
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    fsync_folder(target.parent)
    return True


def _replace(target: Path, original: int, change: Edit) -> bool:
    content = _content(original)
    changed = change(content)
    if changed is None or changed == content:
        return True
    temporary = _write(target, changed, lambda descriptor: copy_ownership(descriptor, original))
    try:
        if not _still_there(target, original, content):
            return False
        if not swap_into_place(temporary, target, os.fstat(original).st_ino):
            return False
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    fsync_folder(target.parent)
    _wait_for_writers(original)
    late = _content(original)
    if late.startswith(content):
        _append(target, late[len(content) :])
        return True
    return _attempt(target, lambda _: change(late), NewFileMode("root", 0o600))


def swap_into_place(temporary: Path, target: Path, original: int) -> bool:
    """Give the temporary file the name; False when somebody else replaced the file before.

    Theirs stays.
    """
    placed = temporary.stat().st_ino
    if not _exchange(temporary, target):
        temporary.rename(target)
        return True
    displaced = temporary.stat().st_ino
    if displaced == original:
        return True
    while True:
        _exchange(temporary, target)
        expected, placed, displaced = placed, displaced, temporary.stat().st_ino
        if displaced == expected:
            return False


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False on a file system that cannot. See renameat2(2)."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number))


def _wait_for_writers(original: int) -> None:
    """Wait until nobody has the replaced file open for writing: only then is a read lease granted (fcntl(2)).

    A program that keeps it open for longer loses what it writes later. A file that has another name is left
    alone, for whoever opened it there would send us a signal.
    """
    give_up = time.monotonic() + _WRITERS_WAIT
    while os.fstat(original).st_nlink == 0 and time.monotonic() < give_up:
        try:
            fcntl.fcntl(original, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return
            time.sleep(_WRITERS_POLL)
        else:
            fcntl.fcntl(original, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            return


def _append(target: Path, lines: bytes) -> None:
    if lines:
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(target, flags), "ab") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())


def _still_there(target: Path, original: int, content: bytes) -> bool:
    """Whether nobody did more to the file than append lines to it, which are carried over."""
    try:
        if not os.path.samestat(target.stat(), os.fstat(original)):
            return False
    except FileNotFoundError:
        return False
    now = _content(original)
    return now == content or (now.startswith(content) and content.endswith(b"\n"))


def _content(descriptor: int) -> bytes:
    chunks: list[bytes] = []
    offset = 0
    while chunk := os.pread(descriptor, 1 << 20, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def _write(target: Path, content: bytes, own: Callable[[int], None]) -> Path:
    temporary = _temporary(target)
    with suppress(FileNotFoundError):
        temporary.unlink()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        rest = content
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        own(descriptor)
        os.fsync(descriptor)
    except BaseException:
        temporary.unlink()
        raise
    finally:
        os.close(descriptor)
    return temporary


def copy_ownership(descriptor: int, original: int) -> None:
    status = os.fstat(original)
    os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    for name in _attributes(original):
        os.setxattr(descriptor, name, os.getxattr(original, name))


def _attributes(descriptor: int) -> list[str]:
    try:
        return os.listxattr(descriptor)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        return []


def set_ownership(descriptor: int, creation: NewFileMode) -> None:
    import grp

    try:
        group = grp.getgrnam(creation.group).gr_gid
    except KeyError:
        raise HostError(Message("there is no group {group}", group=repr(creation.group))) from None
    os.fchown(descriptor, 0, group)
    os.fchmod(descriptor, creation.mode)
