"""The sentence that comes first: how much of what a report complains of is real."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from mxverdict.findings import Verdict
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.catalog import ngettext
from mxverdict.pasted.model import PastedRow


def opening(
    answers: Sequence[tuple[PastedRow, Verdict]], counted: Collection[int], unrecognised: int = 0
) -> str:
    """Return the opening sentences. `counted` holds the `id` of the rows that count as complaints,
    `unrecognised` is how many lines look like rows and were not judged."""
    verdicts = [verdict for row, verdict in answers if id(row) in counted]
    hidden = sum(verdict is Verdict.PROBLEM for row, verdict in answers if not row.complains)
    sentences = [_complaints(verdicts)]
    if hidden:
        sentences.append(
            ngettext(
                "{count} row that the report passes is a real problem.",
                "{count} rows that the report passes are a real problem.",
                hidden,
            ).format(count=hidden)
        )
    if unrecognised:
        text = ngettext(
            "{count} line was not recognised.", "{count} lines were not recognised.", unrecognised
        )
        sentences.append(text.format(count=unrecognised))
    return " ".join(sentences)


def _complaints(verdicts: Sequence[Verdict]) -> str:
    total = len(verdicts)
    if not total:
        return _("The report complains of nothing.")
    return _of_one(verdicts[0]) if total == 1 else _of_many(verdicts)


def _of_one(verdict: Verdict) -> str:
    if verdict is Verdict.UNKNOWN:
        return _("The complaint could not be judged.")
    if verdict is Verdict.ADVISORY:
        return _("The one complaint is true but harmless.")
    if verdict is Verdict.PROBLEM:
        return _("The one complaint is real.")
    text = _("The one complaint is not real.")
    return f"{text} {_('It would not be made today.')}" if verdict is Verdict.OK else text


def _of_many(verdicts: Sequence[Verdict]) -> str:
    total, count = len(verdicts), Counter(verdicts)
    unknown = count[Verdict.UNKNOWN]
    if unknown == total:
        return _("None of the {total} complaints could be judged.").format(total=total)
    sentences = [_real(total, count[Verdict.PROBLEM], unknown)]
    if gone := count[Verdict.OK]:
        text = ngettext("{count} would not be made today.", "{count} would not be made today.", gone)
        sentences.append(text.format(count=gone))
    if harmless := count[Verdict.ADVISORY]:
        text = ngettext("{count} is true but harmless.", "{count} are true but harmless.", harmless)
        sentences.append(text.format(count=harmless))
    if unknown:
        text = ngettext("{count} could not be judged.", "{count} could not be judged.", unknown)
        sentences.append(text.format(count=unknown))
    return " ".join(sentences)


def _real(total: int, real: int, unknown: int) -> str:
    if real == total:
        return _("All {total} complaints are real.").format(total=total)
    if real:
        text = ngettext(
            "Of {total} complaints, {count} is real.", "Of {total} complaints, {count} are real.", real
        )
        return text.format(total=total, count=real)
    if unknown:
        return _("Of {total} complaints, none is known to be real.").format(total=total)
    return _("Of {total} complaints, none is real.").format(total=total)
