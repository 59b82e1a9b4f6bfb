"""What the tables of SPF and of DMARC records have in common."""

from __future__ import annotations

from mxverdict.evidence.policy import Policy
from tests.table.tsv import Malformed, Row
from tests.unit.policy_cases import Case, policy_of

DOMAIN = "shop.example"
COMPLAINTS = "rows"
"""The column with the tester's rows that are not in order: `NAME=VERDICT; NAME=VERDICT`."""
_TYPES = ("A", "AAAA", "ERROR", "MX", "PTR", "SPF", "TXT")


def records(row: Row, column: str = "zone") -> list[list[str]]:
    """The DNS records of a cell: `NAME TYPE VALUE | NAME TYPE VALUE`."""
    found = []
    for text in filter(None, (part.strip() for part in row.get(column).split(" | "))):
        name, kind, value = [*text.split(None, 2), "", ""][:3]
        if kind not in _TYPES:
            raise Malformed(f"{row.place}: {column} has {text!r}, not NAME TYPE VALUE")
        found.append([name.rstrip(".").lower(), kind, value])
    return found


class Domain:
    """A domain with what its zone says, `sources` being the addresses that its mail comes from."""

    def __init__(self, kind: str, name: str, zone: list[list[str]], sources: list[str]) -> None:
        self._case = Case(kind, name, name, sources, zone, {}, {})
        self.policy: Policy = policy_of(self._case)

    def complaints(self) -> str:
        """The value of the column `rows`."""
        findings = self._case.findings(self.policy)
        return "; ".join(f"{f.row.name}={f.verdict.value}" for f in findings if f.verdict.value != "ok")
