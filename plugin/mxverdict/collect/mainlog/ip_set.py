"""Addresses that do not count: single ones and networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from mxverdict.net.address import Network


class IpSet:
    """Whether an address (canonical, as text) is in one of some networks.

    `single` are the addresses of networks that hold one, `beginnings` what all addresses of the wider
    networks begin with, for a first and quick choice.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self.single = {str(n.network_address) for n in networks if n.prefixlen == n.max_prefixlen}
        self._wide = [n for n in networks if n.prefixlen < n.max_prefixlen]
        self.beginnings = tuple(sorted({_beginning(network) for network in self._wide}))

    def __contains__(self, address: str) -> bool:
        if address in self.single:
            return True
        if not address.startswith(self.beginnings):
            return False
        known = ipaddress.ip_address(address)
        return any(known in network for network in self._wide)


def _beginning(network: Network) -> str:
    if network.version == 4:
        octets = str(network.network_address).split(".")[: network.prefixlen // 8]
        return "".join(f"{octet}." for octet in octets)
    first = network.network_address.exploded.split(":")[0]
    return f"{int(first, 16):x}:" if network.prefixlen >= 16 and int(first, 16) else ""
