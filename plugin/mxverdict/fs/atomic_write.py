"""Replaces a file in one step, also in a folder that another user can change meanwhile.

The content goes to a new file beside the old one, through a descriptor of the folder, reaches the disk and
takes the name. What stood there keeps its owner, its mode and its content: a symbolic link is replaced, never
followed, and so is one of several hard links. A link of root's or the caller's that points to something
else than a file, such as /dev/stdout, is left alone. Symbolic links on the way to the folder are followed
only when they belong to root or to the caller.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Optional

from mxverdict.fs.read import NotRegular

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_LINKS = 40
"""Symbolic links that Linux follows in one path (path_resolution(7))."""


def atomic_write(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o600,
    owner: Optional[tuple[int, int]] = None,
    replace: bool = True,
    durable: bool = True,
) -> None:
    """Write `content` to `path`, all of it or nothing, as a new file with that mode and owner (user, group;
    the caller's when it is None). Without `durable` it may be lost in a power cut.

    Raises NotRegular where a FIFO, device, socket or folder has the name, or a link of ours leads to one;
    FileExistsError when something has it that may not be replaced; OSError.
    """
    folder = open_folder(path.parent)
    try:
        _require_replaceable(folder, path)
        _write(folder, path, content, mode, owner, replace, durable)
    finally:
        os.close(folder)


def require_writable(path: Path) -> None:
    """Raise what `atomic_write` would raise for this path, as far as that is known before; write nothing."""
    folder = open_folder(path.parent)
    try:
        _require_replaceable(folder, path)
    finally:
        os.close(folder)


def open_folder(path: Path) -> int:
    """Open a folder and return its descriptor. Raises OSError, ELOOP for another user's link on the way."""
    rest = list(path.absolute().parts)
    links = 0
    here = os.open(rest.pop(0), _FOLDER)
    try:
        while rest:
            name = rest.pop(0)
            target = _link_target(here, name, path)
            if target is None:
                here = _moved(here, os.open(name, _FOLDER, dir_fd=here))
                continue
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            parts = Path(target).parts
            if parts[:1] == ("/",):
                here = _moved(here, os.open("/", _FOLDER))
                parts = parts[1:]
            rest[:0] = parts
    except BaseException:
        os.close(here)
        raise
    return here


def _moved(left: int, entered: int) -> int:
    os.close(left)
    return entered


def _link_target(folder: int, name: str, path: Path) -> Optional[str]:
    """Return where a symbolic link that may be followed leads, None for anything else."""
    found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        status = os.fstat(found)
        if not stat.S_ISLNK(status.st_mode):
            return None
        if not _is_own(status):
            raise OSError(errno.ELOOP, f"the link {name!r} on the way belongs to another user", str(path))
        return os.readlink("", dir_fd=found)
    finally:
        os.close(found)


def _is_own(status: os.stat_result) -> bool:
    return status.st_uid in (0, os.geteuid())


def _require_replaceable(folder: int, path: Path) -> None:
    try:
        status = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(status.st_mode) and _is_own(status):
        _require_link_to_file(folder, path)
    elif not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
        raise NotRegular(path)


def _require_link_to_file(folder: int, path: Path) -> None:
    """/dev/stdout leads into /proc, and through it to a file or to something else from case to case."""
    if os.readlink(path.name, dir_fd=folder).startswith("/proc/"):
        raise NotRegular(path)
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path.name, dir_fd=folder).st_mode):
            raise NotRegular(path)


def _write(
    folder: int,
    path: Path,
    content: bytes,
    mode: int,
    owner: Optional[tuple[int, int]],
    replace: bool,
    durable: bool,
) -> None:
    temporary = f".mxverdict-{os.urandom(8).hex()}"
    try:
        with os.fdopen(os.open(temporary, _NEW, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
            file.flush()
            descriptor = file.fileno()
            if owner is not None:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            if durable:
                os.fsync(descriptor)
            if replace:
                os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
            else:
                os.link(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            placed = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
            if not os.path.samestat(placed, os.fstat(descriptor)):
                raise OSError(errno.EBUSY, "another user replaced it meanwhile", str(path))
    finally:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
    if durable:
        os.fsync(folder)
