"""DMARC records, and what receivers do with mail that fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mxverdict.mailauth.dmarc.discovery import effective
from tests.table.case import Case, Comparison
from tests.table.mail_policy import COMPLAINTS, DOMAIN, Domain, records
from tests.table.tsv import Row, read

POLICIES = ("none", "quarantine", "reject", "absent")
"""`absent`: receivers act as if there were no record."""
READERS = ("checkdmarc", "dmarc")
"""Columns with what another reader makes of the record, where that differs; `argument` says why it does."""
COLUMNS = ("record", "policy", "title", "domain", "zone", *READERS, "argument")
"""Of our own table."""


def cases(path: Path) -> Sequence[Case]:
    """One case a row; raise Malformed."""
    rows = read(path, COLUMNS[:2], (*COLUMNS[2:], COMPLAINTS))
    return [_case(row) for row in rows]


def _case(row: Row) -> Case:
    name = row.get("domain") or DOMAIN
    policies = row.any_of("policy", POLICIES)
    about = row.get("title") or row.cells["record"] or "no record"
    own = [[f"_dmarc.{name}", "TXT", row.cells["record"]]] if row.cells["record"] else []
    zone = [*own, *records(row)]

    def ask() -> list[Comparison]:
        domain = Domain("dmarc", name, zone, [])
        found = effective(name, domain.policy.dmarc, domain.policy.spf[0].exists)
        policy = found.policy or "absent" if found is not None else "absent"
        expected = {"policy": policy if policy in policies else row.cells["policy"]}
        if COMPLAINTS in row.cells:
            expected[COMPLAINTS] = row.cells[COMPLAINTS]
        given = {"policy": policy, COMPLAINTS: domain.complaints()}
        return [Comparison(row.place, about, expected, given)]

    return Case(row.place, about, ask)
