"""How mail leaves this server: from which address, and by which name it introduces itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.names import Forward, ReverseDns


@dataclass(frozen=True)
class Outgoing:
    """One source address with one HELO name, for the sender domains that share them.

    `domains` are the first few of `domain_count`; `*` stands for every domain without a line of its own.
    `local_address` is the one on the network card, `address` what the world sees of it (the same without
    NAT). `helo_source` and `address_source` name the file or setting each comes from. `kept` is False when
    cPanel overwrites the lines at its next `updateuserdomains`. `here` tells whether the address is on this
    server. `forward` holds the addresses of the HELO name (both families), `reverse` the PTR of `address` and
    the way back (None: not looked up). `wrong` is the word in the line of addresses that is none, `error` ""
    or why nothing could be told.
    """

    domains: tuple[str, ...]
    domain_count: int
    local_address: str
    address: str
    address_source: str
    helo: str
    helo_source: str
    here: bool = True
    kept: bool = True
    forward: Optional[Forward] = None
    reverse: Optional[ReverseDns] = None
    wrong: str = ""
    error: str = ""
