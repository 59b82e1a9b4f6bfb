"""Adds up what the store keeps of a stretch of time."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from mxverdict.collect.mainlog.ip_set import IpSet
from mxverdict.collect.mainlog.traffic_counter import HOUR
from mxverdict.collect.mainlog.traffic_store import CellRow, SenderRow, TrafficStore
from mxverdict.collect.mainlog.what_if import Ranges, count_exempt
from mxverdict.evidence.traffic import DelayedSender, RefusedSender, Traffic, TrafficHour

MAX_LISTED = 50
GIVES_UP = 3
"""Times an address must have left, and nothing else, to be one that always gives up."""


def summed(
    store: TrafficStore,
    since: float,
    until: float,
    exempt: IpSet,
    delay: float,
    complete: bool,
    remarks: Sequence[str],
    held: Optional[Sequence[str]],
    lists: Mapping[str, Ranges],
) -> Traffic:
    """The evidence of the hours that hold the time from `since` to `until`. `held` are the addresses of the
    delayed connections at the busiest moment, None when they are not known;
    `lists` those that could exempt senders."""
    first, end = int(since // HOUR), int(-(-until // HOUR))
    store.choose(first, end, exempt)
    hours, sums = _hours(store)
    return Traffic(
        since=float(first * HOUR), until=float(end * HOUR), read_from=store.time("first"),
        read_to=store.time("last"), complete=complete, delay=delay, remarks=tuple(remarks), hours=hours,
        what_if=count_exempt(store.left(), lists), **sums, **_delayed(store, lists),
        **_refused(store, first, end, exempt), **_slots(store, first, end, exempt, held),
    )  # fmt: skip


def _hours(store: TrafficStore) -> tuple[tuple[TrafficHour, ...], dict[str, Any]]:
    rows = list(store.hours())
    skipped = store.skipped_connections()
    return tuple(TrafficHour(float(r.hour * HOUR), r.connections, r.departed, r.delivered) for r in rows), {
        "connections": sum(row.connections for row in rows),
        "exempt_connections": skipped["exempt"],
        "user_connections": skipped["user"],
        "left": sum(row.departed for row in rows),
        "left_at_once": sum(row.at_once for row in rows),
        "left_later": sum(row.later for row in rows),
        "delivered": sum(row.delivered for row in rows),
        "delivering": store.delivering(),
        "untold": sum(row.untold for row in rows),
    }


def _slots(
    store: TrafficStore, first: int, end: int, exempt: IpSet, held: Optional[Sequence[str]]
) -> dict[str, Any]:
    busiest = store.busiest(first, end)
    refused, last, of_address = store.refused_connections(first, end)
    counted = None if held is None else store.not_skipped([one for one in held if one not in exempt])
    return {
        "peak_connections": busiest.connections if busiest else 0,
        "peak_at": float(busiest.at) if busiest else None,
        "delayed_at_peak": min(counted, busiest.connections) if busiest and counted is not None else None,
        "refused_connections": refused,
        "refused_connection_at": float(last) if last else None,
        "refused_of_address": of_address,
    }


def _delayed(store: TrafficStore, lists: Mapping[str, Ranges]) -> dict[str, Any]:
    turned_away, connections = store.turned_away()
    waited: dict[str, float] = {}
    before = 0
    for address, rows in itertools.groupby(store.returned(), key=lambda row: row.address):
        seconds = _waited(list(rows))
        if seconds is None:
            before += 1
        else:
            waited[address] = seconds
    by_wait = sorted(waited, key=lambda address: (-waited[address], address))[:MAX_LISTED]
    giving_up, frequent = store.giving_up(GIVES_UP, MAX_LISTED)
    return {
        "turned_away": turned_away,
        "turned_away_connections": connections,
        "kept_waiting": len(waited),
        "delivered_before": before,
        "waited_median": statistics.median(waited.values()) if waited else None,
        "waited_longest": max(waited.values(), default=None),
        "giving_up_total": giving_up,
        "giving_up": tuple(_sender(store, row, None, lists) for row in frequent),
        "waiting": tuple(
            _sender(store, store.sender(address), waited[address], lists) for address in by_wait
        ),
    }


def _sender(
    store: TrafficStore, row: SenderRow, waited: Optional[float], lists: Mapping[str, Ranges]
) -> DelayedSender:
    return DelayedSender(
        row.address, store.name_of(row.address), row.connections, row.departed, row.at_once, row.delivered,
        float(row.first_departed), float(row.last_departed), waited,
        tuple(name for name, ranges in lists.items() if row.address in ranges),
    )  # fmt: skip


def _waited(rows: list[CellRow]) -> Optional[float]:
    """Seconds until the first message after the first leaving; `rows` are one address's, in order of time."""
    first_left = min(row.first_departed for row in rows if row.departed)
    for row in rows:
        at = row.first_delivery if row.first_delivery >= first_left else row.first_after
        if at >= first_left:
            return float(at - first_left)
    return None


def _refused(store: TrafficStore, first: int, end: int, exempt: IpSet) -> dict[str, Any]:
    total = groups = untold = 0
    listed: list[RefusedSender] = []
    for row in store.refusals(first, end):
        if row.address in exempt:
            continue
        total += row.times
        groups += row.grouped
        if not row.address or len(listed) >= MAX_LISTED:
            untold += row.times
            continue
        name, sender, said = store.said_last(row, end)
        passed, passed_at = store.passed(row, end)
        listed.append(
            RefusedSender(
                row.address, name, row.domain, row.cause, row.times, row.deferred, float(row.first),
                float(row.last), sender, said, passed, None if passed_at is None else float(passed_at),
            )
        )  # fmt: skip
    return {
        "refused_total": total, "refused_groups": groups, "refused_untold": untold, "refused": tuple(listed)
    }  # fmt: skip
