"""The messages that are kept of a window, and in the audit log."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from mxverdict.errors import MxVerdictError, WindowCloseError, WindowOpenError
from mxverdict.i18n.message import Message, join, message_of, parts_of
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


def with_visit(window: Window, visit: str) -> Window:
    """Return a window that ends by that visit of its tester; "" for one that ends without."""
    if not visit:
        return window
    return dataclasses.replace(window, visit=visit, remark=join_notes(window.remark, [visit]))


def open_failed(error: Exception, left: str) -> MxVerdictError:
    """Return what `open` raises; `left` says what could not be reverted."""
    if left:
        failed = Message("the window did not open: {error}", error=describe_error(error))
        return WindowCloseError(join([failed, Message("putting it back failed: {left}", left=left)]))
    made = WindowOpenError(
        Message("the window did not open, everything was put back: {error}", error=describe_error(error))
    )
    if isinstance(error, MxVerdictError) and error.hint != MxVerdictError.hint:
        made.hint = error.hint
    return made


def describe_error(error: BaseException) -> str:
    """Return one line on it; with its type where it is not one of this program's own."""
    if isinstance(error, MxVerdictError):
        return message_of(error)
    return escape_control(f"{type(error).__name__} {error}".strip())


def retried_message(attempts: int) -> str:
    if attempts == 1:
        return Message("closed at last, after 1 try that failed")
    return Message("closed at last, after {count} tries that failed", count=attempts)


def join_testers(testers: Sequence[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*testers, *more)))


def join_notes(note: str, more: Iterable[str]) -> str:
    """Return the notes of a window as one, each once."""
    return join(dict.fromkeys((*parts_of(note), *more)))
