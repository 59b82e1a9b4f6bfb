"""docs/rules, one page for each rule: `python -m tests.rule_pages` prints them, `--write` writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from mxverdict.rules import RULES
from mxverdict.services.rule_page import RulePage, rule_page
from mxverdict.testers.printed import PrintedRow
from tests.finding_ids import PAGE
from tests.sandbox.server_files import REPOSITORY

FOLDER = REPOSITORY / "docs/rules"
_INDEX = f"../{PAGE.name}"
_HEAD = (
    "<!-- Made by `make docs` from plugin/mxverdict/rules and plugin/mxverdict/testers; do not edit it. -->"
)


def pages() -> dict[str, str]:
    """Return the text of each page by its file's name."""
    return {f"{rule}.md": "\n".join(_lines(rule_page(rule))) + "\n" for rule in RULES}


def _lines(page: RulePage) -> Iterator[str]:
    yield from (_HEAD, f"# {page.title}", "", f"`{page.id}`: {page.checks}", "")
    yield from ("## Purpose", "", page.purpose, "", "## How it is checked", "")
    yield from (f"{number}. {step}" for number, step in enumerate(page.steps, 1))
    yield from ("", "## What the tester prints", "", *_printed(page.prints), "")
    yield from ("## When it is a false positive", "", page.false_positive, "")
    yield from ("## What to do", "", page.todo, "", "## Source", "", page.source, "")
    yield f"See also: {'; '.join(page.see)}. [All identifiers]({_INDEX})."


def _printed(rows: tuple[PrintedRow, ...]) -> Iterator[str]:
    if not rows:
        yield "No tester prints a row about this: it is a check of MX Verdict's own."
        return
    yield from ("| tester | row | when it passes | when it fails |", "|---|---|---|---|")
    for row in rows:
        fails = " or ".join(f"`{text}`" for text in row.fails) + ("" if row.seen else " (estimated)")
        passes = f"`{row.passes}`" if row.passes else "no such row"
        yield f"| {row.tester} | {row.row} | {passes} | {fails} |"


def write() -> None:
    """Write the pages, and remove those of rules that are no more."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        print("\n".join(pages().values()), end="")
