"""Reports as people paste them (`tests/corpus`), with the rows that are found in each (`expected.tsv` there)
and what else is (`tests/tables/report_parts.tsv`)."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from mxverdict.judge.smtp import mxtoolbox_rows
from mxverdict.pasted import Pasted, recognise
from mxverdict.pasted.markers import CATEGORIES
from mxverdict.pasted.model import ROWS_LIMIT
from mxverdict.pasted.normalize import LINES_LIMIT, TEXT_LIMIT, plain
from mxverdict.sanitize import visible
from mxverdict.testers import row_texts
from tests.table import reports
from tests.table.case import Case
from tests.table.tsv import read
from tests.unit.seeds import seeds

_TESTS = Path(__file__).parents[2]
CORPUS = _TESTS / "corpus"
TEXTS = sorted(file for file in CORPUS.iterdir() if file.is_file() and file.suffix != ".tsv")
KINDS = CORPUS / "kinds"
"""Short texts, one for each form in which strangers paste a report."""
ROW_LEVELS = ("ok", "warning", "error", "unknown")
ROWS = read(CORPUS / reports.EXPECTED, ("file", "row", "level"), reports.COLUMNS)
PARTS = list(csv.DictReader((_TESTS / "tables/report_parts.tsv").read_text().splitlines(), delimiter="\t"))


def paste(name: str) -> Pasted:
    return recognise((CORPUS / name).read_text(encoding="utf-8"))


def shown(pasted: Pasted, *columns: str) -> list[list[str]]:
    return [
        [row[name] for name in columns or row] for row in reports.found_in(replace(pasted, unrecognised=()))
    ]


def expected(file: str) -> list[dict[str, str]]:
    return [row.cells for row in ROWS if row.cells["file"] == file and row.cells["level"] in ROW_LEVELS]


def test_every_pasted_report_has_its_expectation() -> None:
    assert sorted(parts["file"] for parts in PARTS) == sorted(file.name for file in TEXTS)


@pytest.mark.parametrize("case", reports.cases(CORPUS), ids=str)
def test_recognised(case: Case) -> None:
    assert case.wrong() == []


@pytest.mark.parametrize("case", reports.cases(KINDS), ids=str)
def test_recognised_in_every_form(case: Case) -> None:
    assert case.wrong() == []


@pytest.mark.parametrize("parts", PARTS, ids=lambda parts: str(parts["file"]))
def test_what_is_no_row(parts: dict[str, str]) -> None:
    found = paste(parts["file"])
    assert [row.name for row in found.rows] == [row["row"] for row in expected(parts["file"])]
    subjects = [f"{subject.command}:{subject.argument}" for subject in found.subjects]
    assert subjects == parts["subjects"].split()
    assert (found.form, found.ignored, found.cut) == (parts["form"], int(parts["ignored"]), False)
    assert len(found.sessions) == int(parts["sessions"])


@pytest.mark.parametrize("file", [parts["file"] for parts in PARTS if parts["form"] == "text"])
@pytest.mark.parametrize("wrapping", ["> ", "| ", "\t", "    ", "* "])
def test_quoting_changes_nothing(file: str, wrapping: str) -> None:
    """A bullet hides the start of a transcript's line; the rows stay."""
    text = (CORPUS / file).read_text(encoding="utf-8")
    if "<table" in text or "=09" in text:
        return
    quoted = recognise("\n".join(wrapping + line for line in text.split("\n")))
    columns = ("tester", "category", "row", "level", "host")
    assert shown(quoted, *columns) == [[row[name] for name in columns] for row in expected(file)]


def test_line_ends_and_blanks_of_every_kind() -> None:
    text = (CORPUS / "smtp_page_2026.txt").read_text(encoding="utf-8")
    expected_rows = shown(recognise(text))
    for old, new in (("\n", "\r\n"), ("\n", "\r"), (" ", "\xa0"), ("\t", "  "), ("\n", "\u2028"), ("-", "–")):
        assert shown(recognise(text.replace(old, new))) == expected_rows, (old, new)


@pytest.mark.parametrize("category", row_texts.READ)
def test_every_wording_of_every_row_is_recognised(category: str) -> None:
    """Name and words as a line of the page, with each placeholder filled."""
    filled = _Filled()
    for words in row_texts.readable(category).values():
        if words.name == row_texts.HEADLINE or category == "blacklist":
            continue
        for level, text in (("ok", words.ok), (words.level, words.failed), ("warning", words.warned)):
            if text:
                line = f"{words.name}\t{text.format_map(filled)}"
                (row,) = recognise(f"{category}:shop.example\n{line}\n").rows
                assert (row.category, row.name, row.level) == (category, words.name, level), line


class _Filled(dict[str, str]):
    """A value for every placeholder."""

    def __missing__(self, name: str) -> str:
        known = {
            "address": "203.0.113.10",
            "ptr": "cp1.example.net",
            "step": "Connect",
            "target": "a.example",
        }
        return known.get(name, "12")


def test_the_words_of_the_prediction_stand_in_the_data() -> None:
    """What we predict is what we recognise."""
    named = {name: value for name, value in vars(mxtoolbox_rows).items() if name.isupper() and name[0] != "_"}
    constants = {value for value in named.values() if isinstance(value, str)}
    assert constants <= set(row_texts.load("smtp"))
    assert len(constants) > 9


def test_a_transcript_tells_no_rows() -> None:
    found = paste("smtp_no_ptr.txt")
    assert [session.milliseconds for session in found.sessions] == [2815]
    assert [row.level for row in found.rows if row.name == mxtoolbox_rows.TLS] == ["ok"]


def test_the_session_that_was_given_up() -> None:
    (session,) = paste("smtp_page_2026.txt").sessions
    assert (session.address, session.milliseconds, session.gave_up) == ("203.0.113.10", 26157, 15.0)


def test_numbers_are_read_with_point_and_comma() -> None:
    seconds = {row.name: row.seconds for row in paste("smtp_old_2009.txt").rows}
    assert seconds[mxtoolbox_rows.TRANSACTION_TIME] == 9.188
    assert seconds[mxtoolbox_rows.CONNECTION_TIME] == 0.0


def test_words_that_several_rows_share_are_not_guessed() -> None:
    found = recognise("Status Problem\tThe record is not valid\n")
    assert found.rows == ()
    assert "DMARC Syntax Check, SPF Syntax Check" in found.unrecognised[0].reason
    assert recognise("dmarc:shop.example\nThe record is not valid\n").rows[0].name == "DMARC Syntax Check"


def test_what_is_too_long_is_cut_and_said() -> None:
    rows_text = (CORPUS / "smtp_trio_one_blank.txt").read_text(encoding="utf-8")
    assert recognise(rows_text + "\n" * LINES_LIMIT).cut
    assert len(recognise(rows_text + "\n" * LINES_LIMIT).rows) == 3
    assert recognise("x" * TEXT_LIMIT + rows_text) == Pasted(ignored=1, cut=True)
    assert recognise("x" * 5000 + "\n" + rows_text).cut


@pytest.mark.parametrize("seed", seeds(4, quick=1))
def test_random_words_are_no_report(seed: int, random: Random) -> None:
    letters = "abcdefghijklmnopqrstuvwxyzäöüß0123456789"
    for _ in range(50):
        words = [
            "".join(random.choices(letters, k=random.randint(1, 12))) for _ in range(random.randint(1, 400))
        ]
        words = [word for word in words if word not in CATEGORIES]
        text = "".join(word + random.choice("  \t\n.,:;-|") for word in words)
        found = recognise(text)
        assert (found.rows, found.unrecognised) == ((), ()), text


@pytest.mark.parametrize("seed", seeds(40, quick=8))
def test_damaged_reports_never_raise(seed: int) -> None:
    """Bytes flipped, cut, doubled and shuffled; whatever comes out stays within bounds and can be shown."""
    random = Random(seed)
    files = TEXTS
    for _ in range(25):
        data = bytearray(b"".join(random.choice(files).read_bytes() for _ in range(random.randint(1, 3))))
        for _ in range(random.randint(1, 60)):
            place = random.randrange(len(data))
            data[place : place + random.randint(0, 3)] = random.randbytes(random.randint(0, 3))
        text = bytes(data).decode(random.choice(["utf-8", "latin-1", "utf-16-le"]), "replace")
        lines = text.split("\n")
        if seed % 2:
            random.shuffle(lines)
        found = recognise("\n".join(lines))
        for row in found.rows:
            assert row.name
            assert "\x1b" not in visible(row.text + row.host + row.original)


HOSTILE = [
    "smtp ", "SMTP TLS\t", "Status Warning\n", "<", "<td ", "<img alt=", "&amp;", '{"failed": [\n',
    '{"failed":[],"passed":[]}\n', "=20=\n", "[", "> ", "\ufdfa", "Connecting to 192.0.2.1\n", "a.",
    "LISTED x ", "reverse dns does not ", "7 seconds - ", "http://mxtoolbox.com/?&&&", "SMTP A B C D\tx\n",
    "\x1b[31m", "\0", "SOA Serial Number Format is Invalid\n1\n", "MAIL FROM:<a>\n", "9", "\ud800",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_is_read(piece: str) -> None:
    found = recognise((piece * (TEXT_LIMIT // len(piece) + 1))[:TEXT_LIMIT])
    assert len(found.rows) + len(found.unrecognised) <= 4000


def test_a_huge_number_hides_no_row() -> None:
    item = '{"ID": %s, "Name": "SMTP TLS", "Info": "Warning - Does not support TLS."}' % ("9" * 5000)
    (row,) = recognise(f'{{"Command": "smtp", "Warnings": [{item}], "Passed": []}}').rows
    assert row.name == "SMTP TLS"


def test_deep_and_huge_json_is_no_report() -> None:
    for text in (
        '{"failed":' * 50_000,
        '[{"Passed": [], "Failed": [' + "9" * 500_000 + "]}]",
        '{"Failed": 1}',
    ):
        assert recognise(text).rows == ()


@pytest.mark.parametrize(
    ("text", "plain_text"),
    [
        ("a&#" + "1" * 5000 + ";b", "a\ufffdb"),
        ("a&#" + "1" * 250_000, "a\ufffd"),
        ("a&#" + "0" * 5000 + "65;b", "aAb"),
        ("a&#x" + "f" * 5000 + ";b", "a\ufffdb"),
        ("a&#65;&#0000066;&#128512;b", "aAB\U0001f600b"),
    ],
)
def test_a_reference_to_a_character_may_have_any_number(text: str, plain_text: str) -> None:
    assert plain(text) == plain_text
    recognise(text)


def test_rows_are_read_up_to_the_limit_and_the_others_counted() -> None:
    items = ",".join(["{}"] * 2500)
    pasted = recognise(f'[{{"Failed":[{items}],"Passed":[]}},{{"Failed":[{items}],"Passed":[{{}}]}}]')
    assert len(pasted.rows) + len(pasted.unrecognised) == ROWS_LIMIT
    assert pasted.left_out == 5001 - ROWS_LIMIT


def test_a_text_of_too_many_rows_is_cut() -> None:
    text = "".join(f"OK - aaa bbb ccc ddd{number}\n" for number in range(3000))
    pasted = recognise(text)
    assert len(pasted.unrecognised) == ROWS_LIMIT
    assert pasted.cut


@pytest.mark.parametrize(
    "text",
    [
        "CheckTLS: Cannot connect to mail.example.net [203.0.113.10]: timeout",
        "Hardenize says that the SMTP server did something wrong",
        "The test says banner mismatch, no TLS and 15s transaction time.",
        "Uptime alert: mail.example.net is down since 10:02",
        "blackbox exporter probe_success 0 for smtp_starttls mail.example.net:25",
    ],
)
def test_a_complaint_in_words_of_nobody_is_not_passed_over(text: str) -> None:
    found = recognise(text)
    assert found.rows or found.unrecognised


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("MXToolbox says my reverse DNS doesn't match the SMTP banner, why?", "SMTP Banner Check"),
        ("Reverse DNS doesn't match SMTP Banner", "SMTP Banner Check"),
        ("The rDNS does not match the SMTP banner, they say", "SMTP Banner Check"),
        ("They found that it Doesn't support TLS.", "SMTP TLS"),
        ("they complain about « 15.3 seconds - Not good! »", "SMTP Transaction Time"),
        ("More than one SPF record found for shop.example", "SPF Multiple Records"),
    ],
)
def test_contractions_and_near_quotes(text: str, row: str) -> None:
    found = recognise(text)
    names = [one.name for one in found.rows] + ["unrecognised"] * len(found.unrecognised)
    assert names == [row]
