"""Zones, and the tester's rows about each that are not in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mxverdict.findings import Finding
from mxverdict.judge.domain.zone import judge_zone
from tests.sandbox.delegated_zone import DelegatedZone, address_of
from tests.table.case import Case, Comparison
from tests.table.tsv import Malformed, Row, read
from tests.table.zone_evidence import zone_evidence

ZONES = "dns_zones.json"
COLUMNS = ("level", "text", "details", "verdict", "owner")
TAKEN_AT = 1795658400.0
"""02:00 UTC on 26 November 2026: when the zones are read."""
OURS = Path(__file__).parents[1] / "tables" / ZONES


def cases(path: Path) -> Sequence[Case]:
    """One case for each zone: of `dns_zones.json` beside the table, else those of ours that it names. Raise
    Malformed."""
    rows = read(path, ("zone", "row"), COLUMNS)
    beside = path.parent / ZONES
    known = zones(beside if beside.exists() else OURS)
    for row in rows:
        if row.cells["zone"] not in known:
            raise Malformed(f"{row.place}: no zone {row.cells['zone']!r} is described in {ZONES}")
    named = known if beside.exists() else {row.cells["zone"] for row in rows}
    return [_case(path, zone, rows) for name, zone in known.items() if name in named]


def zones(path: Path) -> dict[str, DelegatedZone]:
    """The zones that a file describes, by name; raise Malformed."""
    try:
        found = [DelegatedZone(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except OSError as error:
        raise Malformed(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise Malformed(f"{path}: this is no list of zones: {error}") from error
    return {zone.zone: zone for zone in found}


def flat(finding: Finding) -> dict[str, str]:
    """A finding as a row of the table."""
    return {
        "level": finding.row.level,
        "row": finding.row.name,
        "text": finding.row.text,
        "details": " / ".join(finding.row.details),
        "verdict": finding.verdict.value,
        "owner": finding.owner.name if finding.owner else "",
    }


def complaints(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """What is not in order, as rows of the table."""
    return [flat(finding) for finding in findings if finding.verdict.value != "ok"]


def expected_of(zone: str, rows: Sequence[Row]) -> list[dict[str, str]]:
    """What a table expects of a zone, in its order."""
    return [
        {name: value for name, value in row.cells.items() if name != "zone"}
        for row in rows
        if row.cells["zone"] == zone
    ]


def findings_of(zone: DelegatedZone) -> tuple[Finding, ...]:
    """The zone judged as it is described."""
    return judge_zone(zone_evidence(zone), TAKEN_AT, frozenset(map(address_of, zone.own)))


def _case(path: Path, zone: DelegatedZone, rows: Sequence[Row]) -> Case:
    mine = [row for row in rows if row.cells["zone"] == zone.zone]
    place = mine[0].place if mine else path.name

    def ask() -> list[Comparison]:
        given = {row["row"]: row for row in complaints(findings_of(zone))}
        compared = []
        for row, cells in zip(mine, expected_of(zone.zone, mine)):
            about = f"{zone.zone}: {cells['row']}"
            compared.append(Comparison(row.place, about, cells, given.pop(cells["row"], None)))
        extra = [Comparison(place, f"{zone.zone}: {name}", None, cells) for name, cells in given.items()]
        return [*compared, *extra]

    return Case(place, zone.zone, ask)
