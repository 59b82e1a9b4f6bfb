"""Processes of this server, identified without believing what they say of themselves.

A process chooses its own command line and environment, and can make whoever reads those wait for ever: both
are its memory, which may be a file on a file system of its own (proc(5), userfaultfd(2)). Its users, session,
start time and program are the kernel's word. The owner of /proc/PID alone is not enough: that is the
effective user, root for a setuid program that anybody started. Standard library only: the keeper uses it.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Optional

from mxverdict.fs.atomic_write import atomic_write

_PROC = "/proc"
_PREFIX = "running."
_DELETED = " (deleted)"
_INTERPRETER = re.compile(r"(perl|python|bash|dash|ksh|zsh|sh)[\d.]*")
_TAKES_A_WORD = ("-I", "-W", "-X", "-o", "-O")
"""Options of those interpreters whose value is the next word."""
_ROUNDS = 20
_END_WAIT = 2.0
_POLL = 0.02
_READ_WAIT = 1.0
_MAX_COMMAND_LINE = 256 * 1024


class Known(NamedTuple):
    """A process that we started: where that is written down, its number, its start in clock ticks since the
    boot, and the command or API function that it runs."""

    record: Path
    pid: int
    start: int
    name: str

    @property
    def is_running(self) -> bool:
        return start_of(self.pid) == self.start


def remember(folder: Path, boot_id: str, pid: int, name: str) -> Path:
    """Write down a process that we have started; return the record, to be unlinked when it has ended.

    Raises OSError. Only root may write in `folder`. Nothing is synced: the process does not outlive a power
    cut either.
    """
    record = folder / f"{_PREFIX}{pid}"
    atomic_write(record, f"{boot_id or '-'} {start_of(pid)} {name}\n".encode(), durable=False)
    return record


def remembered(folder: Path, boot_id: str) -> list[Known]:
    """Return those written down that still run; records of all others are unlinked."""
    found: list[Known] = []
    for record in folder.glob(f"{_PREFIX}[0-9]*"):
        known = _known(record, boot_id)
        if known is not None and known.is_running:
            found.append(known)
        else:
            with suppress(OSError):
                record.unlink()
    return found


def _known(record: Path, boot_id: str) -> Optional[Known]:
    from mxverdict.fs.read import read_regular

    try:
        boot, start, name = read_regular(record, 4096).decode().split()
        known = Known(record, int(record.name[len(_PREFIX) :]), int(start), name)
    except (OSError, ValueError):
        return None
    return known if boot == (boot_id or "-") else None


def end(known: Known) -> bool:
    """Kill a process that leads a session, with all that is in this session; return whether it has ended.

    It is stopped first and killed last: as long as it lives its number is nobody else's, and so is the
    session's. Nothing outside of the session is touched, whatever group it is in.
    """
    if _send(known.pid, known.start, signal.SIGSTOP):
        for _ in range(_ROUNDS):
            members = [one for one in _members(known.pid) if one[0] != known.pid]
            if not members:
                break
            for pid, start in members:
                _send(pid, start, signal.SIGKILL)
            time.sleep(_POLL)
        _send(known.pid, known.start, signal.SIGKILL)
    give_up = time.monotonic() + _END_WAIT
    while known.is_running:
        if time.monotonic() > give_up:
            return False
        time.sleep(_POLL)
    with suppress(OSError):
        known.record.unlink()
    return True


def of_root() -> Iterator[int]:
    """The processes whose real user is root and whose entry belongs to root."""
    for name in os.listdir(_PROC):  # noqa: PTH208
        if name.isdigit() and is_of((0,), int(name)):
            yield int(name)


def is_of(users: Collection[int], pid: int) -> bool:
    """Whether the owner of a process's entry and its real user are among `users` (uids)."""
    try:
        if os.stat(f"{_PROC}/{pid}").st_uid not in users:  # noqa: PTH116
            return False
        with open(f"{_PROC}/{pid}/status", "rb") as file:  # noqa: PTH123
            line = next((line for line in file if line.startswith(b"Uid:")), b"")
    except OSError:
        return False
    return line.split()[1:2] in [[str(user).encode()] for user in users]


def command(pid: int, folder: str) -> list[str]:
    """Return what a process of root's runs, with the arguments after it: the program's path, or the path of
    the script that an interpreter was given. Of a program outside of `folder` that is no interpreter nothing
    is returned, and its command line is not read.
    """
    try:
        executable = os.readlink(f"{_PROC}/{pid}/exe")  # noqa: PTH115
    except OSError:
        return []
    if executable.endswith(_DELETED):
        executable = executable[: -len(_DELETED)]
    if _INTERPRETER.fullmatch(executable.rpartition("/")[2]):
        return _script(_command_line(pid))
    if executable.startswith(f"{folder.rstrip('/')}/"):
        arguments = _command_line(pid)
        return arguments if arguments and "/" in arguments[0] else [executable, *arguments[1:]]
    return []


def start_of(pid: int) -> Optional[int]:
    """When a running process was started, in clock ticks since the boot; None when it has ended."""
    fields = _fields(pid)
    return int(fields[19]) if fields else None


def _script(arguments: list[str]) -> list[str]:
    rest = iter(range(1, len(arguments)))
    for index in rest:
        if arguments[index] in _TAKES_A_WORD:
            next(rest, None)
        elif arguments[index] and not arguments[index].startswith("-"):
            return arguments[index:]
    return []


def _command_line(pid: int) -> list[str]:
    """In time, for between the look at its user and this it may have become somebody else's."""
    from mxverdict.fs.in_time import in_time

    def read() -> bytes:
        with open(f"{_PROC}/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            return file.read(_MAX_COMMAND_LINE)

    try:
        return in_time(_READ_WAIT, read).decode(errors="replace").split("\0")
    except OSError:
        return []


def _fields(pid: int) -> list[bytes]:
    """Those of /proc/PID/stat behind the name: state, parent, group, session, … (proc(5)); none of a process
    that has ended."""
    try:
        with open(f"{_PROC}/{pid}/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return []
    return fields if len(fields) > 19 and fields[0] not in (b"Z", b"X") else []


def _members(session: int) -> list[tuple[int, int]]:
    """Numbers and starts of the processes in a session."""
    found: list[tuple[int, int]] = []
    for name in os.listdir(_PROC):  # noqa: PTH208
        if name.isdigit():
            fields = _fields(int(name))
            if fields and int(fields[3]) == session:
                found.append((int(name), int(fields[19])))
    return found


def _send(pid: int, started: int, number: signal.Signals) -> bool:
    """Send a signal to exactly that process; return whether it was there.

    A kernel before 5.3, such as that of EL8, has no pidfd_open(2): the start is compared just before then.
    """
    handle = _handle(pid)
    try:
        if start_of(pid) != started:
            return False
        if handle is None:
            os.kill(pid, number)
        else:
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        if handle is not None:
            os.close(handle)
    return True


def _handle(pid: int) -> Optional[int]:
    """None where the kernel, what confines us or this Python has no such thing, or the process is gone."""
    if not (hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")):
        return None
    with suppress(OSError):
        return os.pidfd_open(pid)
    return None
