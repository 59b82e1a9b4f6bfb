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
