"""Formats durations for people, no more precisely than they need."""

from __future__ import annotations

from mxverdict.i18n.catalog import gettext as _


def duration(seconds: float) -> str:
    """Return a duration as `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 120:
        return _("{seconds} s").format(seconds=f"{seconds:.0f}")
    minutes = round(seconds / 60)
    if minutes < 120:
        return _("{minutes} min").format(minutes=minutes)
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        if not rest:
            return _("{hours} h").format(hours=hours)
        return _("{hours} h {minutes} min").format(hours=hours, minutes=rest)
    days, hours = divmod(hours, 24)
    if not hours:
        return _("{days} d").format(days=days)
    return _("{days} d {hours} h").format(days=days, hours=hours)
