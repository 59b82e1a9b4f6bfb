"""`mxverdict explain` and `mxverdict report` on the stand-in server: real reports pasted, reports written."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.tester_report import Report

JUDGED = (0, 3)
"""How a check of the sandbox ends: nothing is wrong, though not all of it may be told there."""
TICKET = """Hello,

our customer Max wrote (24.11.2026, 10:12):

{}

Is the server broken?
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def visit(box: Sandbox) -> Report:
    """What the stand-in tester really prints, in a hurry: it waits 3 s and calls 1 s slow."""
    return box.visit(patience=3.0, warn=1.0, bad=2.0)


def mxverdict(box: Sandbox, *words: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return box.run(
        [sys.executable, "-m", "mxverdict.cli.main", *words],
        stdin=stdin,
        env={"SSL_CERT_FILE": str(box.authority.certificate)},
    )


def explained(box: Sandbox, text: str, *words: object) -> Any:
    done = mxverdict(box, "explain", "--json", *words, stdin=text)
    found = json.loads(done.stdout)
    assert done.returncode == found["exit_status"], done
    return found


def verdicts(found: Any) -> dict[str, str]:
    return {answer["row"]["name"]: answer["verdict"] for answer in found["answers"]}


def test_a_real_report_gets_a_verdict_on_every_row(box: Sandbox, visit: Report) -> None:
    found = explained(box, visit.to_text())
    assert found["opening"] == "Of 3 complaints, none is real."
    assert found["unrecognised"] == []
    assert verdicts(found) == {
        "Headline": "false_positive",
        "SMTP Transaction Time": "false_positive",
        "SMTP Banner Check": "false_positive",
        "SMTP TLS": "false_positive",
        "SMTP Reverse DNS Mismatch": "ok",
        "SMTP Valid Hostname": "ok",
        "SMTP Connection Time": "not_run",
        "SMTP Open Relay": "not_run",
    }
    assert [row.name for row in visit.rows] == [
        a["row"]["name"] for a in by_line(found) if a["row"]["line"] > 1
    ]


def by_line(found: Any) -> list[Any]:
    return sorted(found["answers"], key=lambda answer: int(answer["row"]["line"]))


def test_the_same_quoted_in_a_ticket(box: Sandbox, visit: Report) -> None:
    quoted = "\n".join(f"> {line}" for line in visit.to_text().splitlines())
    done = mxverdict(box, "explain", "-", stdin=TICKET.format(quoted))
    assert done.returncode == 0
    assert done.stdout.startswith("Of 3 complaints, none is real.\n")
    assert "Not recognised" not in done.stdout
    assert "Exim makes unknown hosts wait 20 s before the banner" in done.stdout


def test_what_we_write_for_scripts_is_read_back(box: Sandbox) -> None:
    written = mxverdict(box, "report", "203.0.113.10", "--json", "--tester", "mxtoolbox")
    data = json.loads(written.stdout)
    assert written.returncode == data["MxVerdict"]["ExitStatus"]
    printed = [(item["Name"], item["MxVerdict"]["Verdict"]) for item in items(data)]
    assert len(printed) == 7
    found = explained(box, written.stdout)
    assert sorted(verdicts(found).items()) == sorted(printed)
    assert found["unrecognised"] == []


def items(data: Any) -> list[Any]:
    return [item for name in ("Failed", "Warnings", "Passed", "Timeouts") for item in data[name]]


def test_the_rows_of_a_domain_are_answered_too(box: Sandbox) -> None:
    text = (Path(__file__).parents[1] / "corpus" / "domain_health.txt").read_text(encoding="utf-8")
    found = explained(box, text)
    assert len(found["answers"]) == 8
    assert len(found["unrecognised"]) == 2
    domain = {a["row"]["name"]: a["verdict"] for a in found["answers"] if a["row"]["host"] == "shop.example"}
    assert len(domain) == 5
    assert "unknown" not in domain.values()
    written = mxverdict(box, "report", "shop.example", "--json", "--tester", "mxtoolbox").stdout
    back = explained(box, written)
    ours = [item["MxVerdict"] | {"Name": item["Name"]} for item in items(json.loads(written))]
    printed = [(item["Category"], item["Name"], item["Host"]) for item in ours]
    assert len(printed) == len(set(printed)) > 40
    answered = [(a["row"]["category"], a["row"]["name"], a["row"]["host"]) for a in back["answers"]]
    assert sorted(answered) == sorted(printed)
    assert back["unrecognised"] == []


def test_a_real_complaint_is_called_real(box: Sandbox) -> None:
    box.set_records("203.0.113.11", "PTR")
    box.reload_dns()
    try:
        found = explained(box, "smtp:203.0.113.11\nReverse DNS Resolution - No PTR Record found\n")
    finally:
        box.set_records("203.0.113.11", "PTR", "cp1.example.net")
        box.reload_dns()
    assert (found["opening"], found["exit_status"]) == ("The one complaint is real.", 1)


def test_what_is_not_this_server_is_not_judged(box: Sandbox) -> None:
    found = explained(box, "smtp:198.51.100.7\nSMTP TLS\tWarning - Does not support TLS.\n")
    assert verdicts(found) == {"SMTP TLS": "unknown"}
    assert found["exit_status"] == 3
    mixed = explained(
        box,
        "Category\tHost\tResult\nsmtp\tcp1.example.net\tWarning - Does not support TLS.\n"
        "smtp\t198.51.100.7\tWarning - Does not support TLS.\n",
        "--tester",
        "mxtoolbox",
    )
    assert [answer["verdict"] for answer in mixed["answers"]] == ["false_positive", "unknown"]


def test_what_the_report_is_about_can_be_told(box: Sandbox) -> None:
    text = "SMTP TLS Warning - Does not support TLS.\n"
    assert explained(box, text, "--about", "203.0.113.10")["remarks"] == []
    elsewhere = explained(box, text, "--about", "198.51.100.7")
    assert verdicts(elsewhere) == {"SMTP TLS": "unknown"}


def test_another_tester_is_asked_for_when_it_is_his_report(box: Sandbox) -> None:
    found = explained(box, "CRITICAL - Socket timeout after 10 seconds\n")
    assert [(a["row"]["tester"], a["verdict"]) for a in found["answers"]] == [
        ("check_smtp", "false_positive")
    ]


@pytest.mark.parametrize(
    ("words", "stdin", "line"),
    [
        (("explain",), "", "no row of a tester's report was recognised."),
        (("explain",), "Hello, is the server broken?\n", "no row of a tester's report was recognised."),
        (("explain",), "SMTP Foo\tbar\n", "recognised; line 1: it has the form of a row"),
        (("explain", "/nonexistent"), "", "/nonexistent cannot be read"),
        (("explain", "/tmp"), "", "/tmp cannot be read"),
        (("explain", "--tester", "nobody"), "", "unknown tester 'nobody'"),
        (("explain", "--about", "no domain"), "", "is no domain"),
        (("report", "--html", "--json"), "", "exclude each other"),
        (("report", "-o", "/tmp"), "", "/tmp cannot be written: not a regular file"),
        (("report", "-o", "/nonexistent/file"), "", "No such file or directory"),
        (("report", "--evidence", "/nonexistent"), "", "cannot be read"),
        (("report", "shop.example", "--evidence", "/nonexistent"), "", "name no targets"),
    ],
)
def test_wrong_input(box: Sandbox, words: tuple[str, ...], stdin: str, line: str) -> None:
    done = mxverdict(box, *words, stdin=stdin)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done
    assert line in done.stderr


def test_bytes_of_any_kind_are_read(box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    text = "smtp:203.0.113.10\r\nSMTP TLS\tWarning – Does not support TLS.\r\n"
    for data in (
        text.encode("utf-16"),
        b"\xef\xbb\xbf" + text.encode(),
        b"\xff\xfe\xff\0" * 9 + text.encode(),
    ):
        file.write_bytes(data)
        done = mxverdict(box, "explain", file, "--tester", "mxtoolbox")
        assert done.returncode in (0, 2)
        assert "Traceback" not in done.stderr
    file.write_bytes(text.encode("utf-16"))
    assert "False alarm" in mxverdict(box, "explain", file).stdout


def test_report_tells_what_was_done_and_is_written_for_root_alone(box: Sandbox, tmp_path: Path) -> None:
    opened = mxverdict(box, "window", "open", "--reason", "ticket <4711>")
    assert opened.returncode == 0
    mxverdict(box, "window", "close")
    file = tmp_path / "report.html"
    file.write_text("what stood there before")
    done = mxverdict(box, "report", "203.0.113.10", "--html", "-o", file)
    assert (done.returncode in JUDGED, done.stdout) == (True, "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    page = file.read_text(encoding="utf-8")
    assert "test window" in page
    assert "4711" not in page
    assert "<script" not in page
    text = mxverdict(box, "report", "203.0.113.10").stdout
    assert ": test window" in text
    assert "4711" not in text
    assert time.strftime("%Z", time.localtime()) in text
    assert max(map(len, text.splitlines())) <= 78
    assert "250-STARTTLS" in text


def test_saved_evidence_is_reported_without_a_server(box: Sandbox, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.json"
    mxverdict(box, "check", "203.0.113.10", "--tester", "mxtoolbox", "--save", evidence)
    done = subprocess.run(
        [sys.executable, "-m", "mxverdict.cli.main", "report", "--evidence", evidence],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "plugin"), "MXVERDICT_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in JUDGED, done.stderr
    assert "MXToolbox will report 3 problems. None of them is real." in done.stdout
    assert "What was done" not in done.stdout
