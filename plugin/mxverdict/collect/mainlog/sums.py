"""Adds up what the ledger keeps of a stretch of time."""

from __future__ import annotations

import heapq
import ipaddress
import itertools
import statistics
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Optional, Union

from mxverdict.collect.mainlog.ledger import CellRow, Ledger
from mxverdict.collect.mainlog.tally import HOUR
from mxverdict.evidence.traffic import DelayedSender, RefusedSender, Traffic, TrafficHour

MOST_LISTED = 50
GIVES_UP = 3
"""Times an address must have left, and nothing else, to be one that always gives up."""
_Heap = list[tuple[float, int, DelayedSender]]
_LOOPBACK = ("127.0.0.0/8", "::1/128")


def summed(
    ledger: Ledger,
    since: float,
    until: float,
    exempt: Sequence[str],
    delay: float,
    complete: bool,
    remarks: Sequence[str],
) -> Traffic:
    """The evidence of the hours that hold the time from `since` to `until`."""
    first, end = int(since // HOUR), int(-(-until // HOUR))
    cells = _Cells(Exempt((*exempt, *_LOOPBACK)))
    for address, rows in itertools.groupby(ledger.cells(first, end), key=lambda row: row.address):
        cells.add(address, rows)
    refused, listed = _refused(ledger, first, end, cells.exempt)
    return Traffic(
        since=float(first * HOUR), until=float(end * HOUR), read_from=ledger.number("first"),
        read_to=ledger.number("last"), complete=complete, delay=delay, remarks=tuple(remarks),
        hours=tuple(
            TrafficHour(float(hour * HOUR), *counts) for hour, counts in sorted(cells.hours.items())
        ),
        **cells.totals(), **refused, refused=listed,
    )  # fmt: skip


class Exempt:
    """Whether an address is in one of some networks. Raises ValueError for what is no network."""

    def __init__(self, networks: Sequence[str]) -> None:
        parsed = [ipaddress.ip_network(text, strict=False) for text in networks]
        self._single = {str(n.network_address) for n in parsed if n.prefixlen == n.max_prefixlen}
        self._wide = [n for n in parsed if n.prefixlen < n.max_prefixlen]
        self._beginnings = tuple({self._beginning(network) for network in self._wide})

    def __contains__(self, address: str) -> bool:
        if address in self._single:
            return True
        if not address.startswith(self._beginnings):
            return False
        known = ipaddress.ip_address(address)
        return any(known in network for network in self._wide)

    @staticmethod
    def _beginning(network: Union[ipaddress.IPv4Network, ipaddress.IPv6Network]) -> str:
        """What every address of the network begins with, which is quicker to compare."""
        if network.version == 4:
            octets = str(network.network_address).split(".")[: network.prefixlen // 8]
            return "".join(f"{octet}." for octet in octets)
        first = network.network_address.exploded.split(":")[0]
        return f"{int(first, 16):x}:" if network.prefixlen >= 16 and int(first, 16) else ""


class _Cells:
    def __init__(self, exempt: Exempt) -> None:
        self.exempt = exempt
        self.hours: dict[int, list[int]] = {}
        self._sums = dict.fromkeys(
            (
                "connections", "exempt_connections", "user_connections", "left", "left_at_once", "left_later",
                "delivered", "delivering", "turned_away", "turned_away_connections", "kept_waiting",
                "delivered_before", "giving_up_total", "untold",
            ),
            0,
        )  # fmt: skip
        self._waits = array("d")
        self._order = itertools.count()
        self._waiting: _Heap = []
        self._giving_up: _Heap = []

    def add(self, address: str, group: Iterator[CellRow]) -> None:
        rows = list(group)
        connections = sum(row.connections for row in rows)
        if address in self.exempt:
            self._sums["exempt_connections"] += connections
            return
        if address and any(row.logged_in for row in rows):
            self._sums["user_connections"] += connections
            return
        left, delivered = sum(row.departed for row in rows), sum(row.delivered for row in rows)
        for row in rows:
            hour = self.hours.setdefault(row.hour, [0, 0, 0])
            hour[0] += row.connections
            hour[1] += row.departed
            hour[2] += row.delivered
        counted = {
            "connections": connections, "left": left, "delivered": delivered,
            "left_at_once": sum(row.at_once for row in rows), "left_later": sum(row.later for row in rows),
        }  # fmt: skip
        for name, value in counted.items():
            self._sums[name] += value
        if not address:
            self._sums["untold"] += sum(row.addresses for row in rows)
            return
        self._sums["delivering"] += delivered > 0
        if left:
            self._left(address, rows, connections, left, delivered)

    def _left(self, address: str, rows: list[CellRow], connections: int, left: int, delivered: int) -> None:
        first_left = min(row.first_departed for row in rows if row.departed)
        last_left = max(row.last_departed for row in rows)
        waited = _waited(rows, first_left)
        sender = DelayedSender(
            address, next((row.name for row in reversed(rows) if row.name), ""), connections, left,
            sum(row.at_once for row in rows), delivered, float(first_left), float(last_left), waited,
        )  # fmt: skip
        if waited is not None:
            self._sums["kept_waiting"] += 1
            self._waits.append(waited)
            self._keep(self._waiting, waited, sender)
        elif delivered:
            self._sums["delivered_before"] += 1
        else:
            self._sums["turned_away"] += 1
            self._sums["turned_away_connections"] += left
            still_open = max(row.last_connection for row in rows) > last_left
            if left >= GIVES_UP and connections - left <= still_open and not any(row.later for row in rows):
                self._sums["giving_up_total"] += 1
                self._keep(self._giving_up, left, sender)

    def _keep(
        self, heap: list[tuple[float, int, DelayedSender]], weight: float, sender: DelayedSender
    ) -> None:
        entry = weight, -next(self._order), sender
        if len(heap) < MOST_LISTED:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)

    def totals(self) -> dict[str, Any]:
        median = statistics.median(self._waits) if self._waits else None
        return {
            **self._sums, "waited_median": median, "waited_longest": max(self._waits, default=None),
            "waiting": tuple(entry[2] for entry in sorted(self._waiting, reverse=True)),
            "giving_up": tuple(entry[2] for entry in sorted(self._giving_up, reverse=True)),
        }  # fmt: skip


def _waited(rows: list[CellRow], first_left: int) -> Optional[float]:
    """Seconds until the first message after the first leaving; `rows` are in the order of time."""
    for row in rows:
        at = row.first_delivery if row.first_delivery >= first_left else row.first_after
        if at >= first_left:
            return float(at - first_left)
    return None


def _refused(
    ledger: Ledger, first: int, end: int, exempt: Exempt
) -> tuple[dict[str, Any], tuple[RefusedSender, ...]]:
    sums = dict.fromkeys(("refused_total", "refused_groups", "refused_untold"), 0)
    listed: list[RefusedSender] = []
    for row in ledger.refusals(first, end):
        if row.address in exempt:
            continue
        sums["refused_total"] += row.times
        sums["refused_groups"] += row.grouped
        if not row.address or len(listed) >= MOST_LISTED:
            sums["refused_untold"] += row.times
            continue
        name, sender, said = ledger.said_last(row, end)
        passed, passed_at = ledger.passed(row, end)
        listed.append(
            RefusedSender(
                row.address, name, row.domain, row.cause, row.times, row.deferred, float(row.first),
                float(row.last), sender, said, passed, None if passed_at is None else float(passed_at),
            )
        )  # fmt: skip
    return sums, tuple(listed)
