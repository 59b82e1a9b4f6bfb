"""Which delayed senders a list of Exim's would exempt: an iplsearch file, which matches by address."""

from __future__ import annotations

import bisect
import ipaddress
import socket
from collections.abc import Iterable, Mapping, Sequence

from mxverdict.evidence.traffic import NO_DELAY, WhatIf
from mxverdict.net.address import Network

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class Ranges:
    """Whether an address (as text) is in one of many networks, found by bisection."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self.entries = len(networks)
        self._ends: dict[int, tuple[list[int], list[int]]] = {}
        for version in _FAMILIES:
            merged = list(ipaddress.collapse_addresses([n for n in networks if n.version == version]))  # type: ignore[type-var]
            self._ends[version] = (
                [int(network.network_address) for network in merged],
                [int(network.broadcast_address) for network in merged],
            )

    def __contains__(self, address: str) -> bool:
        version = 6 if ":" in address else 4
        try:
            number = int.from_bytes(socket.inet_pton(_FAMILIES[version], address), "big")
        except OSError:
            return False
        firsts, lasts = self._ends[version]
        at = bisect.bisect_right(firsts, number) - 1
        return at >= 0 and number <= lasts[at]


def count_exempt(senders: Iterable[tuple[str, int]], lists: Mapping[str, Ranges]) -> tuple[WhatIf, ...]:
    """Return how many of the delayed senders (addresses, and how often each left) each list would exempt, and
    at the end how many there are: without the delay all would be exempt."""
    addresses = dict.fromkeys((*lists, NO_DELAY), 0)
    connections = dict(addresses)
    for address, left in senders:
        for name in (*(name for name, ranges in lists.items() if address in ranges), NO_DELAY):
            addresses[name] += 1
            connections[name] += left
    return tuple(
        WhatIf(name, lists[name].entries if name in lists else None, addresses[name], connections[name])
        for name in addresses
    )
