"""The ready whmapi1 answers as the command does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.sandbox.whm import faults, install
from tests.sandbox.whm.ready_whmapi1 import COMMAND

CALLS: tuple[list[str], ...] = (
    ["--output=json", "version"],
    ["--output=jsonpretty", "gethostname"],
    ["get_domain_info"],
    ["--output=json", "batch", "command-0=gethostname?", "command-1=listips?"],
    ["--output=json", "get_tweaksetting", "module=Basic", "key=CONTACT%45MAIL"],
    ["--output=json", "restartservice", "service=nothing"],
    ["--output=json", "no_such_function"],
    ["no_such_function", "name=zwölf %C3%BC"],
    [],
)


def _said(root: Path) -> list[tuple[int, bytes, bytes]]:
    done = [subprocess.run([root / COMMAND, *words], capture_output=True, check=False) for words in CALLS]
    return [(one.returncode, one.stdout, one.stderr) for one in done]


def test_the_answers_are_the_same(tmp_path: Path) -> None:
    install.install(tmp_path)
    (tmp_path / "sandbox/faults/whmapi1-exit-status").write_text("7")
    assert faults.is_on(tmp_path, "whmapi1-exit-status")
    before = _said(tmp_path)
    assert {status for status, _, _ in before} == {0, 1, 7}
    command = [sys.executable, "-m", "tests.sandbox.whm.ready_whmapi1", "--root", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as ready:
        try:
            assert ready.stdout is not None
            assert ready.stdout.readline() == b"ready\n"
            assert (tmp_path / COMMAND).read_text().startswith("#!/usr/bin/perl\n")
            assert _said(tmp_path) == before
        finally:
            ready.kill()
