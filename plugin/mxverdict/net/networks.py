"""Which addresses a window takes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from mxverdict.errors import UsageError
from mxverdict.i18n.message import Message
from mxverdict.net.address import Address, Network
from mxverdict.sanitize import escape_control

MAX_NETWORKS = 64
_WIDEST = {4: 24, 6: 48}
_FIB = Path("/proc/net/fib_trie")
_INET6 = Path("/proc/net/if_inet6")


def parse(texts: Sequence[str]) -> tuple[Network, ...]:
    """The networks, less those another one covers. Raises UsageError for what a window cannot take."""
    if len(texts) > MAX_NETWORKS:
        raise UsageError(
            Message(
                "{count} addresses are too many for one window; at most {limit}",
                count=len(texts),
                limit=MAX_NETWORKS,
            )
        )
    networks = [_network(text) for text in texts]
    kept: list[Network] = []
    for network in sorted(networks, key=lambda network: network.prefixlen):
        if not covered(network, kept):
            kept.append(network)
    return tuple(network for network in dict.fromkeys(networks) if network in kept)


def covered(network: Network, by: Iterable[Network]) -> bool:
    """Whether one of the networks holds all of `network`."""
    return any(
        other.version == network.version
        and other.prefixlen <= network.prefixlen
        and network.network_address in other
        for other in by
    )


def show(network: Network) -> str:
    """CIDR form; a single address without its prefix length."""
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if single else str(network)


def sample(network: Network) -> str:
    """One address to preview: the address itself, or the first host of the network."""
    return str(network[0] if network.num_addresses == 1 else network[1])


def _has_host_bits(text: str) -> bool:
    """Return whether it would be a network if the part after the prefix were zero."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _network(text: str) -> Network:
    shown = repr(escape_control(text.strip(), 60))
    try:
        network = ipaddress.ip_network(text.strip())
    except ValueError:
        if _has_host_bits(text.strip()):
            reason = Message(
                "{address} is no IP address or CIDR network; the part after the prefix must be zero"
            )
        else:
            reason = Message("{address} is no IP address or CIDR network")
        raise UsageError(reason.format(address=shown)) from None
    if network.prefixlen < _WIDEST[network.version]:
        raise UsageError(
            Message("{address} is too wide for a window: at most /24 (IPv4) or /48 (IPv6)", address=shown)
        )
    if "%" in text or (isinstance(network, ipaddress.IPv6Network) and network[0].ipv4_mapped is not None):
        raise UsageError(
            Message("{address} cannot stand in Exim's lists; give the plain address", address=shown)
        )
    first = network[0]
    if first.is_loopback or first.is_unspecified or first.is_multicast or first.is_link_local:
        raise UsageError(Message("{address} is no address that a tester can come from", address=shown))
    if network.version == 4 and first.is_reserved:
        raise UsageError(Message("{address} is no address that a tester can come from", address=shown))
    for own in own_addresses():
        if own in network:
            raise UsageError(
                Message(
                    "{address} holds {own}, an address of this server: Exim never delays those",
                    address=shown,
                    own=own,
                )
            )
    return network


def own_addresses() -> list[Address]:
    """The addresses of the interfaces, from Linux's /proc/net (fib_trie and if_inet6)."""
    found: list[Address] = []
    try:
        lines = _FIB.read_text().splitlines()
    except OSError:
        lines = []
    for above, line in zip(lines, lines[1:]):
        if "/32 host LOCAL" in line and (match := re.search(r"([0-9.]+)$", above)):
            found.append(ipaddress.IPv4Address(match[1]))
    with suppress(OSError, ValueError):
        found += [ipaddress.IPv6Address(int(line[:32], 16)) for line in _INET6.read_text().splitlines()]
    return list(dict.fromkeys(found))
