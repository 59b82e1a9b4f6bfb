"""The audit trail stays one clean JSON object a line."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.errors import JournalError
from mxverdict.host import Host

ROOT = Actor("root", "cli")


def lines(host: Host) -> list[dict[str, object]]:
    return [json.loads(line) for line in host.audit.read_text().splitlines() if line]


def test_appends_lines_only_root_can_read(tmp_path: Path) -> None:
    host = Host(tmp_path)
    log.record(host, ROOT, "open", result="ok", window=1, kind="whitelist", addresses=["1.2.3.4"], reason="x")
    log.record(host, ROOT, "close", result="closed", window=1)
    first, second = lines(host)
    assert first["window"] == 1
    assert (first["user"], first["origin"], first["action"]) == ("root", "cli", "open")
    assert (first["addresses"], first["reason"], first["result"]) == (["1.2.3.4"], "x", "ok")
    assert str(first["time"]).endswith("+00:00")
    assert second["action"] == "close"
    assert stat.S_IMODE(host.audit.stat().st_mode) == 0o600
    assert stat.S_IMODE(host.state.stat().st_mode) == 0o700


def test_hostile_text_is_visible_and_short(tmp_path: Path) -> None:
    host = Host(tmp_path)
    reason = 'a\nb\r\x1b[2J\u202e\u2028{"x":1}' + "y" * 10_000
    log.record(host, Actor("r\x00oot" * 100, "web"), "refuse", result="\x07", reason=reason)
    (entry,) = lines(host)
    text = "".join(str(value) for value in entry.values())
    assert all(char.isprintable() for char in text)
    assert str(entry["reason"]).startswith("a\\nb\\r\\x1b[2J\\u202e\\u2028{")
    assert len(str(entry["reason"])) < 400
    assert len(str(entry["user"])) < 4 * 64


def test_a_torn_last_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    host = Host(tmp_path)
    log.record(host, ROOT, "open", result="ok")
    with host.audit.open("a") as file:
        file.write('{"time": "2026')
    log.record(host, ROOT, "close", result="ok")
    assert json.loads(host.audit.read_text().splitlines()[-1])["action"] == "close"


def test_what_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.audit.mkdir(parents=True)
    with pytest.raises(JournalError, match="cannot be written"):
        log.record(host, ROOT, "open", result="ok")


@pytest.mark.slow
def test_several_writers_at_once_leave_no_empty_line(tmp_path: Path) -> None:
    """A line that crosses a page of memory is seen in part by others while it is written."""
    program = (
        "import os, sys; os.fsync = lambda _: None\n"
        "from mxverdict.host import Host; from mxverdict.audit import log\n"
        "from mxverdict.audit.actor import KEEPER\n"
        "for _ in range(800):\n"
        "    log.record(Host(sys.argv[1]), KEEPER, 'open', result='x' * 250, reason='y' * 200)\n"
    )
    package = str(Path(log.__file__).parents[2])
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env={"PYTHONPATH": package})
        for _ in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    written = Host(tmp_path).audit.read_text().splitlines()
    assert (len(written), written.count("")) == (3200, 0)
