"""Texts as people paste them, and the rows that are found in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mxverdict import testers
from mxverdict.judge.engine import judge
from mxverdict.pasted import Pasted, PastedRow, answer, recognise
from tests.table.case import Case, Cells, Comparison
from tests.table.tsv import ANYTHING, Malformed, Row, read
from tests.unit.evidence_maker import HOSTNAME, MXTOOLBOX, SERVER, evidence

EXPECTED = "expected.tsv"
COLUMNS = ("tester", "category", "host", "text", "values", "details", "verdict")
LEVELS = ("ok", "warning", "error", "unknown", "unrecognised", "nothing")
"""Of a row; `unrecognised`: a line that looks like a row and is none we know; `nothing`: no row at all."""
NOTHING = "nothing"
_OWN = {SERVER: (SERVER,), HOSTNAME: (SERVER,), "shop.example": (SERVER,)}
"""What is the server's, in the column `verdict`."""


def cases(folder: Path) -> Sequence[Case]:
    """One case a text. The expectations stand in `expected.tsv`, or in `NAME.expected.tsv` for `NAME.txt`.
    Raise Malformed."""
    if not folder.is_dir():
        raise Malformed(f"{folder}: this is no folder")
    expected = _expected(folder)
    texts = sorted(file for file in folder.iterdir() if file.is_file() and file.suffix != ".tsv")
    for name in expected:
        if not (folder / name).is_file():
            raise Malformed(f"{folder}: there is no text {name!r}, which {EXPECTED} tells of")
    for file in texts:
        if file.name not in expected:
            raise Malformed(f"{folder}: nothing says what is expected of {file.name}")
    if not texts:
        raise Malformed(f"{folder}: there is no text")
    return [_case(file, expected[file.name]) for file in texts]


def text_of(file: Path) -> str:
    """The text of a file; raise Malformed when it is no UTF-8."""
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"{file}: byte {error.start} is no UTF-8") from error


def found_in(pasted: Pasted, with_verdicts: bool = False) -> list[dict[str, str]]:
    """The rows of a pasted text and the lines not recognised, as rows of the table."""
    verdicts = _verdicts(pasted) if with_verdicts else {}
    rows = [{**_shown(row), "verdict": verdicts.get(id(row), "")} for row in pasted.rows]
    lines = [
        {"row": f"line {line.line}", "level": "unrecognised", "text": line.reason}
        for line in pasted.unrecognised
    ]
    return [*rows, *lines]


def _shown(row: PastedRow) -> dict[str, str]:
    return {
        "row": row.name,
        "level": row.level,
        "tester": row.tester,
        "category": row.category,
        "host": row.host,
        "text": row.text,
        "values": " ".join(f"{name}={value}" for name, value in row.values),
        "details": str(len(row.details)),
    }


def _verdicts(pasted: Pasted) -> dict[int, str]:
    """By row: what is answered about the demo server, which waits 20 s before it greets."""
    report = judge(evidence(), [MXTOOLBOX], testers.load().senders)
    return {id(one.row): one.verdict.value for one in answer(pasted, report, _OWN).answers}


def _expected(folder: Path) -> dict[str, list[Row]]:
    if (folder / EXPECTED).exists():
        rows: dict[str, list[Row]] = {}
        for row in read(folder / EXPECTED, ("file", "row", "level"), COLUMNS):
            rows.setdefault(row.cells["file"], []).append(row)
    else:
        rows = {
            file.name: read(folder / f"{file.stem}.{EXPECTED}", ("row", "level"), COLUMNS)
            for file in folder.iterdir()
            if (folder / f"{file.stem}.{EXPECTED}").exists() and file.suffix != ".tsv"
        }
    for row in (row for found in rows.values() for row in found):
        row.one_of("level", LEVELS)
    return rows


def _case(file: Path, rows: Sequence[Row]) -> Case:
    text = text_of(file)
    expected = [(row.place, {n: v for n, v in row.cells.items() if n != "file"}) for row in rows]
    wanted = [(place, cells) for place, cells in expected if cells["level"] != NOTHING]
    columns = expected[0][1].keys()

    def ask() -> list[Comparison]:
        pasted = recognise(text)
        given = [
            {name: row.get(name, "") for name in columns} for row in found_in(pasted, "verdict" in columns)
        ]
        if not wanted and not given:
            nothing = {"level": NOTHING}
            return [Comparison(rows[0].place, file.name, nothing, nothing)]
        return _paired(file.name, wanted, given, rows[0].place)

    return Case(rows[0].place, file.name, ask)


def _paired(
    about: str, wanted: Sequence[tuple[str, Cells]], given: Sequence[Cells], place: str
) -> list[Comparison]:
    """Each row expected with the one given that fits best, in whatever order they are: the same, else of the
    same name, else any. Rows that leave the least open choose first."""
    left = list(given)
    picky = sorted(range(len(wanted)), key=lambda number: list(wanted[number][1].values()).count(ANYTHING))
    pairs: dict[int, Comparison] = {}

    def take(fits: Callable[[Comparison], bool]) -> None:
        for number in picky:
            at, cells = wanted[number]
            compared = (Comparison(at, about, cells, row) for row in left)
            found = next((one for one in compared if number not in pairs and fits(one)), None)
            if found is not None:
                pairs[number] = found
                left.remove(found.given or {})

    take(lambda one: one.right)
    take(lambda one: (one.given or {})["row"] == (one.expected or {})["row"])
    take(lambda one: True)
    for number, (at, cells) in enumerate(wanted):
        pairs.setdefault(number, Comparison(at, about, cells, None))
    extra = [Comparison(place, about, None, row) for row in left]
    return [*(pairs[number] for number in range(len(wanted))), *extra]
