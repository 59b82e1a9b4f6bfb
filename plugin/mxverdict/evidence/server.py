"""The server itself: its addresses, its settings, who may relay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from mxverdict.evidence.audience import root_alone

HOST_NAME = "host name"
ADDRESSES = "addresses"
DELAY = "delay"
GREYLISTING = "greylisting"


@dataclass(frozen=True)
class MissingFact:
    """A fact about the server that could not be read while the others could."""

    fact: str
    """HOST_NAME, ADDRESSES, DELAY or GREYLISTING."""
    reason: str = field(metadata=root_alone())


@dataclass(frozen=True)
class DelayState:
    """What WHM says of the delay, and what is in the configuration that Exim runs.

    `delay_setting` follows `acl_delay_unknown_hosts` (None: could not be read); `delay_stanzas` counts the
    marked stanzas in exim.conf (3 = on, 0 = off; None: unreadable). `error` says why WHM gave no usable
    answer at all.
    """

    delay_setting: Optional[bool] = None
    delay_stanzas: Optional[int] = None
    greylisting: Optional[bool] = None
    edit_in_progress: bool = False
    error: str = field(default="", metadata=root_alone())
    missing: tuple[MissingFact, ...] = ()


@dataclass(frozen=True)
class RelayListEntry:
    """A tester's address in a list that lets it relay through this server."""

    file: str
    line: str
    address: str


@dataclass(frozen=True)
class Target:
    """A mail address of this server as the world sees it, and the one on its own network card (NAT)."""

    address: str
    local_address: str


@dataclass(frozen=True)
class RequestedTarget:
    """What the user named (a domain, host name or address), and which of this server's addresses, as the
    world sees them, it leads to: none when it is somebody else's. `resolves`: it has an address at all."""

    name: str
    addresses: tuple[str, ...]
    resolves: bool = True
