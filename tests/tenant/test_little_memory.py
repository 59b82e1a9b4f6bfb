"""A server without memory to spare: a command that gets too little of it says so in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

STEP = 4 * 1024 * 1024
LEAST_TRIED = 4 * STEP
ENOUGH = 16
"""Steps above what the smallest command needs: what all of them can do with."""


def run(root: Path, memory: int, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["prlimit", f"--as={memory}", sys.executable, "-m", "mxverdict.cli.main", *words],
        env={**os.environ, "MXVERDICT_ROOT": str(root), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def starts(memory: int) -> bool:
    """With much too little of it the interpreter may not even come to its end."""
    try:
        return run(Path("/nowhere"), memory, "--version").returncode == 0
    except subprocess.TimeoutExpired:
        return False


@pytest.fixture(scope="module")
def least() -> int:
    """Bytes of address space with which Python can import the command line."""
    return next(
        size for size in count(STEP, STEP) if run(Path("/nowhere"), size, "--version").returncode == 0
    )


@pytest.mark.parametrize(
    "words", [["log"], ["check", "192.0.2.1"], ["selfcheck"]], ids=lambda words: words[0]
)
def test_too_little_memory_is_said_in_one_line(tmp_path: Path, least: int, words: list[str]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "var/lib/mxverdict").mkdir(parents=True)
    said = []
    for step in range(2, ENOUGH, 2):
        done = run(tmp_path, least + step * STEP, *words)
        assert "Traceback" not in done.stderr, (step, done.stderr)
        if "not enough memory" in done.stderr:
            assert (done.returncode, done.stderr.count("\n")) == (3, 1), (step, done.stderr)
            said.append(step)
    assert said
    assert ENOUGH - 2 not in said
