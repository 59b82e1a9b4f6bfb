"""Programs that run in forks behave like those that have a Python started for them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import mounts
from tests.sandbox.box import Sandbox

SELF = """
import json, os, sys
import mxverdict.window.journal
changed = os.environ.get("CHANGED")
os.environ["CHANGED"] = "by the one before"
mxverdict.window.journal.changed = True
print(json.dumps([__name__, sys.argv, changed]), end="")
sys.exit(7)
"""
HOLDS_ITS_OUTPUT = """
import os, time
if os.fork() == 0:
    time.sleep(0.5)
    print("later", end="", flush=True)
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def test_each_is_a_program_of_its_own(box: Sandbox) -> None:
    for _ in range(2):
        done = box.run_python(SELF, "a", "b")
        assert (done.returncode, done.stdout) == (7, '["__main__", ["-c", "a", "b"], null]'), done.stderr
    done = box.run_python(SELF, env={"CHANGED": "here"})
    assert done.stdout.endswith(' "here"]')


def test_what_ends_it_is_told(box: Sandbox) -> None:
    done = box.run_python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == -9
    done = box.run_python("1 / 0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    with pytest.raises(subprocess.TimeoutExpired):
        box.run_python("import time; time.sleep(60)", timeout=0.5)
    assert box.run_python("print(1)").stdout == "1\n"


def test_it_ends_when_its_output_is_closed(box: Sandbox) -> None:
    assert box.run_python(HOLDS_ITS_OUTPUT).stdout == "later"


def test_the_keepers_has_the_standard_library_alone(box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text("import sys; print(sys.flags.isolated, sys.flags.no_site, __file__); import dns")
    done = box.run_python("", str(file), isolated=True)
    assert done.stdout == f"1 1 {file}\n"
    assert "No module named 'dns'" in done.stderr


def test_it_sees_what_is_mounted_now(box: Sandbox) -> None:
    etc = box.root / "etc"
    write = f"open({str(etc / 'new')!r}, 'w').close()"
    for _ in range(2):
        assert box.run_python(write).returncode == 0
        with mounts.read_only(etc):
            assert "Read-only file system" in box.run_python(write).stderr
    assert box.run_python(write).returncode == 0
