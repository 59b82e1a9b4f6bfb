"""The audit trail: one JSON object a line, appended and on disk before the call returns."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from enum import Enum
from types import MappingProxyType
from typing import Any

from mxverdict.audit.actor import Actor
from mxverdict.errors import JournalError, MxVerdictError
from mxverdict.fs.read import NotRegular
from mxverdict.fs.safe_edit import fsync_folder
from mxverdict.host import Host
from mxverdict.i18n.message import Message, escape_message, message_of, to_json
from mxverdict.sanitize import escape_control

_ADDRESSES = 64
_LOCK_WAIT = 1.0
_POLL = 0.005
_TRIES = 5
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK


class Outcome(str, Enum):
    """What came of what a line is about."""

    BEGUN = "begun"
    DONE = "done"
    NOTED = "noted"
    """Done, and the result says more than that."""
    FAILED = "failed"


class RefusedAction(str, Enum):
    """What was asked for and refused before anything changed; the value begins the line's result."""

    OPEN = "open"
    PERMANENT = "open for good"
    COMMON_PROVIDERS = "exempt common mail providers"
    EXTEND = "extend"
    CLOSE = "close"
    SETTINGS = "settings"
    ADD_TESTER_ADDRESS = "add tester address"
    REMOVE_TESTER_ADDRESS = "remove tester address"


def record_refusal(
    host: Host, actor: Actor, refused: RefusedAction, error: MxVerdictError, *, field: str = "", **about: Any
) -> None:
    """Append a line on a request that ended before anything changed, where that can be written. `field` is
    the setting that it failed for; `about` as of `record`."""
    details = {"refused": refused.value, "field": field, "cause": escape_message(message_of(error))}
    named = f"{field}: " if field else ""
    with suppress(JournalError):
        record(
            host,
            actor,
            "refuse",
            result=f"{refused.value}: {named}{error}",
            outcome=Outcome.FAILED,
            details=details,
            **about,
        )


def record(
    host: Host,
    actor: Actor,
    action: str,
    *,
    result: str,
    outcome: Outcome = Outcome.DONE,
    window: int | None = None,
    kind: str = "",
    addresses: Sequence[str] = (),
    reason: str = "",
    details: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Append one line: time (UTC), user, origin, action, window, kind, addresses, reason, result, outcome and
    details. `kind` is that of the window; of a request that was refused (`refused`), the page or action it
    was for. `result` is for people; what is to be decided or shown by parts is in `details` (JSON data).

    Raises JournalError when the line could not be made durable.
    """
    escaped = escape_message(result)
    entry = {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "user": escape_control(actor.user, 64),
        "origin": escape_control(actor.origin, 16),
        "action": action,
        "window": window,
        "kind": escape_control(kind, 32),
        "addresses": [escape_control(address, 64) for address in addresses[:_ADDRESSES]],
        "reason": escape_control(reason),
        "result": escape_control(result),
        "outcome": outcome.value,
    }
    if isinstance(escaped, Message):
        entry["message"] = to_json(escaped)
    if details:
        entry["details"] = to_json(details)
    try:
        _append(host, json.dumps(entry).encode() + b"\n")
    except OSError as error:
        raise JournalError(
            Message("{path} cannot be written: {error}", path=host.audit, error=error.strerror)
        ) from error


def _append(host: Host, line: bytes) -> None:
    """Nothing is appended to a file that was rotated meanwhile, unless that happens again and again."""
    host.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    for attempt in range(_TRIES):
        is_new = not host.audit.exists()
        descriptor = os.open(host.audit, _FLAGS, 0o600)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise NotRegular(host.audit)
            _lock(descriptor)
            last = attempt == _TRIES - 1
            if not last and (not _is_current(host, descriptor) or _rotated(host, descriptor)):
                continue
            _write(descriptor, line)
            break
        finally:
            os.close(descriptor)
    if is_new:
        fsync_folder(host.state)


def _write(descriptor: int, line: bytes) -> None:
    data = b"\n" + line if _is_torn(descriptor) else line
    while data:
        data = data[os.write(descriptor, data) :]
    os.fsync(descriptor)


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _is_current(host: Host, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), host.audit.stat())
    return False


def _rotated(host: Host, descriptor: int) -> bool:
    """Begin a new file when this one is full. Where that does not work, as on a full disk, it grows."""
    from mxverdict.audit import rotation

    if os.fstat(descriptor).st_size < rotation.MAX_BYTES:
        return False
    with suppress(OSError):
        if _is_torn(descriptor):
            os.write(descriptor, b"\n")
        return rotation.rotate(host, descriptor)
    return False


def _lock(descriptor: int) -> None:
    """Nobody else's line is half written then. A process that hangs with it holds nobody up for long."""
    give_up = time.monotonic() + _LOCK_WAIT
    while time.monotonic() < give_up:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL)
        else:
            return
