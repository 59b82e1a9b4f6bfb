"""`mxverdict` in this process, with its services replaced."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest

from mxverdict.cli.main import _parser, main
from mxverdict.collect.server import Exim, Server
from mxverdict.evidence import DelayState, Target
from tests.output_schema import validated
from tests.unit.evidence_maker import HOSTNAME, SERVER
from tests.unit.window.rows import window as row

SERVICES: dict[str, Any] = {
    "installation.python_changed": None,
    "installation.keeper_failure": None,
    "window.service.close_due": (),
    "window.queries.open_windows": (),
    "window.queries.list_windows": (),
    "window.queries.permanent_entries": (),
    "audit.checks.audit_check": None,
    "collect.server.read_server": Server(HOSTNAME, (Target(SERVER, SERVER),), DelayState(True, 3, False)),
    "collect.server.exim_facts": Exim("4.99.1", HOSTNAME),
    "collect.server.name_of": HOSTNAME,
    "collect.outgoing.read_outgoing": (),
}
"""What they answer below `mxverdict.` unless a test says otherwise."""
_made_once = cache(_parser)


@dataclass(frozen=True)
class Call:
    """One call of a replaced service."""

    service: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]


@dataclass
class Done:
    """How a command ended."""

    words: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as its schema says. AssertionError when it is anything else."""
        return validated(self.words, self.out)

    def refused(self, status: int, message: str, advice: str = "") -> None:
        """Check that it said that in one line and nothing else, with --json in the shape of errors too."""
        assert (self.status, self.err.count("\n")) == (status, 1), self
        assert self.err.startswith(f"mxverdict: {message}"), self.err
        assert self.err.endswith(f". {advice}\n" if advice else "\n"), self.err
        if "--json" in self.words:
            found = self.json
            assert self.err == f"mxverdict: {found['error']}. {found['advice']}\n"
            assert found["exit_status"] == status
        else:
            assert self.out == ""


@dataclass
class CommandLine:
    """Runs commands and keeps what they asked of the services."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    root: Path
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monkeypatch.setattr("mxverdict.cli.main._parser", _made_once)
        self.monkeypatch.setattr(os, "geteuid", lambda: 0)
        self.monkeypatch.setenv("MXVERDICT_ROOT", str(self.root))
        for name in ("SUDO_USER", "MXVERDICT_WHM_TOKEN"):
            self.monkeypatch.delenv(name, raising=False)
        for service, answer in SERVICES.items():
            self.answer(service, answer)

    def answer(self, service: str, answer: Any) -> None:
        """Replace a function, by its name below `mxverdict.`: it answers that."""
        self._replace(service, lambda: answer)

    def fail(self, service: str, error: BaseException) -> None:
        """Replace a function, by its name below `mxverdict.`: it raises that."""

        def failing() -> NoReturn:
            raise error

        self._replace(service, failing)

    def _replace(self, service: str, act: Callable[[], Any]) -> None:
        def replaced(*arguments: Any, **named: Any) -> Any:
            self.calls.append(Call(service, arguments, named))
            return act()

        self.monkeypatch.setattr(f"mxverdict.{service}", replaced)

    def called(self, service: str) -> list[Call]:
        return [call for call in self.calls if call.service == service]

    def stuck(self, error: str = "Exim is gone") -> None:
        """Let window 7 fail to close."""
        self.answer("window.queries.open_windows", (row(id=7, state="close_failed", error=error),))

    def type(self, content: bytes) -> None:
        """Put it on standard input."""
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    def file(self, name: str, content: str) -> str:
        path = self.root / name
        path.write_text(content, encoding="utf-8")
        return str(path)

    def run(self, *words: str) -> Done:
        self.calls.clear()
        status = main(words)
        return Done(words, status, *self.capsys.readouterr())

    def usage(self, *words: str) -> str:
        """Run words that the parser refuses: nothing is asked for, and the status is 2. Return its line."""
        self.calls.clear()
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = self.capsys.readouterr()
        assert (ended.value.code, out, self.calls) == (2, "", []), err
        assert "Traceback" not in err
        return str(err.splitlines()[-1])
