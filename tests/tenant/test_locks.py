"""A customer can lock whatever they can open, as long as they like: nothing of ours waits for such a lock."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.fs.lock import exclusive
from mxverdict.host import Host
from mxverdict.web.http.request import HttpError
from mxverdict.web.jobs import queue
from mxverdict.window.model import WHITELIST
from tests.tenant.customer import Customer

_REPOSITORY = Path(__file__).parents[2]
_SCRIPTS = (
    "install.sh",
    "uninstall.sh",
    *(f"bin/{name}" for name in ("keeper", "lock.sh", "mxverdict", "setup.sh")),
)
_HOLD = """
count=0
for path; do
    if exec {place}<"$path" && flock -s "$place"; then count=$((count + 1)); fi 2>/dev/null
done
echo "$count"
sleep 600
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Like /run or /usr: everybody may look into it."""
    with tempfile.TemporaryDirectory(prefix="mxv-locks-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def take_lock(run: Path, wait: int = 60) -> subprocess.CompletedProcess[str]:
    """What install.sh and uninstall.sh do before anything else, with another folder for /run."""
    text = (_REPOSITORY / "bin/lock.sh").read_text()
    text = text.replace("/run/", f"{run}/").replace("-w 60", f"-w {wait}")
    fail = 'fail() { echo "install.sh: $*" >&2; exit 3; }'
    script = f"{fail}\n{text}\ntake_lock install 'another install.sh'\necho taken"
    return subprocess.run(
        ["/bin/bash", "-p", "-c", script], check=False, capture_output=True, text=True, timeout=90
    )


def held(tenant: Customer, *paths: Path) -> int:
    """How many of them the customer could lock; they stay locked."""
    process = tenant.run(["bash", "-c", _HOLD, "hold", *paths], executable="/bin/bash")
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_a_customers_locks_hold_up_no_installation(open_folder: Path, tenant: Customer) -> None:
    """Of a file and a folder that everybody can read, and of our own where they can come to it."""
    version = open_folder / "version"
    version.write_text("11.130.0.5\n")
    assert take_lock(open_folder).stdout == "taken\n"
    ours = open_folder / "mxverdict"
    assert (ours.stat().st_uid, ours.stat().st_mode & 0o7777) == (0, 0o700)
    assert held(tenant, version, open_folder, ours, ours / "install.lock") == 2
    done = take_lock(open_folder, wait=1)
    assert (done.returncode, done.stdout, done.stderr) == (0, "taken\n", "")


def test_who_waits_says_so_and_ends(open_folder: Path) -> None:
    take_lock(open_folder)
    with (open_folder / "mxverdict/install.lock").open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        done = take_lock(open_folder, wait=1)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("install.sh: another install.sh has been running for a minute; try again")


def test_nothing_else_of_ours_takes_a_lock_by_name() -> None:
    taken = {
        name: re.findall(r"^[^#\n]*\bflock\b.*$", (_REPOSITORY / name).read_text(), re.MULTILINE)
        for name in _SCRIPTS
    }
    assert {name for name, lines in taken.items() if lines} == {"bin/lock.sh"}
    assert len(taken["bin/lock.sh"]) == 1
    assert "-w 60" in taken["bin/lock.sh"][0]


def test_no_lock_of_the_pages_and_the_engine_can_be_opened(open_folder: Path, tenant: Customer) -> None:
    host = Host(open_folder)
    with exclusive(host, WHITELIST, 1):
        log.record(host, Actor("root", "cli"), "open", result="x")
    (host.state / "jobs").mkdir(mode=0o700)
    paths = [host.lock(WHITELIST), host.audit, host.state / "jobs", host.state]
    assert held(tenant, *paths) == 0
    with exclusive(host, WHITELIST, 1):
        pass


def test_a_hanging_request_holds_up_the_others_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_WAIT", 0.2)
    host = Host(tmp_path)
    folder = host.state / "jobs"
    folder.mkdir(parents=True)
    holder = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(HttpError, match="under way"):
            queue.start(host, lambda: "done", owner="bob", limited=True)
    finally:
        os.close(holder)
    assert queue.start(host, lambda: "done", owner="bob", limited=True)
