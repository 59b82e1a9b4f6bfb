"""What closes test windows: the systemd timer, the cron line, the interpreter, and what is overdue."""

from __future__ import annotations

import re
import shlex
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Optional

from mxverdict.collect.selfcheck.files import facts, read
from mxverdict.errors import CommandNotFoundError, CommandTimeout, HostError
from mxverdict.evidence.selfcheck import FileFacts, KeeperFacts
from mxverdict.host import Host

_TIMEOUT = 10.0
_OVERDUE = 60.0
"""Seconds after its deadline by which a window is closed."""
_ERROR = "keeper.error"
"""Where a keeper that could not do its work says why."""
_MAX_UNIT = 1 << 16
_EXEC = re.compile(r"^ExecStart=[-@:+!]*(\S.*)$", re.MULTILINE)
_WORD = re.compile(r"[a-z-]{1,30}", re.ASCII)
_VERSION = re.compile(r"3\.\d{1,2}\.\d{1,2}", re.ASCII)
_PYTHON = re.compile(r"(?:platform-)?python[\d.]*")
_ASK_VERSION = "import platform, sqlite3; print(platform.python_version())"
_UNFINISHED = (
    "SELECT state, deadline FROM windows WHERE state NOT IN ('closed', 'failed')"
    " AND (kind NOT IN ('permanent', 'common_mail_providers') OR state != 'open')"
)


@dataclass(frozen=True)
class _Systemd:
    manager: str
    active: str = ""
    enabled: str = ""
    last_run: Optional[int] = None
    result: str = ""
    status: Optional[int] = None


@dataclass(frozen=True)
class _Windows:
    journal: str
    open: int = 0
    overdue: int = 0
    close_failed: int = 0


def keeper_facts(host: Host) -> KeeperFacts:
    """Never raises."""
    interpreter, version = _interpreter(host)
    cron = (read(host.keeper_cron, _MAX_UNIT) or b"").decode(errors="replace").splitlines()
    systemd, windows = _systemd(host), _windows(host)
    return KeeperFacts(
        unit=facts(host.keeper_unit, None),
        timer=facts(host.keeper_timer, None),
        cron=facts(host.keeper_cron, None),
        cron_line=any("keeper" in line and not line.lstrip().startswith("#") for line in cron),
        recorded_error=(host.state / _ERROR).exists(),
        interpreter=interpreter,
        interpreter_version=version,
        **asdict(systemd),
        **asdict(windows),
    )


def _systemd(host: Host) -> _Systemd:
    if not host.systemd_running.is_dir():
        return _Systemd("not_running")
    try:
        timer = _properties(host, host.keeper_timer.name, "ActiveState", "UnitFileState")
        service = _properties(
            host, host.keeper_unit.name, "ExecMainStartTimestampMonotonic", "ExecMainStatus", "Result"
        )
    except CommandNotFoundError:
        return _Systemd("missing")
    except CommandTimeout:
        return _Systemd("timeout")
    started = _number(service.get("ExecMainStartTimestampMonotonic"))
    return _Systemd(
        "systemd",
        _plain(timer.get("ActiveState")),
        _plain(timer.get("UnitFileState")),
        max(0, int(time.monotonic() - started / 1e6)) if started else None,
        _plain(service.get("Result")),
        _number(service.get("ExecMainStatus")),
    )


def _properties(host: Host, unit: str, *names: str) -> dict[str, str]:
    arguments = [word for name in names for word in ("-p", name)]
    said = host.run([host.systemctl, "show", unit, *arguments], timeout=_TIMEOUT).stdout
    rows = (line.partition("=") for line in said.splitlines())
    return {name: value.strip() for name, found, value in rows if found}


def _plain(text: Optional[str]) -> str:
    return text if text and _WORD.fullmatch(text) else ""


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and text.isdigit() and len(text) < 19 else None


def _interpreter(host: Host) -> tuple[Optional[FileFacts], str]:
    """The program that the unit starts, and its version when it is a Python that has what the keeper
    needs."""
    unit = (read(host.keeper_unit, _MAX_UNIT) or b"").decode(errors="replace")
    found = _EXEC.search(unit)
    try:
        program = host.root / shlex.split(found[1])[0].lstrip("/") if found else None
    except (ValueError, IndexError):
        program = None
    if program is None:
        return None, ""
    version = ""
    if _PYTHON.fullmatch(program.name):
        try:
            said = host.run([program, "-I", "-S", "-c", _ASK_VERSION], timeout=_TIMEOUT).stdout.strip()
        except HostError:
            said = ""
        version = said if _VERSION.fullmatch(said) else "none"
    return facts(program, None), version


def _windows(host: Host) -> _Windows:
    """Read without a write: what is due stays so."""
    if not host.journal.exists():
        return _Windows("unreadable" if host.journal_copy.exists() else "none")
    try:
        with closing(sqlite3.connect(f"{host.journal.as_uri()}?mode=ro", uri=True)) as connection:
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                return _Windows("none")
            rows = connection.execute(_UNFINISHED).fetchall()
    except sqlite3.Error:
        return _Windows("unreadable")
    now = time.time()
    late = [state for state, end in rows if isinstance(end, (int, float)) and end + _OVERDUE < now]
    failed = sum(state == "close_failed" for state, _ in rows)
    return _Windows("ok", len(rows), len(late), failed)
