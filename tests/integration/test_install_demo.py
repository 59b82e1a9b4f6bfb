"""install.sh --demo refuses other systems before it changes anything, and runs nothing but its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.machine.image import wheels
from tests.sandbox.server_files import REPOSITORY

DEMO = """import os, sys
print("the demo:", os.getcwd(), sys.flags.isolated, *sys.argv[1:])
"""
RUN = 'exec "$2/install.sh" --demo --once'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """All that install.sh needs until the demo starts, which is another one."""
    folder = tmp_path / "clone"
    for name in ("install.sh", "requirements.lock", "bin", "tests/packages.sh"):
        source, copy = REPOSITORY / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    demo = folder / "tests/sandbox/demo.py"
    demo.parent.mkdir()
    demo.write_text(DEMO)
    return folder


def run(
    clone: Path, before: str, *, cwd: str | Path = "/", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the demo after `before`, in a mount namespace of its own; $1 is a folder to use there."""
    return subprocess.run(
        ["unshare", "--mount", "sh", "-ec", f"{before}\n{RUN}", "sh", clone.parent, clone],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=cwd,
        env=env,
    )


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("mount -t tmpfs t /usr/local; mkdir /usr/local/cpanel; touch /usr/local/cpanel/version",
         "is a cPanel server"),
        ('printf \'ID="almalinux"\\nID_LIKE="rhel"\\n\' >"$1/el"; mount --bind "$1/el" /etc/os-release',
         "the demo needs Debian or Ubuntu"),
        ('printf \'ID="cloudlinux"\\n\' >"$1/el"; mount --bind "$1/el" /etc/os-release',
         "the demo needs Debian or Ubuntu"),
    ],
)  # fmt: skip
def test_other_systems_are_refused_in_one_line(clone: Path, before: str, words: str) -> None:
    done = run(clone, before)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert not (clone / ".demo").exists()


def test_it_runs_nothing_of_the_folder_and_the_environment(clone: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("venv", "pip", "ensurepip", "sitecustomize", "runpy"):
        (trap / f"{name}.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'a').write(__name__)\n")
    (tmp_path / "python").write_text(f"#!/bin/sh\necho python >>{tmp_path}/sprung\n")
    (tmp_path / "python").chmod(0o755)
    environment = {
        "PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels()),
        "PIP_PYTHON": str(tmp_path / "python"), "PYTHONPATH": str(trap), "HOME": str(trap),
    }  # fmt: skip
    done = run(clone, "", cwd=trap, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "the demo: / 1 --once\n"
    assert not (tmp_path / "sprung").exists(), (tmp_path / "sprung").read_text()
