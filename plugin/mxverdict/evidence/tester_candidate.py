"""Visitors that call themselves after a tester, and whether DNS bears that out."""

from __future__ import annotations

from dataclasses import dataclass

from mxverdict.evidence.reverse_dns import ReverseDns


@dataclass(frozen=True)
class HeloMatch:
    """An address whose visitor gave a name under a domain of `tester`; anybody can. Times are Unix times, the
    `line` is the last one of the log with the name."""

    address: str
    tester: str
    helo: str
    first: float
    last: float
    lines: int
    line: str


@dataclass(frozen=True)
class Candidate:
    """A named visitor that the catalogue lacks. `name` is the reverse name under the tester's domain that
    leads back to the address, "" when there is none: then it is not the tester's, or DNS did not answer
    (`reverse` says)."""

    visitor: HeloMatch
    reverse: ReverseDns
    name: str = ""
