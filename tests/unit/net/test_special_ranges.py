"""Which addresses are none of the internet's, so that nothing of ours connects to them, with sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxverdict.net.special_ranges import is_public, special_purpose_kind

_TABLE = Path(__file__).parents[2] / "tables/addresses.tsv"
ROWS = [line.split("\t") for line in _TABLE.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(("address", "kind"), [(row[0], row[1].strip("-")) for row in ROWS])
def test_kind_of_address(address: str, kind: str) -> None:
    assert special_purpose_kind(address) == kind
    assert is_public(address) == (kind == "")


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_row_has_its_source(row: list[str]) -> None:
    assert len(row) == 3
    assert row[2]


def test_what_is_no_address_is_not_public() -> None:
    assert not is_public("example.com")
