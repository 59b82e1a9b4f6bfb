"""Refusals of mail servers in a pasted text (tests/tables/bounces), and the answer to them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from rich.console import Console

from mxverdict.findings import Verdict
from mxverdict.pasted import answer, recognise
from mxverdict.pasted.bounce import REFUSALS_LIMIT, read
from mxverdict.pasted.refusal_answer import answer_refusal
from mxverdict.refusals import RefusalClass, facts
from mxverdict.report.pasted import explanation_json, print_explanation
from mxverdict.report.plain_text import explanation_text
from tests.table.tsv import ANYTHING, Row
from tests.table.tsv import read as read_table

FOLDER = Path(__file__).parents[2] / "tables/bounces"
COLUMNS = ("file", "class", "code", "stage", "host", "recipients")
EXPECTED = {
    name: list(rows)
    for name, rows in groupby(read_table(FOLDER / "expected.tsv", COLUMNS), key=lambda row: row.cells["file"])
}
TEXTS = sorted(FOLDER.glob("*.txt"))


def differing(text: str, rows: list[Row]) -> Iterator[str]:
    found = [answer_refusal(one) for one in recognise(text).refusals]
    yield from () if len(found) == len(rows) else (f"{len(found)} refusals instead of {len(rows)}: {found}",)
    for one, row in zip(found, rows):
        given = {
            "class": one.refusal_class,
            "code": str(one.refusal.code),
            "stage": one.refusal.stage,
            "host": one.refusal.host,
            "recipients": " ".join(one.refusal.recipients),
        }
        for name, value in given.items():
            if row.cells[name] not in (ANYTHING, value):
                yield f"{row.place}: {name} is {value!r}, not {row.cells[name]!r}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_the_refusals_in_a_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert list(differing(text, EXPECTED.get(path.name, []))) == []
    quoted = "".join(f"> {line}\n" for line in text.splitlines())
    assert len(recognise(quoted).refusals) == len(EXPECTED.get(path.name, []))


def test_the_table_names_each_text() -> None:
    assert {path.name for path in TEXTS if not path.name.startswith("none_")} == set(EXPECTED)


@pytest.mark.parametrize(
    ("text", "verdict", "status"),
    [
        ("550 5.1.1 user unknown", Verdict.PROBLEM, 1),
        ("451 4.7.1 Greylisted, come back later", Verdict.ADVISORY, 0),
        ("550 5.7.1 xyzzy", Verdict.UNKNOWN, 3),
        ("451 4.7.1 xyzzy", Verdict.UNKNOWN, 3),
        ("451 Try again later", Verdict.UNKNOWN, 3),
    ],
)
def test_the_answer_to_a_reply(text: str, verdict: Verdict, status: int) -> None:
    made = answer(recognise(text), None)
    (one,) = made.refusals
    assert (one.verdict, made.exit_status) == (verdict, status)
    assert facts(RefusalClass(one.refusal_class)).title in made.opening
    for shown in (explanation_text(made), printed_text(made)):
        assert text in shown
        assert one.todo.split("`")[0][:40] in shown.replace("\n    ", " ")
    assert explanation_json(made)["refusals"][0]["refusal_class"] == one.refusal_class


def printed_text(made: object) -> str:
    console = Console(width=10_000, force_terminal=False, highlight=False, markup=False)
    with console.capture() as capture:
        print_explanation(made, console)  # type: ignore[arg-type]
    return capture.get()


def test_what_is_worst_comes_first() -> None:
    text = "451 4.7.1 Greylisted\n\n550 5.7.1 xyzzy\n\n550 5.1.1 user unknown\n"
    verdicts = [one.verdict for one in answer(recognise(text), None).refusals]
    assert verdicts == [Verdict.PROBLEM, Verdict.UNKNOWN, Verdict.ADVISORY]


def test_a_report_and_a_bounce_beside_each_other_are_both_answered() -> None:
    report = "smtp:203.0.113.10\nSMTP TLS\tWarning - Does not support TLS.\n\n"
    bounce = (FOLDER / "postfix_dsn.txt").read_text(encoding="utf-8")
    made = answer(recognise(report + bounce), None)
    assert [one.row.name for one in made.answers] == ["SMTP TLS"]
    assert [one.refusal_class for one in made.refusals] == ["address_listed"]
    assert made.exit_status == 1


def test_what_a_refusal_says_does_no_harm() -> None:
    hostile = "550 5.1.1 user unknown \x1b[2J\u202e <script>alert(1)</script>"
    made = answer(recognise(hostile), None)
    assert made.refusals
    assert not {"\x1b", "\u202e"} & set(printed_text(made) + explanation_text(made))


def test_refusals_are_bounded() -> None:
    lines = [f"{550 + number % 4} 5.1.1 user number{number} unknown" for number in range(500)]
    assert len(read(lines)) == REFUSALS_LIMIT


@pytest.mark.parametrize(
    "text, codes",
    [
        ('{"event": "bounced", "reason": "550 5.1.1 unknown user"}', [550]),
        ('[{"a": {"b": ["451 4.7.1 Greylisted, try again later", "x"]}}, "554 5.7.1 spam"]', [451, 554]),
        ('{"reply": {"code": 550, "lines": ["Rejected relay attempt"]}}', []),
        ('{"reason": "550 5.1.1 unknown user"', [550]),
        ("[" * 100_000, []),
        ('{"number": ' + "9" * 5000 + ', "reason": "550 5.1.1 unknown user"}', [550]),
    ],
)
def test_the_texts_within_json_are_read_and_nothing_of_its_form(text: str, codes: list[int]) -> None:
    assert [refusal.code for refusal in recognise(text).refusals] == codes


def test_what_is_answered_as_a_refusal_is_no_unknown_complaint() -> None:
    text = "host mx.partner.example said: 550 5.7.25 The sending address has no PTR record\n"
    assert recognise(text).unrecognised == ()
    reply = "550-5.7.25 Our SMTP server says no:\n550 5.7.25 it gives no PTR record\n"
    assert recognise(reply).unrecognised == ()
    other = recognise(text + "\nMXToolbox says that our SMTP server is down\n")
    assert [line.line for line in other.unrecognised] == [3]
