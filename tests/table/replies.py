"""Replies of mail servers that end an attempt to send, and what each means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mxverdict.evidence import Reply
from mxverdict.judge.outbound.outcome import outcome_of
from mxverdict.judge.outbound.report import judge_outbound
from tests.table.case import Case, one
from tests.table.tsv import Malformed, Row, read
from tests.unit.outbound_maker import HOSTNAME, climb, ladder

REQUIRED, OPTIONAL = ("stage", "reply", "class"), ("title", "verdict")
STAGES = ("connect", "ehlo", "helo", "starttls", "mail", "rcpt", "data", "message")
_LINE = re.compile(r"(?:(?P<code>[2-5]\d\d)(?:[ -]|\Z))?(?P<text>.*)", re.DOTALL)
_BREAK = re.compile(r"\\n| / ")
"""Between the lines of a reply."""


def cases(path: Path) -> Sequence[Case]:
    """One case a row; raise Malformed."""
    return [_case(row) for row in read(path, REQUIRED, OPTIONAL)]


def reply_of(row: Row) -> Reply:
    """The reply of a row: one line, or several, see `_BREAK`; raise Malformed."""
    text = row.cells["reply"]
    said = [match for line in _BREAK.split(text) if (match := _LINE.fullmatch(line))]
    if not said[0]["code"]:
        raise Malformed(f"{row.place}: reply is {text!r}, not a reply code and a text")
    return Reply(int(said[0]["code"]), tuple(match["text"] for match in said))


def _case(row: Row) -> Case:
    stage, reply = row.one_of("stage", STAGES), reply_of(row)
    expected: dict[str, str] = {name: row.cells[name] for name in ("class", "verdict") if name in row.cells}

    def ask() -> dict[str, str]:
        ended = climb("reply", stage, reply)
        findings = judge_outbound(ladder(ended)).findings
        verdict = next((f.verdict.value for f in findings if f.row.name == "Mail host"), "")
        given = {"class": outcome_of(ended, HOSTNAME).value, "verdict": verdict}
        return {name: _expected_if_among(value, expected.get(name, "")) for name, value in given.items()}

    return one(row.place, f"{stage}: {row.cells['reply']}", expected, ask)


def _expected_if_among(given: str, expected: str) -> str:
    """`a|b` is right for either."""
    return expected if given in expected.split("|") else given
