"""Test windows: temporary changes with a deadline that close themselves.

The names are imported when they are first asked for: most pages show windows and change none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mxverdict.window.model import Window
    from mxverdict.window.queries import list_windows, open_windows, permanent_entries
    from mxverdict.window.service import (
        close_due,
        close_window,
        exempt_common_providers,
        extend_window,
        open_permanent,
        open_window,
    )

__all__ = [
    "Window",
    "close_due",
    "close_window",
    "exempt_common_providers",
    "extend_window",
    "list_windows",
    "open_permanent",
    "open_window",
    "open_windows",
    "permanent_entries",
]
_ELSEWHERE = {
    "Window": "model",
    "list_windows": "queries",
    "open_windows": "queries",
    "permanent_entries": "queries",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"mxverdict.window.{_ELSEWHERE.get(name, 'service')}"), name)
