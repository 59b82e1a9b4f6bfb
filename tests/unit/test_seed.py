"""The seed that is printed is the one that the tests of each worker run with."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_TEST = """
import pytest

@pytest.mark.parametrize("case", range(12))
def test_case(case, request, record_property):
    record_property("seed", request.config.option.seed)
"""


@pytest.mark.parametrize("options", [[], ["--seed", "17"]])
def test_workers_run_with_the_seed_that_is_printed(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "test_of_seeds.py").write_text(_TEST)
    report = tmp_path / "report.xml"
    plugins = ("-p", "tests.conftest", "-p", "no:cacheprovider", "-c", "/dev/null", f"--rootdir={tmp_path}")
    chosen = ("-n", "2", "--one-in", "3", *options, f"--junitxml={report}", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *chosen],
        cwd=_ROOT,
        env={"PYTHONPATH": str(_ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = re.findall(r"--seed (\d+)", done.stdout)
    used = re.findall(r'name="seed" value="(\d+)"', report.read_text())
    assert len(used) == 4
    assert set(used) == set(printed)
    assert not options or set(used) == {"17"}
