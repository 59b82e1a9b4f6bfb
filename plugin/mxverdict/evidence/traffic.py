"""The senders of a period of time according to the log: who left during the delay, who was refused because
the sender address did not verify. Times are Unix times, durations seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

CAUSES = ("timeout", "unreachable", "lookup", "loop", "domain", "rejected", "deferred", "other")
"""Why a sender did not verify: the callout timed out; the sender's mail host could not be reached; the name
servers did not answer; they name this server as the domain's mail host, which it does not know itself to be;
the domain has no mail host (or, for one of this server, no such mailbox); the sender's mail host said no for
good; it said "not now"; something else."""


COMMON_PROVIDERS, TRUSTED_HOSTS, NO_DELAY = "common_mail_providers", "trusted_hosts", "no_delay"
"""What would exempt a delayed sender: WHM's list of Common Mail Providers, Greylisting's trusted hosts, or no
delay."""


@dataclass(frozen=True)
class WhatIf:
    """So many addresses, with so many connections that left during the delay, would have been exempt `by` one
    of the names above. `entries` are the networks in that list (None: it is none)."""

    by: str
    entries: Optional[int]
    addresses: int
    connections: int


@dataclass(frozen=True)
class TrafficHour:
    """An hour from `start`: connections, those of them that left during the delay, messages that came in."""

    start: float
    connections: int
    left: int
    delivered: int


@dataclass(frozen=True)
class DelayedSender:
    """An address that left during the delay at least once. `name` is its host name as Exim logged it ("" when
    it has none that confirms), `at_once` those of the `left` that stayed for less than two seconds, `waited`
    the time from its first leaving to the first message after it (None: none came), `exempted_by` the lists
    that have it."""

    address: str
    name: str
    connections: int
    left: int
    at_once: int
    delivered: int
    first_left: float
    last_left: float
    waited: Optional[float]
    exempted_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class RefusedSender:
    """Failed sender verifications of one relay host, sender domain and cause (one of CAUSES).

    `deferred` of the `count` were refused for the time being. `text` is what Exim said of the last one,
    `sender` its address. `passed` messages of the domain came from that host after the first refusal, the
    last one at `passed_at`.
    """

    address: str
    name: str
    domain: str
    cause: str
    count: int
    deferred: int
    first: float
    last: float
    sender: str
    text: str
    passed: int
    passed_at: Optional[float]


@dataclass(frozen=True)
class Traffic:
    """Incoming mail from `since` to `until`, as whole hours; the log was read from `read_from` to `read_to`
    (None: there is no line). `delay` is the wait before the banner that leaving is measured by.

    Testers, the server's own addresses and addresses whose users logged in are left out of everything but
    `exempt_connections` and `user_connections`. `left_later` connections were cut off after the greeting.
    `turned_away`, `kept_waiting`, `delivered_before` and `delivering` count addresses: those that left and
    never delivered; left and delivered afterwards; left and had delivered before alone; delivered at all.
    `waiting` and `giving_up` list those with the most, `giving_up_total` is how many there are;
    `waited_median` is over all that were kept waiting. `untold` counts addresses, hour by hour, that are in
    the sums alone, `refused_untold` the refusals that no listed group holds.

    `peak_connections` is Exim's own count at the busiest moment (`peak_at`), of everybody's; the delay held
    `delayed_at_peak` of them (None: the log of that moment is not there). Exim has so many `slots`
    (`smtp_accept_max`; 0: no limit, None: not known). `refused_connections` were refused because all slots
    were taken, the last one at `refused_connection_at`; `refused_of_address` because one address had too
    many.
    """

    since: float
    until: float
    read_from: Optional[float]
    read_to: Optional[float]
    complete: bool
    delay: float
    connections: int = 0
    exempt_connections: int = 0
    user_connections: int = 0
    left: int = 0
    left_at_once: int = 0
    left_later: int = 0
    delivered: int = 0
    delivering: int = 0
    turned_away: int = 0
    turned_away_connections: int = 0
    kept_waiting: int = 0
    delivered_before: int = 0
    waited_median: Optional[float] = None
    waited_longest: Optional[float] = None
    giving_up_total: int = 0
    untold: int = 0
    refused_total: int = 0
    refused_groups: int = 0
    refused_untold: int = 0
    hours: tuple[TrafficHour, ...] = ()
    waiting: tuple[DelayedSender, ...] = ()
    giving_up: tuple[DelayedSender, ...] = ()
    refused: tuple[RefusedSender, ...] = ()
    peak_connections: int = 0
    peak_at: Optional[float] = None
    delayed_at_peak: Optional[int] = None
    slots: Optional[int] = None
    refused_connections: int = 0
    refused_connection_at: Optional[float] = None
    refused_of_address: int = 0
    what_if: tuple[WhatIf, ...] = ()
    remarks: tuple[str, ...] = ()
