"""Keeps the audit trail from growing without end: a full file becomes `audit.jsonl.1`, older ones count up.

The lines that tell what became of a window which is still open go into the new file too, marked as `CARRIED`,
and so into each one after it: they outlive every rotation as long as the window does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Optional

from mxverdict.errors import JournalError
from mxverdict.fs.safe_edit import fsync_folder
from mxverdict.host import Host

MAX_BYTES = 4 * 1024 * 1024
"""Of one file; a longer one is rotated before the next line."""
KEPT = 5
"""Rotated files; the oldest goes when there is one more."""
CARRIED = b'"carried": true'
"""Is in a line that an older file holds too, unless that one is gone. No text from outside can: quotes in
texts are escaped."""
_CHANGES = ("open", "join", "extend", "close", "rollback", "close_failed")
"""Actions that show what became of a window; attempts that were refused do not."""
_ENDS = ("close", "rollback")


def rotated(host: Host) -> list[Path]:
    """The rotated files, the oldest first."""
    every = (_name(host, number) for number in range(KEPT, 0, -1))
    return [path for path in every if path.exists()]


def rotate(host: Host, descriptor: int) -> bool:
    """Begin a new file; `descriptor` is the full one, locked, and ends in a line feed. Answers whether it was
    done: not while most of the file belongs to open windows. Raises OSError with the full one in its place.

    The trail is whole all the time: the full file gets its second name before the new one takes the first.
    """
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, size, 0)
    carried = b"".join(_carried(host, content))
    if 2 * len(carried) > size:
        return False
    new = host.audit.with_name(f"{host.audit.name}.new")
    new.unlink(missing_ok=True)
    made = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(made, "wb") as file:
        file.write(carried)
        file.flush()
        os.fsync(made)
    first = _name(host, 1)
    if not (first.exists() and first.samefile(host.audit)):  # it is, where a rotation was cut short
        for number in range(KEPT, 0, -1):
            with suppress(FileNotFoundError):
                _name(host, number).replace(_name(host, number + 1))
        _name(host, KEPT + 1).unlink(missing_ok=True)
        os.link(host.audit, first)
        fsync_folder(host.state)
    new.replace(host.audit)
    fsync_folder(host.state)
    return True


def _name(host: Host, number: int) -> Path:
    return host.audit.with_name(f"{host.audit.name}.{number}")


def _carried(host: Host, content: bytes) -> Iterator[bytes]:
    lines = [(line, entry) for line in content.splitlines() if (entry := _entry(line)) is not None]
    still_open = _open_by_journal(host)
    if still_open is None:
        ended = {entry["window"] for _line, entry in lines if entry["action"] in _ENDS}
        still_open = {entry["window"] for _line, entry in lines} - ended
    for _line, entry in lines:
        if entry["window"] in still_open:
            yield json.dumps({**entry, "carried": True}).encode() + b"\n"


def _entry(line: bytes) -> Optional[dict[str, object]]:
    """A line about what became of a window, None for any other."""
    with suppress(ValueError, RecursionError):
        entry = json.loads(line)
        if (
            isinstance(entry, dict)
            and isinstance(entry.get("window"), int)
            and entry.get("action") in _CHANGES
        ):
            return entry
    return None


def _open_by_journal(host: Host) -> Optional[set[object]]:
    """The numbers of windows and permanent entries that are not finished; None when that is not known."""
    from mxverdict.window.journal import reading

    try:
        with reading(host) as journal:
            return set() if journal is None else {window.id for window in journal.unfinished()}
    except JournalError:
        return None
