"""The page of a rule for people on a terminal and for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from mxverdict.report.json import rule_file
from mxverdict.services.rule_page import RulePage
from mxverdict.testers.printed import PrintedRow


def rule_json(page: RulePage) -> dict[str, Any]:
    """Return the fields of a page; fields are added, never renamed or removed."""
    rows = [{**dataclasses.asdict(row), "fails": list(row.fails)} for row in page.prints]
    data = {**dataclasses.asdict(page), "rule": rule_file(page.id), "prints": rows}
    return {**data, "steps": list(page.steps), "see": list(page.see)}


def rule_lines(page: RulePage) -> Iterator[str]:
    """Yield a page as lines of English text."""
    yield f"{page.title} ({page.id})"
    yield page.checks
    for title, lines in (
        ("Purpose", [page.purpose]),
        ("How it is checked", [f"{number}. {step}" for number, step in enumerate(page.steps, 1)]),
        ("What the tester prints", [*map(_printed, page.prints)] or ["No tester prints a row about this."]),
        ("When it is a false positive", [page.false_positive]),
        ("What to do", [page.todo]),
        ("Source", [page.source, *(f"See also: {one}" for one in page.see)]),
    ):
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _printed(row: PrintedRow) -> str:
    said = " or ".join(f'"{text}"' for text in row.fails)
    fails = f"{said}{'' if row.seen else ' (estimated)'}" if said else "(nothing)"
    passes = f'"{row.passes}"' if row.passes else "(no row)"
    return f"{row.tester}, {row.row}: passes {passes}, fails {fails}"
