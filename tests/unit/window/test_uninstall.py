"""uninstall.sh closes windows with a bare Python, even where the packages of the product are gone."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
SCRIPTS = re.findall(r"<<'PYTHON'.*?\n(.*?)\nPYTHON\n", (REPOSITORY / "uninstall.sh").read_text(), re.DOTALL)


@pytest.mark.parametrize("script", SCRIPTS, ids=["windows", "permanent entries"])
def test_its_imports_need_the_standard_library_alone(script: str) -> None:
    imports = [node for node in ast.parse(script).body if isinstance(node, (ast.Import, ast.ImportFrom))]
    lines = ["import sys", "sys.path.insert(0, sys.argv[1])", *map(ast.unparse, imports)]
    command = [sys.executable, "-I", "-S", "-B", "-c", "\n".join(lines), str(REPOSITORY / "plugin")]
    assert len(imports) > 1
    subprocess.run(command, check=True)


def test_a_journal_that_cannot_be_read_is_said_with_what_to_do(tmp_path: Path) -> None:
    state = tmp_path / "var/lib/mxverdict"
    state.mkdir(parents=True)
    (state / "journal.sqlite").write_text("no database" * 1000)
    script = SCRIPTS[0].replace('"/"', repr(str(tmp_path)))
    command = [sys.executable, "-I", "-S", "-B", "-c", script, str(REPOSITORY / "plugin")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("mxverdict: the journal ")
    assert "move journal.sqlite and journal.copy.sqlite away" in done.stderr
