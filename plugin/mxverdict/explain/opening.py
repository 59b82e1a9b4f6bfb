"""The sentence that comes first: how much of what a report complains of is real."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from mxverdict.explain.pasted import PastedRow
from mxverdict.findings import Verdict


def opening(
    answers: Sequence[tuple[PastedRow, Verdict]], counted: Collection[int], unrecognised: int = 0
) -> str:
    """`counted` holds the `id` of the rows that count as complaints, `unrecognised` is how many lines look
    like rows and were not judged."""
    verdicts = [verdict for row, verdict in answers if id(row) in counted]
    hidden = sum(verdict is Verdict.PROBLEM for row, verdict in answers if not row.complains)
    sentences = [_complaints(verdicts)]
    if hidden:
        sentences.append(f"{_of(hidden, 'row')} that the report passes {_is(hidden)} a real problem.")
    if unrecognised:
        were = "was" if unrecognised == 1 else "were"
        sentences.append(f"{_of(unrecognised, 'line')} {were} not recognised.")
    return " ".join(sentences)


def _complaints(verdicts: Sequence[Verdict]) -> str:
    total = len(verdicts)
    if not total:
        return "The report complains of nothing."
    count = Counter(verdicts)
    real, unknown = count[Verdict.PROBLEM], count[Verdict.UNKNOWN]
    if unknown == total:
        return (
            "The complaint could not be judged."
            if total == 1
            else f"None of the {total} complaints could be judged."
        )
    if count[Verdict.ADVISORY] == total == 1:
        return "The one complaint is true but harmless."
    sentences = [_real(total, real, unknown)]
    if count[Verdict.OK]:
        sentences.append(_part(count[Verdict.OK], total, "would not be made today"))
    if count[Verdict.ADVISORY]:
        sentences.append(
            _part(count[Verdict.ADVISORY], total, f"{_is(count[Verdict.ADVISORY])} true but harmless")
        )
    if unknown:
        sentences.append(_part(unknown, total, "could not be judged"))
    return " ".join(sentences)


def _real(total: int, real: int, unknown: int) -> str:
    if total == 1:
        return "The one complaint is real." if real else "The one complaint is not real."
    if real == total:
        return f"All {total} complaints are real."
    if real:
        return f"Of {total} complaints, {real} {_is(real)} real."
    return f"Of {total} complaints, none is {'known to be ' if unknown else ''}real."


def _part(count: int, total: int, what: str) -> str:
    return f"It {what}." if total == 1 else f"{count} {what}."


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _of(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
