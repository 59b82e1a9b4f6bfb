"""A sandbox that looks like an installed server, its self-check, and ways to make one answer wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

from tests.integration.windows import Windows
from tests.output_schema import validated
from tests.sandbox.box import Sandbox
from tests.sandbox.plugin import install_plugin
from tests.sandbox.server_files import REPOSITORY

_SYSTEMCTL = """#!/bin/sh
case "$2" in
*.timer) cat {folder}/timer ;;
*.service) cat {folder}/service ;;
esac
"""
_UNITS = REPOSITORY / "plugin/units"
_CLI = "{before}\nimport sys\nfrom mxverdict.cli.main import main\nsys.exit(main(sys.argv[1:]))\n"
_WHMAPI1 = """#!{python} -IS
import json, subprocess, sys
done = subprocess.run([{original!r}, *sys.argv[1:]], capture_output=True, text=True)
answer = json.loads(done.stdout)
words = sys.argv[2:]
def edit(answer, words):
{edit}
print(json.dumps(edit(answer, words) or answer))
sys.exit(done.returncode)
"""


class Server:
    """The sandbox with the keeper's files, logrotate, a rotated log, a session in the log, and a systemd that
    says what the files in `systemd` hold."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.root = box.root
        self.windows = Windows(box)
        self.host = self.windows.host
        self.systemd = self.root / "sandbox/systemd"
        install_plugin(self.root)
        box.start_ready("ready_whmapi1")
        self.host.sendmail.unlink()
        shutil.copy2(self.host.exim, self.host.sendmail)
        self._lay_keeper()
        self.host.logrotate.mkdir(parents=True)
        (self.host.logrotate / "exim").write_text("/var/log/exim_*log {\n    weekly\n    rotate 4\n}\n")
        self.host.exim_mainlog.with_name("exim_mainlog-20261122.gz").write_bytes(b"")
        box.visit(patience=1)

    def _lay_keeper(self) -> None:
        self.systemd.mkdir()
        self.host.systemd_running.mkdir(parents=True)
        self.host.systemctl.parent.mkdir(parents=True, exist_ok=True)
        self.host.systemctl.write_text(_SYSTEMCTL.format(folder=self.systemd))
        self.host.systemctl.chmod(0o755)
        self.host.python.symlink_to(os.path.realpath(sys.executable))
        for path in (self.host.keeper_unit, self.host.keeper_timer, self.host.keeper_cron):
            path.parent.mkdir(parents=True, exist_ok=True)
        text = (_UNITS / "mxverdict-keeper.timer").read_text()
        self.host.keeper_timer.write_text(text)
        self.host.keeper_unit.write_text(
            "[Service]\nType=oneshot\nExecStart=/usr/bin/python3 -I -S /opt/mxverdict/keeper.py\n"
        )
        self.host.keeper_cron.write_text("* * * * * root /opt/mxverdict/bin/keeper\n")
        self.say_systemd()

    def say_systemd(self, *, active: str = "active", ago: float = 10.0, status: int = 0) -> None:
        started = int((time.monotonic() - ago) * 1e6) if ago >= 0 else 0
        result = "success" if status == 0 else "exit-code"
        (self.systemd / "timer").write_text(f"ActiveState={active}\nUnitFileState=enabled\n")
        (self.systemd / "service").write_text(
            f"ExecMainStartTimestampMonotonic={started}\nExecMainStatus={status}\nResult={result}\n"
        )

    def run(self, *words: object, before: str = "") -> subprocess.CompletedProcess[str]:
        return self.box.run([sys.executable, "-c", _CLI.format(before=before), "selfcheck", *words])

    def page(self, *, before: str = "") -> Any:
        done = self.run("--json", before=before)
        assert done.stderr == "", done.stderr
        return validated(["selfcheck"], done.stdout)

    def states(self, *, before: str = "") -> dict[str, str]:
        return {one["id"]: one["state"] for one in self.page(before=before)["items"]}


@contextmanager
def replaced(path: Path, text: Optional[str]) -> Iterator[None]:
    """The file with another content, or (None) without it; its times, owner and mode stay."""
    kept = path.with_name(f".kept.{path.name}")
    path.rename(kept)
    try:
        if text is not None:
            shutil.copy2(kept, path)
            path.write_text(text)
            status = kept.stat()
            os.chown(path, status.st_uid, status.st_gid)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        yield
    finally:
        path.unlink(missing_ok=True)
        kept.rename(path)


@contextmanager
def changed(path: Path, *edits: tuple[str, str]) -> Iterator[None]:
    """The file with parts of its text replaced."""
    text = path.read_text()
    for old, new in edits:
        assert old in text, (path, old)
        text = text.replace(old, new)
    with replaced(path, text):
        yield


@contextmanager
def with_mode(path: Path, mode: int, owner: Sequence[int] = ()) -> Iterator[None]:
    status = path.stat()
    if owner:
        os.chown(path, *owner)
    path.chmod(mode)
    try:
        yield
    finally:
        os.chown(path, status.st_uid, status.st_gid)
        path.chmod(status.st_mode & 0o7777)


@contextmanager
def added(path: Path, text: str = "") -> Iterator[None]:
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink()


@contextmanager
def edited_answers(server: Server, edit: str) -> Iterator[None]:
    """WHM's answers as `edit` (lines of Python with `answer` and `words`) leaves them."""
    program = server.host.whmapi1
    original = program.with_name("whmapi1.original")
    program.rename(original)
    body = "\n".join(f"    {line}" for line in edit.splitlines())
    program.write_text(_WHMAPI1.format(python=sys.executable, original=str(original), edit=body))
    program.chmod(0o755)
    try:
        yield
    finally:
        original.replace(program)
