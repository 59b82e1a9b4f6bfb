"""Windows for tests that need a row and no server."""

from __future__ import annotations

import dataclasses
from typing import Any

from mxverdict.window.deadline import ClockReading, Deadline
from mxverdict.window.model import OPEN, WHITELIST, Window

NOW = ClockReading(1_800_000_000.0, 5000.0, "boot")


def window(**changes: Any) -> Window:
    row = Window(
        id=0,
        kind=WHITELIST,
        state=OPEN,
        testers=("mxtoolbox",),
        networks=("18.209.86.113", "64.20.227.0/24"),
        opened_at=NOW.wall,
        ends=Deadline.after(NOW, 900),
        minutes=15,
        opened_by="root",
        origin="cli",
        reason="ticket 7",
        until_tested=False,
        before={"18.209.86.113": 40},
        log_inode=0,
        log_offset=0,
    )
    return dataclasses.replace(row, **changes)
