"""Edits of the server's own files that lose nothing.

A file is never truncated or unlinked: the new content goes to a temporary file beside it with the same owner,
mode and extended attributes, reaches the disk, and takes the name. A symbolic link stays and its target is
replaced. A change by somebody else between reading and replacing starts the edit again.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mxverdict.errors import HostError

_TRIES = 20
_PAUSE = 0.02

_ADVICE = {
    errno.EPERM: "; if `lsattr {path}` shows an i, run `chattr -i {path}`",
    errno.EACCES: "; look at `lsattr {path}` and at what SELinux forbids",
    errno.EBUSY: "; something is mounted there: see `findmnt {path}`",
    errno.EROFS: "; the file system is read-only: see `dmesg`",
    errno.ENOSPC: "; free some space: see `df`",
    errno.EDQUOT: "; free some space: see `quota`",
    errno.EISDIR: "; a folder is in the way: see `ls -la` beside it",
}
"""What a server's owner can do about it."""

Edit = Callable[[bytes], Optional[bytes]]
"""Gets the content, returns the new one; None means that nothing is to be changed."""


@dataclass(frozen=True)
class Creation:
    """Owner and mode of a file that is not there yet."""

    group: str
    mode: int


def read(path: Path) -> Optional[bytes]:
    """The content, None when there is no such file. Raises HostError when it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HostError(f"{path} cannot be read: {error.strerror}") from error


def edit(path: Path, change: Edit, creation: Creation) -> None:
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
        advice = _ADVICE.get(error.errno or 0, "").format(path=target)
        raise HostError(f"{path} cannot be changed: {error.strerror or error}{advice}") from error
    raise HostError(f"{path} is being changed by somebody else all the time")


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


def _attempt(target: Path, change: Edit, creation: Creation) -> bool:
    """One try; False when somebody else was faster."""
    try:
        original = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return _create(target, change, creation)
    try:
        if not stat.S_ISREG(os.fstat(original).st_mode):
            raise HostError(f"{target} is no regular file")
        return _replace(target, original, change)
    finally:
        os.close(original)


def _create(target: Path, change: Edit, creation: Creation) -> bool:
    content = change(b"")
    if content is None:
        return True
    temporary = _write(target, content, lambda descriptor: _own_new(descriptor, creation))
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    fsync_folder(target.parent)
    return True


def _replace(target: Path, original: int, change: Edit) -> bool:
    before = os.fstat(original)
    content = _content(original)
    changed = change(content)
    if changed is None or changed == content:
        return True
    temporary = _write(target, changed, lambda descriptor: _own_like(descriptor, original))
    try:
        if not _same(target, original, before, content):
            return False
        temporary.rename(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    fsync_folder(target.parent)
    _keep_late_lines(target, original, content)
    return True


def _keep_late_lines(target: Path, original: int, content: bytes) -> None:
    """Carry over what somebody appended to the replaced file between the last look and the rename."""
    late = _content(original)
    if late != content and late.startswith(content):
        with target.open("ab") as file:
            file.write(late[len(content) :])
            file.flush()
            os.fsync(file.fileno())


def _same(target: Path, original: int, before: os.stat_result, content: bytes) -> bool:
    try:
        now = target.stat()
    except FileNotFoundError:
        return False
    unchanged = (now.st_dev, now.st_ino, now.st_mtime_ns, now.st_size) == (
        before.st_dev,
        before.st_ino,
        before.st_mtime_ns,
        before.st_size,
    )
    return unchanged and _content(original) == content


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


def _own_like(descriptor: int, original: int) -> None:
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


def _own_new(descriptor: int, creation: Creation) -> None:
    import grp

    try:
        group = grp.getgrnam(creation.group).gr_gid
    except KeyError:
        raise HostError(f"there is no group {creation.group!r}") from None
    os.fchown(descriptor, 0, group)
    os.fchmod(descriptor, creation.mode)
