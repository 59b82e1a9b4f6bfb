"""What a page that holds no check costs to import: most of its time is that of importing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.server_files import REPOSITORY

_PROGRAM = """
import os, sys
sys.path.insert(0, {package!r})
from mxverdict.web import app
assert b"</html>" in b"".join(app.application(dict(os.environ), lambda *_: None))
print(*sys.modules)
"""
_NOT_SHOWN = (
    "mxverdict.services.check",
    "mxverdict.collect",
    "mxverdict.evidence.model",
    "mxverdict.pasted",
    "mxverdict.judge",
    "mxverdict.mailauth.spf",
    "mxverdict.window.service",
)
_HEAVY = ("asyncio", "concurrent.futures", "dns", "email", "gettext", "http", "logging", "ssl", "subprocess")


@pytest.mark.parametrize("view", ["domain", "explain", "history", "settings"])
def test_a_form_imports_nothing_of_what_checks(tmp_path: Path, view: str) -> None:
    environment = {"MXVERDICT_ROOT": str(tmp_path), "QUERY_STRING": f"view={view}", "REMOTE_USER": "root"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", _PROGRAM.format(package=str(REPOSITORY / "plugin"))],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = done.stdout.split()
    assert "jinja2" in imported
    assert [
        name for name in imported for one in (*_NOT_SHOWN, *_HEAVY) if f"{name}.".startswith(f"{one}.")
    ] == []
