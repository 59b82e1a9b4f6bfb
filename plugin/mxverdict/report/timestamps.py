"""Times as a report that goes to others words them."""

from __future__ import annotations

import time
from datetime import datetime, timezone


def stamp(unix_time: float) -> str:
    """Return date and time in the server's zone, which is named: `2026-11-25 10:31:02 CET (UTC+0100)`."""
    local = time.localtime(unix_time)
    zone = time.strftime("%Z", local)
    offset = time.strftime("UTC%z", local)
    name = zone if zone in ("UTC", "GMT") else f"{zone} ({offset})"
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', local)} {name}"


def iso(unix_time: float) -> str:
    """Return the same by ISO 8601, with the offset."""
    return datetime.fromtimestamp(unix_time, timezone.utc).astimezone().isoformat()
