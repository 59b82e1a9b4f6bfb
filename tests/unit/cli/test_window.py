"""`mxverdict window`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from mxverdict import testers
from mxverdict.cli.window import window_line
from mxverdict.errors import UsageError, WindowCloseError, WindowRefused
from mxverdict.window.model import Window, WindowKind, WindowState
from tests.unit.cli.command_line import CommandLine, Done
from tests.unit.cli.outputs import COMMON_PROVIDERS, DRY_RUN, OPEN, PERMANENT

BOTH = pytest.mark.parametrize("option", [[], ["--json"]], ids=["text", "JSON"])
TESTED_ONE = replace(OPEN, state=WindowState.CLOSED, closed_at=OPEN.opened_at + 60, visit="a visit")


def listed(done: Done) -> list[int]:
    assert (done.status, done.err) == (0, ""), done
    return [one["id"] for one in done.json["windows"]]


def open_call(cli: CommandLine, *words: str) -> dict[str, Any]:
    cli.answer("window.service.open_window", OPEN)
    assert listed(cli.run("window", "open", *words, "--json")) == [OPEN.id]
    (call,) = cli.called("window.service.open_window")
    return call.named


def test_open(cli: CommandLine) -> None:
    cli.monkeypatch.setenv("SUDO_USER", "anna")
    named = open_call(cli)
    actor = named.pop("actor")
    assert (actor.user, actor.origin) == ("anna", "cli")
    assert named == {
        "kind": "whitelist",
        "networks": [one.network for one in testers.load().tester("mxtoolbox").addresses],
        "tester": "mxtoolbox", "minutes": 15, "reason": "", "until_tested": False,
    }  # fmt: skip
    assert cli.called("window.service.close_due")


def test_open_as_told(cli: CommandLine) -> None:
    named = open_call(cli, "--delay-off", "--minutes", "5", "--reason", "ticket 7")
    assert (named["kind"], named["networks"], named["minutes"], named["reason"]) == (
        "delay_off", (), 5, "ticket 7",
    )  # fmt: skip
    named = open_call(cli, "--delay-off", "--until-tested", "--address", "192.0.2.1")
    assert (named["networks"], named["until_tested"]) == (["192.0.2.1"], True)


def test_open_says_where_the_test_is(cli: CommandLine) -> None:
    cli.answer("window.service.open_window", OPEN)
    done = cli.run("window", "open")
    assert (done.status, done.err) == (0, "")
    line, where = done.out.splitlines()
    assert line.startswith(
        "Test window 7 (past the delay: 18.209.86.113, 64.20.227.0/24) is open: closes at "
    )
    assert line.endswith(" s, or when the tester has been here")
    assert where.startswith("Run the test now: https://mxtoolbox.com")
    assert len(cli.run("window", "open", "--address", "192.0.2.1").out.splitlines()) == 1


@BOTH
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--tester", "swaks"], "publishes no addresses; name them with --address, or use --delay-off"),
        (["--tester", "nobody"], "nobody"),
        (["--permanent"], "--permanent needs the address that you have confirmed, with --address"),
        (["--permanent", "--delay-off"], "a permanent entry has no end"),
        (["--permanent", "--wait", "--address", "192.0.2.1"], "a permanent entry has no end"),
        (["--permanent", "--tester", "swaks"], "a tester's addresses change"),
        (["--common-mail-providers", "--permanent"], "takes WHM's own list"),
        (["--common-mail-providers", "--minutes", "5"], "takes WHM's own list"),
        (["--common-mail-providers", "--address", "192.0.2.1"], "takes WHM's own list"),
        (["--dry-run"], "--dry-run goes with --common-mail-providers"),
    ],
)
def test_open_nothing(cli: CommandLine, words: list[str], reason: str, option: list[str]) -> None:
    done = cli.run("window", "open", *words, *option)
    done.refused(2, "")
    assert reason in done.err
    assert not [call for call in cli.calls if call.service.startswith("window.service.")]


def test_exempt_common_mail_providers(cli: CommandLine) -> None:
    cli.answer("window.service.exempt_common_providers", COMMON_PROVIDERS)
    words = ["window", "open", "--common-mail-providers", "--reason", "Gmail waits"]
    assert listed(cli.run(*words, "--json")) == [3]
    (call,) = cli.called("window.service.exempt_common_providers")
    assert (call.named["reason"], call.named["actor"].origin) == ("Gmail waits", "cli")
    text = cli.run(*words)
    assert text.out.startswith("Permanent entry 3 (Common Mail Providers) stands since ")


def test_a_dry_run_shows_lines_and_seconds(cli: CommandLine) -> None:
    words = ["window", "open", "--common-mail-providers", "--dry-run"]
    cli.answer("window.dry_run.simulate_common_providers", DRY_RUN)
    lines = cli.run(*words).out.splitlines()
    assert lines[2:4] == ["  - a=0", "  + a=1"]
    assert lines[-1] == "  192.0.2.129  40 s -> 0 s  Example"
    unknown = replace(DRY_RUN, line_before=None, statements=(), after=None)
    cli.answer("window.dry_run.simulate_common_providers", unknown)
    lines = cli.run(*words).out.splitlines()
    assert lines[2] == "  + a=1"
    assert "not known before the build" in lines[-1]
    assert not cli.called("window.service.exempt_common_providers")


def test_open_permanently(cli: CommandLine) -> None:
    cli.answer("window.service.open_permanent", PERMANENT)
    words = ["window", "open", "--permanent", "--address", "192.0.2.7", "--address", "192.0.2.8"]
    assert listed(cli.run(*words, "--json")) == [3, 3]
    assert [call.arguments[1] for call in cli.called("window.service.open_permanent")] == words[4::2]
    text = cli.run(*words)
    assert text.out.startswith("Permanent entry 3 (192.0.2.7) stands since ")


@BOTH
@pytest.mark.parametrize(
    ("ended", "status"), [(TESTED_ONE, 0), (replace(TESTED_ONE, visit=""), 3), (None, 3)],
    ids=["tested", "not tested", "no journal"],
)  # fmt: skip
def test_wait(cli: CommandLine, ended: Any, status: int, option: list[str]) -> None:
    cli.answer("window.service.open_window", OPEN)
    cli.answer("window.watcher.follow", ended)
    done = cli.run("window", "open", "--wait", *option)
    assert (done.status, done.err) == (status, "")
    assert cli.called("window.service.open_window")[0].named["until_tested"] is True
    assert cli.called("window.watcher.follow")[0].arguments[1] == OPEN.id
    if option:
        (found,) = done.json["windows"]
        assert found["tested"] is (status == 0)
    else:
        assert done.out.splitlines()[0].startswith("Test window 7 ")
        assert len(done.out.splitlines()) == 3


def test_wait_for_a_window_that_was_there(cli: CommandLine) -> None:
    cli.answer("window.service.open_window", replace(OPEN, until_tested=False))
    done = cli.run("window", "open", "--wait", "--json")
    done.refused(2, "window 7 was open already and stays so, tested or not", UsageError.hint)


def test_list(cli: CommandLine) -> None:
    done = cli.run("window", "list")
    assert (done.status, done.out, done.err) == (0, "No test window.\n", "")
    cli.answer("window.queries.list_windows", (OPEN, TESTED_ONE))
    cli.answer("window.queries.permanent_entries", (PERMANENT,))
    lines = cli.run("window", "list").out.splitlines()
    assert len(lines) == 4
    assert lines[3].startswith("  Permanent entry 3 (192.0.2.7) stands since ")
    found = cli.run("window", "list", "--json")
    assert listed(found) == [7, 7]
    assert [one["id"] for one in found.json["permanent"]] == [3]


@pytest.mark.parametrize(("words", "minutes"), [([], 15), (["--minutes", "9"], 9)])
def test_extend(cli: CommandLine, words: list[str], minutes: int) -> None:
    cli.answer("window.service.extend_window", OPEN)
    assert listed(cli.run("window", "extend", "4", *words, "--json")) == [7]
    assert cli.called("window.service.extend_window")[0].arguments[1:3] == (4, minutes)
    cli.answer("window.queries.open_windows", (OPEN,))
    cli.run("window", "extend", *words)
    assert cli.called("window.service.extend_window")[0].arguments[1:3] == (7, minutes)


@BOTH
@pytest.mark.parametrize("action", ["extend", "close"])
@pytest.mark.parametrize(
    ("windows", "reason"),
    [((), "no window is open"), ((OPEN, OPEN), "several windows are open; name the ID")],
)
def test_which_window(
    cli: CommandLine, action: str, windows: tuple[Window, ...], reason: str, option: list[str]
) -> None:
    cli.answer("window.queries.open_windows", windows)
    cli.run("window", action, *option).refused(2, reason, WindowRefused.hint)


def test_close(cli: CommandLine) -> None:
    cli.answer("window.service.close_window", TESTED_ONE)
    done = cli.run("window", "close", "7", "--json")
    assert listed(done) == [7]
    cli.answer("window.queries.open_windows", (replace(OPEN, kind=WindowKind.DELAY_OFF), replace(OPEN, id=8)))
    assert listed(cli.run("window", "close", "--all", "--json")) == [7, 7]
    assert [call.arguments[1] for call in cli.called("window.service.close_window")] == [8, 7]
    cli.answer("window.queries.open_windows", ())
    assert cli.run("window", "close", "--all").out == "No test window.\n"


@BOTH
def test_every_window_is_tried_before_one_is_said_to_fail(cli: CommandLine, option: list[str]) -> None:
    cli.answer("window.queries.open_windows", (OPEN, replace(OPEN, id=8)))
    cli.fail("window.service.close_window", WindowCloseError("Exim is gone"))
    done = cli.run("window", "close", "--all", *option)
    done.refused(4, "Exim is gone; Exim is gone", WindowCloseError.hint)
    assert len(cli.called("window.service.close_window")) == 2


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "closed", "closed_at": 1.0}, "is closed: ended at 1970-01-0"),
        ({"state": "failed", "closed_at": 1.0, "error": "x\x1b"}, "did not open: ended at "),
        ({"state": "opening"}, "is being opened: deadline "),
        ({"state": "close_failed"}, "FAILED TO CLOSE: deadline "),
        ({"kind": "delay_off"}, "(delay off for all) is open"),
        ({"kind": "permanent"}, ", by root (ticket 7)"),
        ({"kind": "permanent", "state": "closed", "closed_at": 1.0}, "was taken back: 1970-01-0"),
        ({"kind": "permanent", "state": "failed", "closed_at": 1.0}, "did not come about: 1970-01-0"),
        ({"kind": "permanent", "state": "closing", "remark": "a remark"}, "is being closed; a remark"),
    ],
)
def test_each_state_has_words(changes: dict[str, Any], text: str) -> None:
    line = window_line(replace(OPEN, opened_at=time.time(), **changes))
    assert text in line
    assert "\x1b" not in line
