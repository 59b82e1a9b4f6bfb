"""Finds the rows of a tester's report in a text, as people paste it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mxverdict.pasted import bounce, mxtoolbox_api, parser
from mxverdict.pasted.json_strings import json_strings
from mxverdict.pasted.model import ROWS_LIMIT, Pasted, PastedRefusal, Unrecognised
from mxverdict.pasted.normalize import TEXT_LIMIT, lines_of


def recognise(text: str) -> Pasted:
    """Recognise a pasted report: MXToolbox's page, old or new, its API's JSON, or the line of another tester,
    in any ticket or mail; and refusals of mail servers, as replies or in a bounce. Rows that are not
    recognised are reported as such, never guessed; other text is left out. Reads at most
    `normalize.TEXT_LIMIT` characters and `normalize.LINES_LIMIT` lines; never raises.
    """
    cut = len(text) > TEXT_LIMIT
    answers = mxtoolbox_api.read(text[:TEXT_LIMIT])
    if answers is None:
        lines, is_cut = lines_of(text)
        report = parser.read(lines, is_cut)
        strings = json_strings(text[:TEXT_LIMIT])
        replies = lines if strings is None else lines_of("\n".join(strings))[0]
        refusals = bounce.read(replies, is_report=bool(report.rows or report.sessions))
        unrecognised = _without_answered(report.unrecognised, refusals)
        return replace(report, refusals=refusals, unrecognised=unrecognised)
    found, rest = answers
    beside = parser.read(*lines_of(rest))
    return replace(
        found,
        rows=(found.rows + beside.rows)[:ROWS_LIMIT],
        unrecognised=(found.unrecognised + beside.unrecognised)[:ROWS_LIMIT],
        subjects=tuple(dict.fromkeys(found.subjects + beside.subjects)),
        sessions=beside.sessions,
        ignored=beside.ignored,
        cut=cut or beside.cut,
    )


def _without_answered(
    unrecognised: Sequence[Unrecognised], refusals: Sequence[PastedRefusal]
) -> tuple[Unrecognised, ...]:
    """Leave out the lines of refusals: where one begins, and those with its code (RFC 5321 section 4.2.1)."""
    begins = {refusal.line for refusal in refusals}
    codes = tuple(str(refusal.code) for refusal in refusals if refusal.code)
    return tuple(one for one in unrecognised if one.line not in begins and not one.original.startswith(codes))
