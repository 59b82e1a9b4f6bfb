"""What kind of IP address it is: one the whole world can reach, or not."""

from __future__ import annotations

import ipaddress

_SPECIAL = tuple(
    (ipaddress.ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "reserved"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "private"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "reserved"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "reserved"),
        ("100::/64", "reserved"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)


def special_kind(address: str) -> str:
    """Empty for an address that the internet can have a route to, else `private` (RFC 1918, 4193, 6598),
    `loopback`, `link-local`, `multicast` or `reserved`, by the special-purpose registries of RFC 6890. The
    blocks for documentation (RFC 5737, 3849) count as public. Raises ValueError for what is no IP address."""
    known = ipaddress.ip_address(address)
    return next((kind for network, kind in _SPECIAL if known in network), "")


def is_public(address: str) -> bool:
    """Whether the internet can have a route to it; see `special_kind`. False for what is no IP address."""
    try:
        return not special_kind(address)
    except ValueError:
        return False
