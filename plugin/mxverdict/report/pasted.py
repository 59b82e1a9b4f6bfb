"""The answer to a pasted report, for people on a terminal and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from mxverdict.findings import Verdict
from mxverdict.i18n.message import translate
from mxverdict.pasted import Answer, Explanation, Unrecognised
from mxverdict.report.json import to_json
from mxverdict.report.terminal import INDENT, VerdictLine, one_line
from mxverdict.sanitize import visible

_SHOWN = 5
"""So many unrecognised lines of one kind are printed."""


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Return everything an explanation holds; fields are added, never renamed or removed."""
    return {**to_json(explanation), "exit_status": explanation.exit_status}


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Print the sentence first, then what the report complains of, what it passes, what is not known of
    it."""
    console.print(Text(visible(explanation.opening), style="bold"))
    for remark in explanation.remarks:
        console.print(Text(f"Note: {visible(remark)}", style="yellow"))
    if explanation.refusals:
        console.print("\nWhat mail servers refused", style="bold")
        for refusal in explanation.refusals:
            console.print(VerdictLine(refusal.verdict, Text(one_line(refusal.title), style="bold")))
            for name, value in refusal.facts:
                console.print(_indented(f"{name}: {one_line(value)}"))
    complaints = [answer for answer in explanation.answers if answer.row.complains]
    passes = [answer for answer in explanation.answers if not answer.row.complains]
    for title, answers in (("What the report complains of", complaints), ("What the report passes", passes)):
        if answers:
            console.print(f"\n{title}", style="bold")
            for answer in answers:
                for line in _answer(answer):
                    console.print(line)
    if explanation.unrecognised:
        console.print("\nNot recognised", style="bold")
        for line in _unrecognised(explanation.unrecognised):
            console.print(line)


def _answer(answer: Answer) -> Iterable[RenderableType]:
    row = answer.row
    said = one_line(row.text) or row.level
    place = answer.place or row.host
    head = Text.assemble(
        (f"{one_line(row.name)}: ", ""),
        (said, "bold" if row.complains else ""),
        (f"  ({one_line(place)})" if place else "", "dim"),
        (f"  [{row.rule}]" if row.rule and answer.verdict is not Verdict.OK else "", "dim"),
    )
    yield VerdictLine(answer.verdict, head)
    if answer.verdict is Verdict.OK and not row.complains and not answer.differences:
        return
    yield _indented(one_line(answer.why))
    for difference in answer.differences:
        yield _indented(one_line(difference))
    for evidence in answer.evidence:
        yield _indented(f"- {one_line(evidence)}", "dim")
    if answer.todo:
        owner = f" (by {answer.owner.value})" if answer.owner is not None else ""
        yield _indented(f"> {one_line(answer.todo)}{owner}")


def _unrecognised(lines: Sequence[Unrecognised]) -> Iterable[RenderableType]:
    for reason in dict.fromkeys(line.reason for line in lines):
        similar = [line for line in lines if line.reason == reason]
        yield Text(f"  {visible(translate(reason))}:")
        for line in similar[:_SHOWN]:
            number = f"line {line.line}: " if line.line else ""
            yield _indented(f"{number}{visible(' '.join(line.original.split()), 300)}", "dim")
        if len(similar) > _SHOWN:
            yield _indented(f"and {len(similar) - _SHOWN} more", "dim")


def _indented(text: str, style: str = "") -> RenderableType:
    return Padding(Text(text, style=style), (0, 0, 0, INDENT), expand=False)
