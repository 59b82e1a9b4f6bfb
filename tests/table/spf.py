"""SPF records, and what they say of mail from an address (RFC 7208 section 2.6)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

from mxverdict.mailauth.spf.evaluate import check_host
from mxverdict.mailauth.spf.tree import table
from tests.table.case import Case, one
from tests.table.mail_policy import COMPLAINTS, DOMAIN, Domain, records
from tests.table.tsv import Malformed, Row, read

RESULTS = ("none", "neutral", "pass", "fail", "softfail", "temperror", "permerror")


def cases(path: Path) -> Sequence[Case]:
    """One case a row; raise Malformed."""
    rows = read(path, ("record", "address", "result"), ("title", "domain", "zone", COMPLAINTS))
    return [_case(row) for row in rows]


def _case(row: Row) -> Case:
    name = row.get("domain") or DOMAIN
    address = row.cells["address"]
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise Malformed(f"{row.place}: address is {address!r}, no IP address") from None
    expected = {"result": row.one_of("result", RESULTS)}
    if COMPLAINTS in row.cells:
        expected[COMPLAINTS] = row.cells[COMPLAINTS]
    own = [[name, "TXT", row.cells["record"]]] if row.cells["record"] else []
    zone = [*own, *records(row)]

    def ask() -> dict[str, str]:
        domain = Domain("spf", name, zone, [address])
        result = check_host(address, name, table(domain.policy.spf)).result
        return {"result": result, COMPLAINTS: domain.complaints()}

    about = f"{row.get('title') or row.cells['record'] or 'no record'}, from {address}"
    return one(row.place, about, expected, ask)
