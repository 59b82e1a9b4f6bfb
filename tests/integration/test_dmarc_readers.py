"""tests/tables/dmarc.tsv beside what independent readers make of it: each difference is argued."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.dmarc_readers import Zone, readers
from tests.table.dmarc import COLUMNS, READERS
from tests.table.mail_policy import DOMAIN, records
from tests.table.tsv import Row, read

ROWS = read(Path(__file__).parents[1] / "tables/dmarc.tsv", COLUMNS)


def zone_of(row: Row) -> Zone:
    """The TXT records by name; other records make their name exist."""
    zone: dict[str, list[str]] = defaultdict(list)
    if row.cells["record"]:
        zone[f"_dmarc.{domain_of(row)}"].append(row.cells["record"])
    for name, kind, value in records(row):
        zone[name] += [value] if kind == "TXT" else []
    return {name: tuple(texts) for name, texts in zone.items()}


def domain_of(row: Row) -> str:
    return row.get("domain") or DOMAIN


@pytest.mark.parametrize("reader", readers())
def test_what_other_readers_make_of_the_table(reader: str) -> None:
    """An empty cell: the same as we."""
    given = {row.place: readers()[reader](domain_of(row), zone_of(row)) for row in ROWS}
    assert given == {row.place: row.get(reader) or row.cells["policy"] for row in ROWS}


def test_each_difference_is_argued() -> None:
    assert len(ROWS) >= 150
    for row in ROWS:
        differing = [name for name in READERS if row.get(name)]
        assert all(row.get(name) != row.cells["policy"] for name in differing), row.place
        argued = [name for name in READERS if re.search(rf"\b{name}\b", row.cells["argument"])]
        assert argued == differing, row.place
        assert row.cells["argument"].count("RFC ") >= len(differing), row.place
