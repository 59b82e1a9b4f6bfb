"""The report as plain text for a ticket: no colour, no line longer than 78 characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Optional

from mxverdict.evidence import Evidence
from mxverdict.findings import Report, Verdict
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.report.document import METHOD, ReportDocument, ReportItem, Section, letter
from mxverdict.sanitize import visible

if TYPE_CHECKING:
    from mxverdict.pasted import Explanation
    from mxverdict.window import Window

WIDTH = 78
_LONG = 20_000
"""Characters of a transcript that are kept."""


def report_text(
    report: Report, evidence: Optional[Evidence] = None, windows: Optional[Sequence[Window]] = None
) -> str:
    """Return the text of `document.letter`, ending in a line feed."""
    return "\n".join(_lines(letter(report, evidence, windows))) + "\n"


def explanation_text(explanation: Explanation) -> str:
    """Return the answer to a pasted report, row by row, ending in a line feed."""
    return "\n".join(_explained(explanation)) + "\n"


def _explained(explanation: Explanation) -> Iterator[str]:
    yield from _wrapped(explanation.opening)
    for remark in explanation.remarks:
        yield from _wrapped(_("Note: {remark}").format(remark=remark), hanging="  ")
    if explanation.refusals:
        yield from _heading(_("What mail servers refused"))
    for refusal in explanation.refusals:
        yield from _wrapped(f"* {refusal.verdict.label}: {refusal.title}", hanging="  ")
        for name, value in refusal.facts:
            yield from _wrapped(f"{name}: {value}", "  ", "    ")
    for title, complains in ((_("What the report complains of"), True), (_("What the report passes"), False)):
        answers = [answer for answer in explanation.answers if answer.row.complains is complains]
        if answers:
            yield from _heading(title)
        for answer in answers:
            row = answer.row
            about = f" ({answer.place or row.host})" if answer.place or row.host else ""
            yield from _wrapped(f"* {answer.verdict.label}: {row.name}{about}", hanging="  ")
            yield from _wrapped(row.text, "  ", "    ")
            yield from _wrapped(_("What is true: {why}").format(why=answer.why), "  ", "    ")
            for line in (*answer.differences, *answer.evidence):
                yield from _wrapped(f"- {line}", "    ", "      ")
            if answer.todo:
                yield from _wrapped(_("To do: {todo}").format(todo=answer.todo), "  ", "    ")
    if explanation.unrecognised:
        yield from _heading(_("Not recognised"))
        for one in explanation.unrecognised:
            yield from _wrapped(f"- {one.original}: {translate(one.reason)}", hanging="  ")


def _lines(text: ReportDocument) -> Iterator[str]:
    yield from _wrapped(_("Mail tester report for {about}").format(about=text.about))
    yield "=" * WIDTH
    for summary in text.summaries:
        yield from _wrapped(summary)
    yield ""
    for name, value in text.facts:
        yield from _wrapped(f"{name}: {value}", hanging="  ")
    for remark in text.remarks:
        yield from _wrapped(_("Note: {remark}").format(remark=remark), hanging="  ")
    for section in text.sections:
        yield from _heading(section.title)
        yield from _passed(section) if section.folded else _section(section.items)
    if text.done is not None:
        yield from _heading(_("What was done"))
        for line in text.done or (_("No test window was opened lately."),):
            yield from _wrapped(f"- {line}", hanging="  ")
    for transcript in text.transcripts:
        yield from _heading(transcript.title)
        for line in visible(transcript.text.replace("\r\n", "\n"), _LONG).split("\n"):
            yield from _wrapped(line, "  ", "    ", limit=_LONG) if line else ("",)
    yield from _heading(_("How this was found"))
    yield from _wrapped(_(METHOD))
    yield from _wrapped(f"MX Verdict {text.version}")


def _heading(title: str) -> Iterator[str]:
    yield ""
    yield from _wrapped(title)
    yield "-" * min(len(visible(title)), WIDTH)


def _section(items: Iterable[ReportItem]) -> Iterator[str]:
    for number, item in enumerate(items):
        if number:
            yield ""
        yield from _item(item)


def _item(item: ReportItem) -> Iterator[str]:
    row, finding = item.finding.row, item.finding
    says = _("{tester} says").format(tester=item.tester) if item.tester else _("Found")
    yield from _wrapped(f"* {item.name} ({item.where})", hanging="  ")
    yield from _wrapped(f"{says}: {row.text}", "  ", "    ")
    for detail in row.details:
        yield from _wrapped(detail, "    ", "    ")
    yield from _wrapped(_("What is true: {why}").format(why=finding.why), "  ", "    ")
    for line in finding.evidence:
        yield from _wrapped(f"- {line}", "    ", "      ")
    if finding.todo:
        template = _("To do: {todo}") if finding.owner is None else _("To do: {todo} (by {owner})")
        owner = "" if finding.owner is None else finding.owner.label
        yield from _wrapped(template.format(todo=finding.todo, owner=owner), "  ", "    ")


def _passed(section: Section) -> Iterator[str]:
    """Yield what is fine in one line each, the others with their reason."""
    for item in section.items:
        finding = item.finding
        line = f"{finding.verdict.label}: {item.name}, {finding.row.text} ({item.where})"
        yield from _wrapped(f"- {line}", hanging="  ")
        if finding.verdict is not Verdict.OK:
            yield from _wrapped(finding.why, "    ", "    ")


def _wrapped(text: str, first: str = "", hanging: str = "", limit: int = 2000) -> list[str]:
    shown = visible(" ".join(text.split("\n")), limit)
    return textwrap.wrap(shown, WIDTH, initial_indent=first, subsequent_indent=hanging) or [""]
