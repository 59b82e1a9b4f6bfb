"""What callers see of a test window."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Optional

from mxverdict.audit.actor import Actor
from mxverdict.window.deadline import Deadline


class _Name(str, Enum):
    """A name that the journal, JSON and pages have in this form."""

    __str__ = str.__str__

    def __format__(self, form: str) -> str:
        return str.__format__(self, form)


class WindowKind(_Name):
    WHITELIST = "whitelist"
    DELAY_OFF = "delay_off"
    PERMANENT = "permanent"
    """A row for an address that is exempt from the delay permanently, in the same list file as whitelist
    windows and under their lock. It has no deadline and no minutes."""
    COMMON_PROVIDERS = "common_mail_providers"
    """A row for WHM's switch that exempts Common Mail Providers from the delay permanently: in the file of
    delay-off windows and under their lock, without a deadline too."""


class WindowState(_Name):
    """opening -> open -> closing -> closed; `failed` was rolled back, `close_failed` is still retried."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"
    CLOSE_FAILED = "close_failed"


WHITELIST, DELAY_OFF, PERMANENT, COMMON_PROVIDERS = WindowKind
KINDS = (WHITELIST, DELAY_OFF)
ENTRIES = (PERMANENT, COMMON_PROVIDERS)
"""What has no deadline."""
LOCKS = {PERMANENT: WHITELIST, COMMON_PROVIDERS: DELAY_OFF}
"""Kinds that change what windows of another kind change, under their lock."""
FOREVER = 253_370_764_800.0
"""The year 9999: a deadline that every version of this software can read and none meets."""

OPENING, OPEN, CLOSING, CLOSED, FAILED, CLOSE_FAILED = WindowState
FINISHED = (CLOSED, FAILED)

NOT_MAILED = 0
MAILED = 1
MAILED_CLOSED = 2
DAY = 86_400.0


@dataclass(frozen=True)
class Window:
    """One row of the journal. Times are Unix time; `networks` in CIDR form (single addresses bare).

    `remark` says what a reader should know of a window that did well, `error` why it did not, `visit` by
    which session of the tester it ended ("": by none).
    `minutes` belongs to the request that set the deadline. `mailed` says what the contact was mailed of a
    close that failed: nothing, that, or its good end too. `before` maps the previewed addresses to the
    seconds of delay they met before the window.
    """

    id: int
    kind: WindowKind
    state: WindowState
    testers: tuple[str, ...]
    networks: tuple[str, ...]
    opened_at: float
    ends: Deadline
    minutes: int
    opened_by: str
    origin: str
    reason: str
    until_tested: bool
    before: dict[str, int]
    log_inode: int
    log_offset: int
    remark: str = ""
    error: str = ""
    visit: str = ""
    attempts: int = 0
    last_attempt: float = 0.0
    next_attempt: float = 0.0
    mailed: int = NOT_MAILED
    closed_at: Optional[float] = None

    @property
    def deadline(self) -> float:
        return self.ends.wall

    @property
    def permanent(self) -> bool:
        return self.kind in ENTRIES

    @property
    def tester(self) -> str:
        """The names of its testers as one text."""
        return ", ".join(self.testers)

    @property
    def is_active_entry(self) -> bool:
        """Whether it is a permanent entry that is in force, which is no open window."""
        return self.permanent and self.state == OPEN

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    @property
    def tested(self) -> bool:
        """Whether the tester's visit ended it."""
        return self.until_tested and bool(self.visit)

    def belongs_to(self, actor: Actor) -> bool:
        """Whether it is the actor's to join, extend and close: each is root's, a reseller's their own."""
        if not actor.delegated:
            return True
        return not self.permanent and (self.opened_by, self.origin) == (actor.user, actor.origin)

    def redacted(self) -> Window:
        """What everybody may know of it: that it is there, how far it is and when it ends."""
        return replace(
            self,
            testers=(),
            networks=(),
            opened_by="",
            origin="",
            reason="",
            before={},
            remark="",
            error="",
            visit="",
        )

    def without_details(self, error: str) -> Window:
        """Return what whoever opened it may know when the server is not theirs: `error` in place of its own,
        and of its notes, which name files and lists, the tester's visit alone."""
        return replace(self, error=error if self.error else "", remark=self.visit if self.tested else "")

    def closed_after_retries(self, now: float) -> bool:
        """Whether it closed within the last day, after tries that failed."""
        return self.finished and self.attempts > 0 and (self.closed_at or 0.0) > now - DAY

    def seconds_left(self, now: Optional[float] = None) -> float:
        """Seconds until the deadline, 0 for a window that is past it or finished.

        Never more than it was given, wherever the clock was put meanwhile.
        """
        if self.finished:
            return 0.0
        left = self.deadline - (time.time() if now is None else now)
        return min(max(0.0, left), self.deadline - self.ends.armed_at)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "tester": self.tester,
            "networks": list(self.networks),
            "opened_at": self.opened_at,
            "permanent": self.permanent,
            "deadline": None if self.permanent else self.deadline,
            "seconds_left": None if self.permanent else self.seconds_left(),
            "minutes": self.minutes,
            "opened_by": self.opened_by,
            "origin": self.origin,
            "reason": self.reason,
            "until_tested": self.until_tested,
            "tested": self.tested,
            "remark": self.remark,
            "error": self.error,
            "attempts": self.attempts,
            "closed_at": self.closed_at,
        }
