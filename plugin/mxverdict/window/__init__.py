"""Test windows: temporary changes with a deadline that close themselves."""

from mxverdict.window.engine import (
    close_due,
    close_window,
    extend_window,
    list_windows,
    open_permanent,
    open_window,
    open_windows,
    permanent_entries,
)
from mxverdict.window.model import Actor, Window

__all__ = [
    "Actor",
    "Window",
    "close_due",
    "close_window",
    "extend_window",
    "list_windows",
    "open_permanent",
    "open_window",
    "open_windows",
    "permanent_entries",
]
