"""PTR names of an address and the way back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Forward:
    """A and AAAA addresses of a PTR name; `error` is "" or why they could not be read."""

    name: str
    addresses: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True)
class ReverseDns:
    """PTR names of an address with the way back. `error` is "" or why the PTR could not be read
    (a name that does not exist is no error: `names` is empty then)."""

    address: str
    names: tuple[str, ...]
    forwards: tuple[Forward, ...] = ()
    error: str = ""
