"""How mail leaves this server: from which address, and by which name it introduces itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

from mxverdict.evidence.audience import root_alone
from mxverdict.evidence.reverse_dns import Forward, ReverseDns


@dataclass(frozen=True)
class Outgoing:
    """One source address with one HELO name, for the sender domains that share them.

    In `domains`, `*` is every domain without a line of its own.
    `local_address` is the one on the network card, `address` what the world sees of it (the same without
    NAT). `helo_source` and `address_source` name the file or setting each comes from. `kept` is False when
    cPanel overwrites the lines at its next `updateuserdomains`. `here`: the address is on this
    server. `forward` holds the addresses of the HELO name (both families), `reverse` the PTR of `address` and
    its forward addresses (None: not looked up). `wrong` is the word in the line of addresses that is none,
    `error` "" or why nothing is known.
    """

    domains: tuple[str, ...]
    local_address: str = field(metadata=root_alone())
    address: str
    address_source: str = field(metadata=root_alone())
    helo: str = field(metadata=root_alone())
    helo_source: str = field(metadata=root_alone())
    here: bool = True
    kept: bool = True
    forward: Optional[Forward] = field(default=None, metadata=root_alone(lambda _forward: None))
    reverse: Optional[ReverseDns] = field(default=None, metadata=root_alone(lambda _reverse: None))
    wrong: str = field(default="", metadata=root_alone())
    error: str = field(default="", metadata=root_alone())


def of_domains(outgoing: Sequence[Outgoing], names: Collection[str]) -> tuple[Outgoing, ...]:
    """Return it without the lines of all domains but `names` and the one for the rest."""
    kept = (
        replace(one, domains=tuple(domain for domain in one.domains if domain in ("*", *names)))
        for one in outgoing
    )
    return tuple(one for one in kept if one.domains)


def sending_addresses(domain: str, outgoing: Sequence[Outgoing]) -> tuple[str, ...]:
    """Return the public addresses that mail of `domain` leaves this server from: its own where it has any."""
    of_its_own = [one.address for one in outgoing if domain in one.domains]
    usual = [one.address for one in outgoing if "*" in one.domains]
    return tuple(dict.fromkeys(address for address in of_its_own or usual if address))
