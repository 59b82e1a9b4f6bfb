"""`mxverdict selfcheck`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mxverdict.errors import UsageError
from mxverdict.evidence.selfcheck import Selfcheck
from tests.unit.cli.command_line import CommandLine
from tests.unit.selfcheck_maker import GOOD, changed


@pytest.mark.parametrize(
    ("evidence", "status"),
    [
        (GOOD, 0),
        (changed("keeper", recorded_error=True), 1),
        (replace(GOOD, whm=replace(GOOD.whm, decodes=None)), 3),
    ],
    ids=["as expected", "different", "could not be checked"],
)
def test_the_status_is_the_verdict(
    cli: CommandLine, evidence: Selfcheck, status: int, tmp_path: Path
) -> None:
    cli.answer("collect.selfcheck.collect", evidence)
    path = tmp_path / "page.json"
    done = cli.run("selfcheck", "--save", str(path), "--json")
    assert (done.status, done.err, done.json["exit_status"]) == (status, "", status)
    assert path.read_text() == done.out
    text = cli.run("selfcheck")
    assert (text.status, text.err) == (status, "")
    assert text.out.startswith("MX Verdict 0.1.0 self-check of (hostname)")
    cli.monkeypatch.setattr("os.geteuid", lambda: 1000)
    again = cli.run("selfcheck", "--from", str(path))
    assert (again.status, again.out, again.err) == (status, text.out, "")
    assert cli.called("collect.selfcheck.collect") == []


@pytest.mark.parametrize("option", [[], ["--json"]], ids=["text", "JSON"])
def test_a_saved_page_that_is_none(cli: CommandLine, tmp_path: Path, option: list[str]) -> None:
    done = cli.run("selfcheck", "--from", str(tmp_path), *option)
    done.refused(2, f"{tmp_path} cannot be read: ", UsageError.hint)
    path = cli.file("page.json", json.dumps({"schema": 2}))
    done = cli.run("selfcheck", "--from", path, *option)
    done.refused(2, f"{path} cannot be judged: it is not a self-check of schema 1", UsageError.hint)
