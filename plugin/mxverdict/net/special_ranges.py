"""What kind of IP address it is: one the whole world can reach, or not."""

from __future__ import annotations

import ipaddress

from mxverdict.i18n.message import Message

_PRIVATE = Message("private")
_LOOPBACK = Message("loopback")
_LINK_LOCAL = Message("link-local")
_MULTICAST = Message("multicast")
_RESERVED = Message("reserved")
_SPECIAL = tuple(
    (ipaddress.ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", _RESERVED),
        ("10.0.0.0/8", _PRIVATE),
        ("100.64.0.0/10", _PRIVATE),
        ("127.0.0.0/8", _LOOPBACK),
        ("168.63.129.16/32", _RESERVED),
        ("169.254.0.0/16", _LINK_LOCAL),
        ("172.16.0.0/12", _PRIVATE),
        ("192.0.0.0/24", _RESERVED),
        ("192.88.99.0/24", _RESERVED),
        ("192.168.0.0/16", _PRIVATE),
        ("198.18.0.0/15", _RESERVED),
        ("224.0.0.0/4", _MULTICAST),
        ("240.0.0.0/4", _RESERVED),
        ("::/128", _RESERVED),
        ("::1/128", _LOOPBACK),
        ("2001::/23", _RESERVED),
        ("fc00::/7", _PRIVATE),
        ("fe80::/10", _LINK_LOCAL),
        ("fec0::/10", _PRIVATE),
        ("ff00::/8", _MULTICAST),
    )
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that IANA has given out (RFC 4291 section 2.4): outside of it are 100::/64, 5f00::/16 (SRv6,
RFC 9602) and what nobody has."""
_EMBEDDING = (
    (ipaddress.ip_network("::/96"), 0),
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
)
"""Networks whose addresses lead to an IPv4 address, and by how many bits it is shifted in them (RFC 4291
section 2.5.5.1, 6052, 3056)."""
_ISATAP = (0x00005EFE, 0x02005EFE)
"""What comes before the IPv4 address of an ISATAP host in any network (RFC 5214 section 6.1)."""


def special_purpose_kind(address: str) -> str:
    """Empty for an address that the internet can have a route to, else `private` (RFC 1918, 4193, 6598),
    `loopback`, `link-local`, `multicast` or `reserved`, by the special-purpose registries of RFC 6890. The
    blocks for documentation (RFC 5737, 3849) count as public; tunnels into other networks (Teredo in
    2001::/23, ISATAP, the anycast address of 6to4) and Azure's wire server 168.63.129.16 do not. Raises
    ValueError for what is no IP address."""
    known = ipaddress.ip_address(address)
    kind = next((kind for network, kind in _SPECIAL if known in network), "")
    if kind or known.version == 4:
        return kind
    shift = next((shift for network, shift in _EMBEDDING if known in network), None)
    if shift is not None:
        return special_purpose_kind(str(ipaddress.IPv4Address(int(known) >> shift & 0xFFFFFFFF)))
    if known not in _GLOBAL_UNICAST or int(known) >> 32 & 0xFFFFFFFF in _ISATAP:
        return _RESERVED
    return ""


def is_public(address: str) -> bool:
    """Whether the internet can have a route to it; see `special_purpose_kind`. False for what is no IP
    address."""
    try:
        return not special_purpose_kind(address)
    except ValueError:
        return False
