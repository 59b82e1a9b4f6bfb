"""Deadlines that neither a reboot nor a jump of the clock can prolong."""

from __future__ import annotations

import time
from typing import NamedTuple

from mxverdict.host import Host


class ClockReading(NamedTuple):
    """One moment: Unix time, seconds since boot (CLOCK_BOOTTIME, runs on during suspend) and which boot."""

    wall: float
    boot: float
    boot_id: str


def instant(host: Host) -> ClockReading:
    return ClockReading(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), host.boot())


class Deadline(NamedTuple):
    """When a window ends, by both clocks. `armed_at` is the Unix time at which it was set."""

    armed_at: float
    wall: float
    boot: float
    boot_id: str

    @classmethod
    def after(cls, now: ClockReading, seconds: float) -> Deadline:
        return cls(now.wall, now.wall + seconds, now.boot + seconds, now.boot_id)

    @classmethod
    def never(cls, now: ClockReading, far: float) -> Deadline:
        """One that neither clock meets before `far`."""
        return cls(now.wall, far, far, now.boot_id)

    def later(self, other: Deadline) -> Deadline:
        if self.boot_id and self.boot_id == other.boot_id:
            return other if other.boot > self.boot else self
        return other if other.wall > self.wall else self

    def due(self, now: ClockReading) -> bool:
        """Whichever clock says so first.

        After a reboot the boot clock starts from zero, so at least that much time has passed since; a wall
        clock that is then before `armed_at` proves nothing, and the window counts as due.
        """
        if now.wall >= self.wall:
            return True
        if self.boot_id and now.boot_id == self.boot_id:
            return now.boot >= self.boot
        return now.wall < self.armed_at or now.boot >= self.wall - self.armed_at
