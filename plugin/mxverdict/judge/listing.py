"""Lists of names for people, cut short where there are too many to read."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.i18n.catalog import ngettext


def listing(names: Sequence[str], limit: int = 13) -> str:
    """Return at most `limit` names in one line, and how many more there are."""
    first, more = ", ".join(names[:limit]), len(names) - limit
    if more <= 0:
        return first
    return ngettext("{names} and {count} more", "{names} and {count} more", more).format(
        names=first, count=more
    )
