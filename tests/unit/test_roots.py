"""The functions of `tests/roots.sh` that need no Debian mirror, and what `tests/run` refuses."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def _bash(script: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    program = f". tests/roots.sh; roots=$1; {script}"
    return subprocess.run(
        ["bash", "-c", program, "bash", folder],
        cwd=REPOSITORY, input=stdin, capture_output=True, text=True, check=False,
    )  # fmt: skip


MAKE = 'make() { echo made >>"$roots/calls"; mkdir "$2"; echo "$1" >"$2/content"; }; '


def test_a_root_is_made_once(tmp_path: Path) -> None:
    for _ in range(2):
        assert _bash(f'{MAKE} _keep "$roots/x" make y', tmp_path).returncode == 0
    assert (tmp_path / "x/content").read_text() == "y\n"
    assert (tmp_path / "calls").read_text() == "made\n"


@pytest.mark.parametrize("change", ["month=x", "_debootstrap() { :; }", "need_for_sandbox() { need x x; }"])
def test_another_content_is_another_folder(change: str, tmp_path: Path) -> None:
    before, after = _bash(f"exim_tree sid; {change}; exim_tree sid", tmp_path).stdout.split()
    assert before != after
    assert Path(before).parent == Path(after).parent == tmp_path


@pytest.mark.parametrize("end", ["return 7", "kill -KILL $BASHPID"])
def test_a_root_that_was_not_finished_is_made_anew(end: str, tmp_path: Path) -> None:
    broken = f'half() {{ mkdir "$1"; touch "$1/half"; {end}; }}; _keep "$roots/x" half'
    assert _bash(broken, tmp_path).returncode != 0
    assert not (tmp_path / "x").exists()
    assert _bash(f'{MAKE} _keep "$roots/x" make y', tmp_path).returncode == 0
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["content"]


def test_two_runs_at_once_make_it_once(tmp_path: Path) -> None:
    keep = '_keep "$roots/x" slow y'
    slow = f'{MAKE} slow() {{ sleep 0.5; make "$@"; }}; {keep} & {keep}; wait $!'
    assert _bash(slow, tmp_path).returncode == 0
    assert (tmp_path / "calls").read_text() == "made\n"


def test_a_root_that_nobody_needs_goes_unless_it_is_in_use(tmp_path: Path) -> None:
    long_ago = time.time() - 41 * 24 * 3600
    for name in ("old", "used"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.lock").touch()
        os.utime(tmp_path / f"{name}.lock", (long_ago, long_ago))
    with (tmp_path / "used.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert _bash(f'{MAKE} _keep "$roots/x" make y', tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["used", "x"]


@pytest.mark.parametrize(
    ("suite", "version", "status"),
    [
        ("sid", "4.98.2", 1),
        ("sid", "4.99", 0),
        ("sid", "4.100.1", 0),
        ("sid", "5.0", 0),
        ("sid", "", 1),
        ("bookworm", "4.96", 0),
        ("bookworm", "4.97", 1),
        ("bookworm", "4.960", 1),
        ("trixie", "4.98.2", 0),
        ("bullseye", "4.94.2", 0),
    ],
)
def test_the_exim_of_a_suite_is_the_one_of_the_table(
    suite: str, version: str, status: int, tmp_path: Path
) -> None:
    says = f"Exim version {version} #2 built 17-Oct-2026 11:16:20"
    done = _bash(f'in_root() {{ echo "{says}"; }}; exim_of {suite}', tmp_path)
    assert (done.returncode, done.stdout) == (status, f"{version}\n")


@pytest.mark.parametrize(
    ("lines", "archive"),
    [
        ("main bookworm-security http://a/\nstable bookworm http://b/\nmain bookworm http://c/", "http://c/"),
        ("main stable http://browser/\nmain bookworm http://c/\nmain bookworm http://d/", "http://c/"),
        ("main nodistro http://x/\nmain unstable http://c/", "http://c/"),
        ("contrib bookworm http://x/", ""),
    ],
)
def test_the_mirror_is_the_one_of_this_machines_apt(lines: str, archive: str, tmp_path: Path) -> None:
    assert _bash("main_archive bookworm", tmp_path, lines).stdout == f"{archive}\n"


@pytest.mark.parametrize(
    "arguments",
    [["--exim"], ["--exim", "buzz"], ["--exim", ""], ["--quick", "x"], ["--full", "x"], ["--soak"]],
)
def test_wrong_usage_is_one_line(arguments: list[str]) -> None:
    done = subprocess.run(
        [REPOSITORY / "tests/run", *arguments], cwd="/", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert done.stderr.startswith("tests/run: ")
