"""What is noted on a window and in the audit trail, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mxverdict.errors import MxVerdictError, WindowCloseError, WindowOpenError
from mxverdict.i18n.message import Message
from mxverdict.sanitize import escape_control
from mxverdict.window.model import Window


def started_message(window: Window) -> str:
    if window.permanent:
        return Message("begun, for good")
    return Message("begun, for {minutes} minutes", minutes=window.minutes)


def opened_message(window: Window) -> str:
    if window.permanent:
        return Message("open for good")
    return Message("open for {minutes} minutes", minutes=window.minutes)


def with_remark(window: Window, remark: str) -> Window:
    return dataclasses.replace(window, remark=joined(window.remark, [remark] if remark else []))


def not_opened(error: Exception, left: str) -> MxVerdictError:
    """What `open` raises; `left` says what could not be put back."""
    if left:
        told = Message("the window did not open: {error}", error=of(error))
        return WindowCloseError(joined(told, [Message("putting it back failed: {left}", left=left)]))
    told = Message("the window did not open, everything was put back: {error}")
    return WindowOpenError(told.format(error=of(error)))


def of(error: BaseException) -> str:
    """One line on it; the kind of error too where it is none that was foreseen."""
    if isinstance(error, MxVerdictError):
        return str(error)
    return escape_control(f"{type(error).__name__} {error}".strip())


def retried_message(attempts: int) -> str:
    if attempts == 1:
        return Message("closed at last, after 1 try that failed")
    return Message("closed at last, after {count} tries that failed", count=attempts)


def both(tester: str, other: str) -> str:
    return tester if other in tester.split(", ") else f"{tester}, {other}"


def joined(remark: str, more: Sequence[str]) -> str:
    parts = [remark] if remark else []
    return "; ".join(parts + [text for text in dict.fromkeys(more) if text not in remark])
