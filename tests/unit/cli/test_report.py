"""`mxverdict report`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxverdict.errors import UsageError
from mxverdict.findings import Verdict
from tests.unit.cli.command_line import CommandLine
from tests.unit.cli.outputs import OPEN, checked, report, saved
from tests.unit.cli.test_check import STATUSES


@STATUSES
@pytest.mark.parametrize("form", ["--text", "--html", "--json"])
def test_the_status_is_the_verdict(
    cli: CommandLine, verdicts: tuple[Verdict, ...], status: int, form: str
) -> None:
    cli.answer("services.check.run", (checked()[0], report(*verdicts)))
    done = cli.run("report", "shop.example", form, "--timeout", "9")
    assert (done.status, done.err) == (status, "")
    if form == "--json":
        assert done.json["MxVerdict"]["ExitStatus"] == status
    (call,) = cli.called("services.check.run")
    assert (call.named["targets"], call.named["reply_timeout"]) == (["shop.example"], 9.0)
    assert len(call.named["testers"]) > 1


def test_text_is_the_usual_form_and_tells_of_windows(cli: CommandLine) -> None:
    cli.answer("services.check.run", checked())
    cli.answer("window.queries.list_windows", (OPEN,))
    done = cli.run("report", "--tester", "mxtoolbox")
    assert done.out == cli.run("report", "--text", "--tester", "mxtoolbox").out
    assert "18.209.86.113" in done.out
    assert cli.run("report", "--html").out.lower().startswith("<!doctype html>")
    assert cli.called("services.check.run")[0].named["testers"] != ["mxtoolbox"]


def test_a_file_for_root_alone(cli: CommandLine, tmp_path: Path) -> None:
    cli.answer("services.check.run", checked())
    printed = cli.run("report", "--json").out
    path = tmp_path / "report.json"
    done = cli.run("report", "--json", "-o", str(path))
    assert (done.out, done.err, path.read_text()) == ("", "", printed)
    assert path.stat().st_mode & 0o777 == 0o600


def test_saved_evidence_needs_no_server(cli: CommandLine) -> None:
    path = saved(cli)
    cli.monkeypatch.setattr("os.geteuid", lambda: 1000)
    done = cli.run("report", "--evidence", path, "--json", "--tester", "mxtoolbox")
    assert (done.status, done.err) == (done.json["MxVerdict"]["ExitStatus"], "")
    assert cli.calls[0].service == "installation.python_changed"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--text", "--html"], "--text, --html and --json exclude each other"),
        (["--html", "--json"], "--text, --html and --json exclude each other"),
        (
            ["--evidence", "x", "shop.example"],
            "--evidence reports what is in the file; name no targets with it",
        ),
    ],
)
def test_options_that_exclude_each_other(cli: CommandLine, words: list[str], reason: str) -> None:
    cli.run("report", *words).refused(2, reason, UsageError.hint)
