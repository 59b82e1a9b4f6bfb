"""How the program ends: exit statuses, errors in one line, windows that do not close."""

from __future__ import annotations

import errno
import inspect
import os
import threading
from typing import Any

import pytest

from mxverdict import __version__, errors
from mxverdict.cli import main as program
from mxverdict.errors import (
    HostError,
    InstallationBroken,
    JournalError,
    KeeperFailed,
    MxVerdictError,
    UsageError,
    WindowCloseError,
    WindowLockedError,
    WindowRefused,
)
from tests.unit.cli.command_line import CommandLine
from tests.unit.cli.outputs import NEW, OUTPUTS, PASTED
from tests.unit.window.rows import window

ERRORS = [
    one
    for one in vars(errors).values()
    if inspect.isclass(one) and issubclass(one, MxVerdictError)
]  # fmt: skip
COMMANDS: dict[str, tuple[str, list[str]]] = {
    "check": ("services.check.run", ["check"]),
    "explain": ("services.pasted_report.run", ["explain"]),
    "report": ("services.check.run", ["report"]),
    "preview": ("collect.collector.preview_addresses", ["preview", "192.0.2.1"]),
    "outbound": ("collect.outbound.read_outbound", ["outbound", "remote.example"]),
    "log": ("services.mail_log.read_tester_visits", ["log"]),
    "window open": ("window.service.open_window", ["window", "open"]),
    "window open --permanent": (
        "window.service.open_permanent",
        ["window", "open", "--permanent", "--address", "192.0.2.1"],
    ),
    "window list": ("window.queries.list_windows", ["window", "list"]),
    "window extend": ("window.service.extend_window", ["window", "extend", "7"]),
    "window close": ("window.service.close_window", ["window", "close", "7"]),
    "testers list --found": ("services.tester_addresses.candidates", ["testers", "list", "--found"]),
    "testers add": ("services.tester_addresses.add", ["testers", "add", NEW]),
    "testers remove": ("services.tester_addresses.remove", ["testers", "remove", NEW]),
    "selfcheck": ("collect.selfcheck.collect", ["selfcheck"]),
}
"""Each command with the service that does its work."""
JSON = pytest.mark.parametrize("option", [(), ("--json",)], ids=["text", "JSON"])


def made(error: type[MxVerdictError]) -> MxVerdictError:
    """One of these errors, about anything."""
    if not any("__init__" in vars(one) for one in error.__mro__[: error.__mro__.index(Exception)]):
        return error("something\nis wrong")
    parameters = inspect.signature(error).parameters.values()
    values: dict[str, Any] = {"float": 2.0, "int": 2}
    return error(*(values.get(str(one.annotation), f"the {one.name}") for one in parameters))


def prepared(cli: CommandLine, command: str, answer: Any) -> list[str]:
    """The words of a command whose service answers that, or raises it."""
    service, words = COMMANDS[command]
    (cli.fail if isinstance(answer, BaseException) else cli.answer)(service, answer)
    cli.type(PASTED.encode())
    return words


@JSON
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_each_error_is_one_line_and_its_status(
    cli: CommandLine, error: type[MxVerdictError], option: tuple[str, ...]
) -> None:
    raised = made(error)
    done = cli.run(*prepared(cli, "preview", raised), *option)
    assert raised.exit_status in (2, 3, 4)
    done.refused(raised.exit_status, " ".join(str(raised).split()), raised.hint)


@JSON
@pytest.mark.parametrize(
    "raised",
    [UsageError("no such thing"), HostError("Exim is gone"), WindowCloseError("window 7 does not close")],
    ids=lambda raised: type(raised).__name__,
)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_its_service_says(
    cli: CommandLine, command: str, raised: MxVerdictError, option: tuple[str, ...]
) -> None:
    done = cli.run(*prepared(cli, command, raised), *option)
    done.refused(raised.exit_status, str(raised), raised.hint)


@JSON
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_roots_alone(cli: CommandLine, command: str, option: tuple[str, ...]) -> None:
    words = prepared(cli, command, AssertionError("asked by nobody"))
    cli.monkeypatch.setattr(os, "geteuid", lambda: 1000)
    cli.run(*words, *option).refused(2, "only root can ask Exim and change its lists", UsageError.hint)
    assert cli.called(COMMANDS[command][0]) == []


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_window_that_fails_to_close_is_the_status_of_every_command(name: str, cli: CommandLine) -> None:
    words = OUTPUTS[name](cli)
    usual = cli.run(*words, "--json")
    cli.stuck("Exim is\x1b[2J gone")
    done = cli.run(*words, "--json")
    assert done.json.keys() == usual.json.keys()
    if name == "selfcheck":  # its page says so
        assert (done.status, done.err) == (usual.status, usual.err)
        return
    assert (done.status, usual.status in (0, 1, 2, 3)) == (4, True)
    told = [line for line in done.err.splitlines() if "window 7 FAILED TO CLOSE: Exim is" in line]
    assert len(told) == 1
    assert "\x1b" not in told[0]
    assert len(done.err.splitlines()) == len(usual.err.splitlines()) + 1


def test_a_journal_that_cannot_be_read_is_said_and_stops_no_look(cli: CommandLine) -> None:
    for name in ("service.close_due", "queries.open_windows"):
        cli.fail(f"window.{name}", JournalError("the journal is damaged"))
    cli.answer("collect.collector.preview_addresses", ())
    done = cli.run("preview", "192.0.2.1", "--json")
    assert (done.status, done.json["previews"]) == (3, [])
    assert done.err == f"mxverdict: the journal is damaged. {JournalError.hint}\n"
    cli.run("window", "list").refused(3, "the journal is damaged", JournalError.hint)


def test_a_refusal_keeps_its_status_where_the_journal_cannot_be_read(cli: CommandLine) -> None:
    cli.fail("window.queries.open_windows", JournalError("the journal is damaged"))
    cli.fail("collect.collector.preview_addresses", WindowRefused("no"))
    done = cli.run("preview")
    assert done.status == 2
    assert [line.partition(". ")[0] for line in done.err.splitlines()] == [
        "mxverdict: the journal is damaged", "mxverdict: no",
    ]  # fmt: skip


def test_what_is_wrong_with_the_installation_is_said_beside_the_answer(cli: CommandLine) -> None:
    cli.answer("installation.python_changed", InstallationBroken("Python has changed"))
    cli.answer("installation.keeper_failure", KeeperFailed("12:00", "no Python"))
    done = cli.run("testers", "list", "--json")
    assert (done.status, [one.partition(": ")[2][:16] for one in done.err.splitlines()]) == (
        0, ["Python has chang", "the keeper, whic"],
    )  # fmt: skip
    assert done.json["testers"]


@pytest.mark.parametrize("status", [0, 3, 4])
def test_the_keepers_status_is_the_programs(cli: CommandLine, status: int) -> None:
    cli.stuck()
    cli.answer("window.keeper.main", status)
    done = cli.run("keeper")
    assert (done.status, done.out, done.err) == (status, "", "")


@JSON
def test_damaged_files_of_ours_are_named(cli: CommandLine, option: tuple[str, ...]) -> None:
    cli.answer("installation.cause", InstallationBroken("files are damaged: a.py"))
    done = cli.run(*prepared(cli, "log", ImportError("a")), *option)
    done.refused(3, "files are damaged: a.py", InstallationBroken.hint)


def test_what_nobody_expected_is_not_hidden(cli: CommandLine) -> None:
    cli.answer("installation.cause", None)
    with pytest.raises(ZeroDivisionError):
        cli.run(*prepared(cli, "log", ZeroDivisionError("a defect")))


def test_ctrl_c(cli: CommandLine) -> None:
    done = cli.run(*prepared(cli, "log", KeyboardInterrupt()))
    assert (done.status, done.out, done.err) == (130, "", "mxverdict: stopped\n")


@pytest.mark.parametrize("raised", [MemoryError(), None], ids=["memory", "thread"])
def test_too_little_memory(cli: CommandLine, raised: object) -> None:
    words = prepared(cli, "preview", raised)
    if raised is None:
        cli.monkeypatch.setattr(threading.Thread, "start", _no_thread)
        cli.monkeypatch.setattr(
            "mxverdict.collect.collector.preview_addresses", lambda *_: threading.Thread(target=print).start()
        )
    cli.run(*words).refused(3, "there is not enough memory. Free some, or raise the limit (ulimit -v)")


def _no_thread(*_: object, **__: object) -> None:
    raise RuntimeError("can't start new thread")


def test_a_full_disk(cli: CommandLine) -> None:
    left = []
    cli.monkeypatch.setattr(program, "detach_stdout", lambda: left.append("stdout"))
    done = cli.run(*prepared(cli, "log", OSError(errno.ENOSPC, "No space left on device")))
    done.refused(3, "the output cannot be written: No space left on device")
    assert left == ["stdout"]


def test_nobody_reads_what_is_printed(cli: CommandLine) -> None:
    left = []
    cli.monkeypatch.setattr(program, "detach_stdout", lambda: left.append("stdout"))
    done = cli.run(*prepared(cli, "log", BrokenPipeError()))
    assert (done.status, done.out, done.err, left) == (0, "", "", ["stdout"])


def test_an_error_of_a_busy_server_names_no_terminal_codes(cli: CommandLine) -> None:
    done = cli.run(*prepared(cli, "log", WindowLockedError("busy\x1b[2J\nnow")), "--json")
    done.refused(3, "busy", WindowLockedError.hint)
    assert "\x1b" not in done.err + done.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["wander"], "invalid choice"),
        (["check", "--timeout", "0"], "'0' is no number of seconds up to 600"),
        (["check", "--budget", "soon"], "'soon' is no number of seconds up to 600"),
        (["log", "--since", "0m"], "'0m' is no time such as 30m, 24h, 7d or 4w"),
        (["log", "--since", "yesterday"], "is no time such as"),
        (["window", "close", "x"], "'x' is not the number of a window"),
        (["window", "open", "--minutes", "5", "--permanent"], "not allowed with argument"),
        (["check", "--whm-insecure", "--whm-ca", "f"], "not allowed with argument"),
        (["outbound", "--send", "--callback"], "not allowed with argument"),
        (["testers"], "the following arguments are required: ACTION"),
    ],
)
def test_wrong_usage(cli: CommandLine, words: list[str], line: str) -> None:
    assert line in cli.usage(*words)


def test_the_version(cli: CommandLine) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.run("--version")
    assert (ended.value.code, cli.capsys.readouterr().out) == (0, f"mxverdict {__version__}\n")


def test_standard_streams_that_are_closed_lead_nowhere(cli: CommandLine) -> None:
    words = prepared(cli, "preview", ())
    for name in ("stdin", "stdout", "stderr"):
        cli.monkeypatch.setattr(f"sys.{name}", None)
    assert program.main(words) == 0


def test_only_a_window_that_fails_to_close_is_the_status(cli: CommandLine) -> None:
    cli.answer("window.queries.open_windows", [window(id=1), window(id=2, state="closing")])
    cli.answer("collect.collector.preview_addresses", ())
    done = cli.run("preview")
    assert (done.status, done.err) == (0, "")
