"""The self-check for people (plain text that can be forwarded) and for programs."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from mxverdict.evidence.selfcheck import KIND, SCHEMA, Selfcheck, to_json
from mxverdict.judge.selfcheck import DIFFERS, HOLE, OK, UNKNOWN, Page
from mxverdict.judge.selfcheck.item import plural
from mxverdict.sanitize import visible

_WIDTH = 100
_HEADINGS = {
    HOLE: "Known vulnerabilities",
    DIFFERS: "Different from what MX Verdict relies on",
    UNKNOWN: "Unable to check",
    OK: "As expected",
}


def selfcheck_json(evidence: Selfcheck, page: Page) -> dict[str, Any]:
    """Return the page with the evidence that it can be judged from again (`selfcheck --from`)."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "items": [dataclasses.asdict(one) for one in page.items],
        "questions": [dataclasses.asdict(one) for one in page.questions],
        "counts": {state: len(page.of(state)) for state in _HEADINGS},
        "exit_status": page.exit_status,
        "evidence": to_json(evidence),
    }


def selfcheck_text(evidence: Selfcheck, page: Page) -> str:
    return "\n".join(visible(line) for line in _lines(evidence, page)) + "\n"


def _lines(evidence: Selfcheck, page: Page) -> Iterator[str]:
    yield f"MX Verdict {evidence.version} self-check of (hostname), {_time(evidence.taken_at)}"
    yield (
        f"cPanel {evidence.cpanel_version or 'unknown'}, Exim {evidence.exim.version or 'unknown'}, "
        f"Python {evidence.python.version}"
    )
    yield _summary(page)
    for state in (HOLE, DIFFERS, UNKNOWN):
        found = page.of(state)
        if found:
            yield from ("", _HEADINGS[state])
        for one in found:
            yield from _wrapped(f"{one.id}: {one.found}", "  ")
            yield from _wrapped(f"expected: {one.expected}", "    ")
            yield from _wrapped(one.meaning, "    ")
    yield from ("", _HEADINGS[OK])
    for one in page.of(OK):
        yield from _wrapped(f"{one.id}: {one.found}", "  ")
    yield from ("", "Open questions about cPanel servers")
    for question in page.questions:
        yield from _wrapped(f"{question.id}: {question.question}", "  ")
        yield from _wrapped(question.answer, "    ")
        yield from _wrapped(question.meaning, "    ")


def _summary(page: Page) -> str:
    return (
        f"{plural(len(page.items), 'check', 'checks')}: {len(page.of(OK))} as expected, "
        f"{len(page.of(DIFFERS))} "
        f"different, {len(page.of(HOLE))} with known vulnerabilities, {len(page.of(UNKNOWN))} unable to "
        "check."
    )


def _time(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ") or []
