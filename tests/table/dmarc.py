"""DMARC records, and what receivers do with mail that fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mxverdict.mailauth.dmarc import effective
from tests.table.case import Case, one
from tests.table.mail_policy import COMPLAINTS, DOMAIN, Domain, records
from tests.table.tsv import Row, read

POLICIES = ("none", "quarantine", "reject", "absent")
"""`absent`: receivers act as if there were no record."""


def cases(path: Path) -> Sequence[Case]:
    """One case a row; raise Malformed."""
    rows = read(path, ("record", "policy"), ("title", "domain", "zone", COMPLAINTS))
    return [_case(row) for row in rows]


def _case(row: Row) -> Case:
    name = row.get("domain") or DOMAIN
    expected = {"policy": row.one_of("policy", POLICIES)}
    if COMPLAINTS in row.cells:
        expected[COMPLAINTS] = row.cells[COMPLAINTS]
    own = [[f"_dmarc.{name}", "TXT", row.cells["record"]]] if row.cells["record"] else []
    zone = [*own, *records(row)]

    def ask() -> dict[str, str]:
        domain = Domain("dmarc", name, zone, [])
        found = effective(name, domain.policy.dmarc)
        policy = "absent" if found is None or found.error else found.policy
        return {"policy": policy, COMPLAINTS: domain.complaints()}

    return one(row.place, row.get("title") or row.cells["record"] or "no record", expected, ask)
