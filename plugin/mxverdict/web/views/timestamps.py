"""Times as the pages show them."""

from __future__ import annotations

import math
import time

from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.catalog import ngettext


def moment(unix_time: float, *, day: bool = False) -> str:
    """Return a time in the server's zone, which is named; with the date when `day` is true or it is not
    today."""
    local = time.localtime(unix_time)
    zone = time.strftime("%Z (UTC%z)", local)
    name = time.strftime("%Z", local)
    clock = time.strftime("%H:%M:%S ", local) + (name if name in ("UTC", "GMT") else zone)
    if day or local[:3] != time.localtime()[:3]:
        return time.strftime("%Y-%m-%d ", local) + clock
    return clock


def age(unix_time: float) -> str:
    """Return how long ago a Unix time was, in one unit."""
    seconds = max(0.0, time.time() - unix_time)
    days, hours, minutes = (int(seconds // size) for size in (86400, 3600, 60))
    if days:
        return ngettext("{count} day ago", "{count} days ago", days).format(count=days)
    if hours:
        return ngettext("{count} hour ago", "{count} hours ago", hours).format(count=hours)
    if minutes:
        return ngettext("{count} minute ago", "{count} minutes ago", minutes).format(count=minutes)
    return _("just now")


def countdown(seconds: float) -> str:
    """Return `14:05`, or `1:14:05` from an hour on."""
    minutes, rest = divmod(max(0, math.ceil(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
