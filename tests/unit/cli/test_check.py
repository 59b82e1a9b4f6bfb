"""`mxverdict check` and `mxverdict judge`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mxverdict.collect.progress import Progress
from mxverdict.errors import JournalError, UsageError
from mxverdict.evidence import from_json
from mxverdict.evidence.bounded_json import BYTES_LIMIT, TooLarge
from mxverdict.findings import Verdict
from mxverdict.whm.https import HttpsWhmApi
from tests.unit.cli.command_line import CommandLine
from tests.unit.cli.outputs import OPEN, checked, report, saved

STATUSES = pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ((Verdict.OK, Verdict.FALSE_POSITIVE, Verdict.ADVISORY, Verdict.NOT_RUN), 0),
        ((Verdict.OK, Verdict.UNKNOWN), 3),
        ((Verdict.UNKNOWN, Verdict.PROBLEM), 1),
    ],
    ids=["nothing wrong", "could not be checked", "a real problem"],
)


@STATUSES
def test_the_status_is_the_verdict(cli: CommandLine, verdicts: tuple[Verdict, ...], status: int) -> None:
    cli.answer("services.check.run", (checked()[0], report(*verdicts)))
    done = cli.run("check", "--json")
    assert (done.status, done.err, done.json["exit_status"]) == (status, "", status)
    assert {one["verdict"] for one in done.json["domains"][0]["findings"]} == {one.value for one in verdicts}
    text = cli.run("check")
    assert (text.status, text.err) == (status, "")
    assert report().summary in text.out


def test_what_the_options_ask_for(cli: CommandLine) -> None:
    cli.answer("services.check.run", checked())
    cli.run("check", "good.test", "--tester", "swaks", "--timeout", "7", "--budget", "8.5", "--json")
    (call,) = cli.called("services.check.run")
    assert isinstance(call.named.pop("progress"), Progress)
    assert call.named == {
        "targets": ["good.test"], "testers": ["swaks"], "api": None, "reply_timeout": 7.0, "budget": 8.5,
    }  # fmt: skip
    (noted,) = cli.called("audit.checks.audit_check")
    assert noted.arguments[2] == ["good.test"]
    assert noted.arguments[3] == [one.verdict for one in checked()[1].domains[0].findings]
    cli.run("check")
    assert cli.called("audit.checks.audit_check") == []


def test_windows_and_transcripts_are_shown(cli: CommandLine) -> None:
    cli.answer("services.check.run", checked())
    cli.answer("window.queries.open_windows", (OPEN,))
    plain, full = cli.run("check").out, cli.run("check", "--transcript").out
    assert "Test window 7 (past the delay: 18.209.86.113, 64.20.227.0/24) is open: closes at" in plain
    assert len(full) > len(plain)
    assert [one["id"] for one in cli.run("check", "--json").json["windows"]] == [7]
    cli.fail("window.service.close_due", JournalError("it is damaged"))
    assert cli.run("check", "--json").json["windows"] == []


def test_the_evidence_is_kept(cli: CommandLine, tmp_path: Path) -> None:
    cli.answer("services.check.run", checked())
    path = tmp_path / "kept.json"
    done = cli.run("check", "--save", str(path), "--json")
    assert done.status == done.json["exit_status"]
    assert from_json(json.loads(path.read_text())) == checked()[0]
    assert path.stat().st_mode & 0o777 == 0o600
    again = cli.run("judge", str(path), "--json")
    assert again.json["predictions"] == done.json["predictions"]


def test_too_much_evidence_is_said_beside_the_report(cli: CommandLine, tmp_path: Path) -> None:
    cli.answer("services.check.run", checked())
    cli.fail("evidence.bounded_json.bounded_json", TooLarge())
    done = cli.run("check", "--save", str(tmp_path / "kept.json"), "--json")
    assert (done.status, done.err) == (3, f"mxverdict: {TooLarge()}. {TooLarge.hint}\n")
    assert done.json["predictions"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["check", "--save"], ["report", "-o"], ["selfcheck", "--save"]])
@pytest.mark.parametrize("place", ["missing/file", "."])
def test_a_file_that_cannot_be_written_is_refused_first(
    cli: CommandLine, tmp_path: Path, command: list[str], place: str
) -> None:
    path = f"{tmp_path}/{place}"
    done = cli.run(*command, path, "--json")
    done.refused(2, str(Path(path)) + " cannot be written: ", UsageError.hint)
    assert not [call for call in cli.calls if call.service.startswith(("services.", "collect."))]


@pytest.mark.parametrize("command", ["check", "report"])
def test_a_file_that_cannot_be_written_after_all(cli: CommandLine, tmp_path: Path, command: str) -> None:
    cli.answer("services.check.run", checked())
    cli.fail("fs.atomic_write.atomic_write", OSError(28, "No space left on device"))
    option = {"check": "--save", "report": "-o"}[command]
    done = cli.run(command, option, str(tmp_path / "file"))
    done.refused(2, f"{tmp_path}/file cannot be written: No space left on device", UsageError.hint)


@pytest.mark.parametrize("command", ["check", "judge", "explain", "report", "preview", "log"])
def test_a_tester_that_is_not_known(cli: CommandLine, command: str) -> None:
    words = {"judge": ["judge", saved(cli)]}.get(command, [command])
    done = cli.run(*words, "--tester", "nobody", "--json")
    assert (done.status, done.json["exit_status"], done.err.count("\n")) == (2, 2, 1)
    assert "nobody" in done.json["error"]
    assert cli.called("services.check.run") == []


@pytest.mark.parametrize(
    ("options", "verify"),
    [([], True), (["--whm-insecure"], False), (["--whm-ca", "/etc/ca.pem"], "/etc/ca.pem")],
)
def test_settings_over_https(cli: CommandLine, options: list[str], verify: Any) -> None:
    cli.monkeypatch.setenv("MXVERDICT_WHM_TOKEN", "TOKEN")
    cli.answer("services.check.run", checked())
    made: list[tuple[Any, ...]] = []

    class Api(HttpsWhmApi):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            made.append((*arguments, named))

    cli.monkeypatch.setattr("mxverdict.whm.https.HttpsWhmApi", Api)
    cli.run("check", "--whm", "cp1.example.net:2086", "--whm-user", "admin", *options)
    assert made == [("cp1.example.net", "admin", "TOKEN", {"port": 2086, "verify": verify})]
    (call,) = cli.called("services.check.run")
    assert isinstance(call.named["api"], Api)


def test_settings_over_https_need_a_token_and_a_port(cli: CommandLine) -> None:
    done = cli.run("check", "--whm", "cp1.example.net", "--json")
    done.refused(2, "put the API token for --whm into $MXVERDICT_WHM_TOKEN", UsageError.hint)
    cli.monkeypatch.setenv("MXVERDICT_WHM_TOKEN", "TOKEN")
    cli.run("check", "--whm", "cp1:x").refused(2, "'cp1:x' is no HOST:PORT", UsageError.hint)


def test_judged_again_for_people(cli: CommandLine) -> None:
    path = saved(cli)
    plain, full = cli.run("judge", path), cli.run("judge", path, "--transcript")
    assert (plain.status, plain.err) == (full.status, full.err) == (plain.status, "")
    assert plain.status == cli.run("judge", path, "--json").json["exit_status"]
    assert len(plain.out) < len(full.out)


@pytest.mark.parametrize("command", [["judge"], ["report", "--evidence"]], ids=["judge", "report"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"x", "cannot be judged: `mxverdict check --save` did not write it"),
        (b"\xff", "cannot be judged: `mxverdict check --save` did not write it"),
        (b"[]", "cannot be judged: "),
        (b"[" * 100_000, "cannot be judged: "),
        (BYTES_LIMIT + 1, f"is larger than {BYTES_LIMIT // 1_000_000} MB"),
    ],
    ids=["missing", "text", "bytes", "a list", "deep", "large"],
)
def test_saved_evidence_that_is_none(
    cli: CommandLine, tmp_path: Path, command: list[str], content: Any, reason: str
) -> None:
    path = tmp_path / "saved.json"
    if isinstance(content, int):
        path.touch()
        os.truncate(path, content)
    elif content is not None:
        path.write_bytes(content)
    for option in ([], ["--json"]):
        cli.run(*command, str(path), *option).refused(2, f"{path} {reason}", UsageError.hint)


def test_saved_evidence_that_takes_too_long(cli: CommandLine) -> None:
    path = saved(cli)
    cli.fail("fs.in_time.in_time", TimeoutError())
    done = cli.run("judge", path, "--json")
    done.refused(2, f"{path} cannot be judged: that takes longer than 60 s", UsageError.hint)
