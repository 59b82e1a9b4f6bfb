"""Which files hold the log: the current one and its rotations, plain or gzipped."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

_MAX_FILES = 400
"""Files of one log that are looked at."""
ROTATED = re.compile(r"[-.](?:\d{8}(?:-\d{1,10})?|\d{10}|\d{1,4})(?:\.gz)?", re.ASCII)


@dataclass(frozen=True)
class LogFile:
    """One file of a log. `written` is when it was last written (Unix time), `size` in bytes as it lies there;
    `current` is the one Exim writes to."""

    path: Path
    written: float
    size: int
    current: bool

    @property
    def gzipped(self) -> bool:
        return self.path.suffix == ".gz"


def files_of(log: Path, since: float = 0.0) -> tuple[LogFile, ...]:
    """The files that can hold lines written since `since` (Unix time), the oldest first, the current last.

    Rotations stand beside it: `exim_mainlog-YYYYMMDD`, `exim_mainlog.1`, each also with `.gz`. A file that
    was last written before `since` holds nothing younger. A rotation that exists plain and gzipped counts
    once. What cannot be read is left out.
    """
    found: dict[str, LogFile] = {}
    try:
        names = sorted(path.name for path in log.parent.iterdir())
    except OSError:
        return ()
    for name in names:
        current = name == log.name
        if not current and not (name.startswith(log.name) and ROTATED.fullmatch(name, len(log.name))):
            continue
        try:
            status = log.with_name(name).stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and (current or status.st_mtime >= since):
            file = LogFile(log.with_name(name), status.st_mtime, status.st_size, current)
            found.setdefault(name[:-3] if name.endswith(".gz") else name, file)
    files = sorted(found.values(), key=lambda file: (file.current, file.written, file.path.name))
    return tuple(files[-_MAX_FILES:])
