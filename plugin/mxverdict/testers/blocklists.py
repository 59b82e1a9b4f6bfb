"""The blocklists (DNSBLs) that are queried, and those that are dead: data with source and date.

Texts about a list (`meaning`, `access`, `hint`, `ended`, `why`) are messages for `catalog.gettext`.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Optional, Union

from mxverdict.i18n.catalog import N_

CATALOGUE = Path(__file__).with_name("blocklists.json")
IMPORTANCES = ("high", "medium", "low")
"""How many receivers refuse mail for a listing: many, some, hardly any."""

_REFUSALS = ipaddress.ip_network("127.255.255.0/24")
"""Where lists put answers that say "I do not answer you" (Spamhaus, and others after it)."""
_REFUSED = N_("the list does not answer this resolver")


@dataclass(frozen=True)
class ReturnCode:
    """One answer of a list (an address in 127/8) and what it means."""

    code: str
    meaning: str


@dataclass(frozen=True)
class Blocklist:
    """A list that is asked. `title` is what MXToolbox calls it where it asks it too, `importance` one of
    IMPORTANCES, `ipv6` whether it covers IPv6, `refusals` its own codes beside 127.255.255.0/24 that are no
    listing, `removal` the page where a listing is lifted, `access` what a resolver needs to be answered,
    `about_network` whether it is the provider (network, reverse name) that has to act."""

    zone: str
    title: str
    importance: str
    ipv6: bool
    codes: tuple[ReturnCode, ...]
    removal: str
    source: str
    refusals: tuple[ReturnCode, ...] = ()
    access: str = ""
    hint: str = ""
    about_network: bool = False

    def meaning(self, code: str) -> str:
        """Return what a return code means, a text for `gettext`; "" for one that we do not know."""
        known = {entry.code: entry.meaning for entry in (*self.codes, *self.refusals)}
        return known.get(code) or (_REFUSED if self.refuses(code) else "")

    def refuses(self, code: str) -> bool:
        """Whether the code says that the list does not answer this resolver (it is no listing then)."""
        if any(known.code == code for known in self.refusals):
            return True
        return ipaddress.ip_address(code) in _REFUSALS


@dataclass(frozen=True)
class DeadBlocklist:
    """A list that is no longer kept: no answer of it is worth anything. `titles` are the names testers give
    it, `ended` says when and how it ended."""

    zones: tuple[str, ...]
    titles: tuple[str, ...]
    ended: str
    source: str


@dataclass(frozen=True)
class ClosedBlocklist:
    """A list that is kept but answers only some; `page` is where a person can ask it."""

    zones: tuple[str, ...]
    titles: tuple[str, ...]
    why: str
    page: str
    source: str


@dataclass(frozen=True)
class Blocklists:
    """`public_resolvers` names the operator of each well-known public DNS server, by address."""

    date: str
    lists: tuple[Blocklist, ...]
    dead: tuple[DeadBlocklist, ...]
    closed: tuple[ClosedBlocklist, ...]
    public_resolvers: dict[str, str]

    def named(self, name: str) -> Optional[Blocklist]:
        """Return the list of that title or zone, as a tester's report may write it."""
        wanted = _plain(name)
        return next((known for known in self.lists if wanted in (_plain(known.title), known.zone)), None)

    def dead_named(self, name: str) -> Optional[DeadBlocklist]:
        """Return the dead list of that title or zone."""
        return next((known for known in self.dead if _is_called(known, name)), None)

    def closed_named(self, name: str) -> Optional[ClosedBlocklist]:
        """Return the closed list of that title or zone."""
        return next((known for known in self.closed if _is_called(known, name)), None)


@cache
def load() -> Blocklists:
    """Return the lists that come with the product."""
    data: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return Blocklists(
        date=data["date"],
        lists=tuple(_blocklist(entry) for entry in data["lists"]),
        dead=tuple(DeadBlocklist(**_with_tuples(entry)) for entry in data["dead"]),
        closed=tuple(ClosedBlocklist(**_with_tuples(entry)) for entry in data["closed"]),
        public_resolvers=data["public_resolvers"],
    )


def _blocklist(entry: dict[str, Any]) -> Blocklist:
    codes = tuple(ReturnCode(code, meaning) for code, meaning in entry["codes"].items())
    refusals = tuple(ReturnCode(code, meaning) for code, meaning in entry.get("refusals", {}).items())
    return Blocklist(**{**entry, "codes": codes, "refusals": refusals})


def _with_tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def _is_called(known: Union[DeadBlocklist, ClosedBlocklist], name: str) -> bool:
    return _plain(name) in (*known.zones, *map(_plain, known.titles))


def _plain(name: str) -> str:
    return " ".join(name.strip().rstrip(".").lower().split())
