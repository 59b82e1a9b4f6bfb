"""Whatever the files hold that the product keeps for itself: a line about it, or none, never a traceback."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from mxverdict.cli.main import main
from mxverdict.host import Host
from tests.output_schema import validated
from tests.unit.web.cgi import call

pytestmark = [pytest.mark.slow, pytest.mark.random]

FILES = [
    "audit.jsonl", "jobs/check.json", "jobs/check.part", "jobs/log.json", "journal.copy.sqlite",
    "journal.sqlite", "keeper.error", "mainlog.json", "running.1", "settings.json", "testers.json",
    "traffic.sqlite", "web-secret", "web.log",
]  # fmt: skip
VALUES: list[object] = [None, True, -1, 1e308, 10**400, "", "\x1b[2J\u202e", [], {}, [[{}]], {"a": [1, None]}]
"""What may stand where something else is expected."""


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "zeros": b"\0" * 5000,
    "bytes": bytes(range(256)) * 20,
    "one line": b"x" * 100_000,
    "digits": b"9" * 5000,
    "not a number": b'{"schema": NaN, "windows": Infinity}\n',
    "deep": _nested(100_000),
    "half a line": b'{"at": "2026-11-29T10:00:00Z", "action": "op',
    "surrogate": b'{"reason": "\\ud800", "schema": 1}\n',
    **{f"value {index}": f"{json.dumps(value)}\n".encode() for index, value in enumerate(VALUES)},
}
TURNS = 3
"""Of the contents for each file, drawn by the seed: a soak comes to all."""
PAGES = ["", "view=history", "view=log", "view=settings", "view=domain&domain=shop.example"]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host(tmp_path)
    host.state.mkdir(parents=True, mode=0o700)
    (host.state / "jobs").mkdir()
    host.exim_mainlog.parent.mkdir(parents=True)
    host.exim_mainlog.write_text("2026-11-29 10:00:00 exim 4.96 daemon started: pid=1\n")
    monkeypatch.setenv("MXVERDICT_ROOT", str(tmp_path))
    return host


def look(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    """Let everything look that reads what is kept."""
    for query in PAGES:
        page = call(host, query)
        assert page.status == 200, query
        assert "incident" not in page.body, query
    for words in (["window", "list"], ["log"], ["testers", "list"], ["log", "--json"], ["keeper"]):
        try:
            status = main(words)
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert status in (0, 1, 2, 3, 4), words
        assert "Traceback" not in err + out, words
        assert "\x1b" not in err + out, words
        assert len(err.splitlines()) <= 3, (words, err)
        if "--json" in words:
            validated(words, out)


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("name", FILES)
def test_any_content(
    host: Host, name: str, turn: int, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(f"{pytestconfig.option.seed} {name}")
    content = draw.sample(sorted(CONTENTS), TURNS)[turn]
    (host.state / name).write_bytes(CONTENTS[content])
    look(host, capsys)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
@pytest.mark.parametrize("name", FILES)
def test_no_file(
    host: Host, name: str, make: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    make(host.state / name)
    look(host, capsys)
