"""`mxverdict explain`."""

from __future__ import annotations

import codecs
import sys
from typing import Any

import pytest

from mxverdict.cli.explain import UnrecognizedReportError
from mxverdict.errors import UsageError
from mxverdict.services.pasted_report import StoredPastedReport
from tests.unit.cli.command_line import CommandLine
from tests.unit.cli.outputs import PASTED, checked
from tests.unit.pasted.test_answer import CASES as ANSWERS
from tests.unit.pasted.test_answer import SERVERS, report_of

CASES = [case for case in ANSWERS if case["server"] in SERVERS and not case.get("own")]
"""One at least of each exit status."""


def answer(cli: CommandLine) -> None:
    cli.answer("services.pasted_report.run", StoredPastedReport(*checked(), {}))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['server']}: {case['exit']}")
def test_the_status_is_the_answer(cli: CommandLine, case: dict[str, Any]) -> None:
    cli.answer("services.pasted_report.run", StoredPastedReport(None, report_of(case), {}))
    path = cli.file("report.txt", case["pasted"])
    done = cli.run("explain", path, "--json")
    assert (done.status, done.err, done.json["exit_status"]) == (case["exit"], "", case["exit"])
    assert [one["verdict"] for one in done.json["answers"]] == [one[1] for one in case["answers"]]
    text = cli.run("explain", path)
    assert (text.status, text.err) == (case["exit"], "")
    assert case["opening"] in text.out


def test_the_cases_have_every_status() -> None:
    assert {case["exit"] for case in CASES} == {0, 1, 3}


@pytest.mark.parametrize(
    "content",
    [
        PASTED.encode(),
        PASTED.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + PASTED.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + PASTED.encode("utf-16-be"),
    ],
    ids=["UTF-8", "marked", "UTF-16", "big-endian"],
)
def test_standard_input(cli: CommandLine, content: bytes) -> None:
    answer(cli)
    file = cli.run("explain", cli.file("report.txt", PASTED), "--json")
    for words in ([], ["-"]):
        cli.type(content)
        assert cli.run("explain", *words, "--json").out == file.out


def test_a_person_is_told_to_paste(cli: CommandLine) -> None:
    answer(cli)
    cli.type(PASTED.encode())
    for stream in (sys.stdin, sys.stderr):
        cli.monkeypatch.setattr(stream, "isatty", lambda: True)
    done = cli.run("explain", "--json")
    assert done.json["answers"]
    assert done.err.startswith("… paste the report, then press Enter and Ctrl-D\n")


def test_what_the_options_ask_for(cli: CommandLine) -> None:
    answer(cli)
    path = cli.file("report.txt", PASTED)
    cli.run("explain", path, "--about", "Shop.Example", "--tester", "mxtoolbox", "--timeout", "5")
    (call,) = cli.called("services.pasted_report.run")
    assert call.arguments[1].rows
    assert call.named["about"] == ["shop.example"]
    assert (call.named["testers"], call.named["reply_timeout"]) == (["mxtoolbox"], 5.0)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("550 5.1.1 user unknown", 1, "the recipient does not exist"),
        ("550 5.7.1 xyzzy", 3, "the reason is unclear"),
        ("451 4.7.1 Greylisted", 0, "greylisting"),
    ],
)
def test_a_refusal_is_answered_without_looking_at_the_server(
    cli: CommandLine, text: str, status: int, words: str
) -> None:
    done = cli.run("explain", cli.file("bounce.txt", text), "--json")
    assert (done.status, done.err, done.json["refusals"][0]["title"]) == (status, "", words)
    assert words in cli.run("explain", cli.file("bounce.txt", text)).out


@pytest.mark.parametrize("option", [[], ["--json"]], ids=["text", "JSON"])
def test_what_is_no_report(cli: CommandLine, option: list[str]) -> None:
    done = cli.run("explain", cli.file("report.txt", "Dear customer,\n"), *option)
    done.refused(2, "no row of a tester's report was recognised", UnrecognizedReportError.hint)
    done = cli.run("explain", cli.file("report.txt", "SMTP Moon Phase\tThe moon is full\n"), *option)
    done.refused(2, "no row of a tester's report was recognised", UnrecognizedReportError.hint)
    done = cli.run("explain", str(cli.root / "missing"), *option)
    done.refused(2, f"{cli.root}/missing cannot be read: No such file or directory", UsageError.hint)
    done = cli.run("explain", cli.file("report.txt", PASTED), "--about", "no name", *option)
    assert (done.status, cli.called("services.pasted_report.run")) == (2, [])
