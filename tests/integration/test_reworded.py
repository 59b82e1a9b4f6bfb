"""No decision hangs on wording: with every English text replaced by nonsense all are the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SUITES = (
    "tests/unit/judge",
    "tests/unit/pasted",
    "tests/unit/window",
    "tests/unit/report",
)
_MIN_SHARE = 0.9
"""Of the decisions, those made before a test stops at a text."""


def _decisions(folder: Path, **environment: str) -> dict[str, Counter[str]]:
    path = folder / "decisions.json"
    options = ["-q", "-p", "tests.reworded", "-p", "no:cacheprovider", "-m", "not slow", "--seed", "1"]
    command = [sys.executable, "-m", "pytest", *options, f"--basetemp={folder / 'tests'}", *_SUITES]
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": "plugin", "MXVERDICT_DECISIONS": str(path)}
    done = subprocess.run(
        command, cwd=_ROOT, env={**variables, **environment}, capture_output=True, check=False
    )
    assert done.returncode in (0, 1), done.stdout[-3000:]
    return {test: Counter(found) for test, found in json.loads(path.read_text(encoding="utf-8")).items()}


def test_decisions_are_the_same_with_every_text_replaced(tmp_path: Path) -> None:
    (tmp_path / "english").mkdir()
    (tmp_path / "nonsense").mkdir()
    english = _decisions(tmp_path / "english")
    reworded = _decisions(tmp_path / "nonsense", MXVERDICT_NONSENSE="1")
    other = {test: found - english.get(test, Counter()) for test, found in reworded.items()}
    assert {test: found for test, found in other.items() if found} == {}
    made, wanted = (sum(sum(found.values()) for found in each.values()) for each in (reworded, english))
    assert wanted > 5_000
    assert made > _MIN_SHARE * wanted, (made, wanted)
