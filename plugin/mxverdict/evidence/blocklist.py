"""What the blocklists (DNSBLs, RFC 5782) answered about addresses."""

from __future__ import annotations

from dataclasses import dataclass

LISTED_ENTRY = "127.0.0.2"
CLEAN_ENTRY = "127.0.0.1"
LISTED_ENTRY_6 = "::ffff:127.0.0.2"
CLEAN_ENTRY_6 = "::ffff:127.0.0.1"
"""Every list holds the LISTED entries and none holds the CLEAN ones (RFC 5782 section 5)."""


@dataclass(frozen=True)
class ListAnswer:
    """What the list `zone` said about `address`: `codes` are its A records (none: not listed), `reasons` the
    text that goes with them, `error` is "" or why there was no answer, `seconds` how long it took."""

    zone: str
    address: str
    codes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class BlocklistEvidence:
    """`answers` has each list with each of `addresses` that it covers, `controls` each list with its entries
    above. `resolvers` are the DNS servers that were asked; `not_asked` holds addresses that no list is about
    (private ones)."""

    resolvers: tuple[str, ...]
    addresses: tuple[str, ...]
    answers: tuple[ListAnswer, ...]
    controls: tuple[ListAnswer, ...]
    not_asked: tuple[str, ...] = ()
