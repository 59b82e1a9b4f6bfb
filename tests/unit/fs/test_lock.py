"""One at a time, and a dead holder does not count."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mxverdict.errors import JournalError, WindowLockedError
from mxverdict.fs.lock import exclusive
from mxverdict.host import Host

HOLD = """
import sys, time
from mxverdict.host import Host
from mxverdict.fs.lock import exclusive
with exclusive(Host(sys.argv[1]), "whitelist", 0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_at_a_time(tmp_path: Path) -> None:
    host = Host(tmp_path)
    with exclusive(host, "whitelist", 0):
        inode = host.lock("whitelist").stat().st_ino
        with pytest.raises(WindowLockedError), exclusive(host, "whitelist", 0.1):
            pass
    with exclusive(host, "whitelist", 0):
        assert host.lock("whitelist").stat().st_ino == inode
    assert host.lock("whitelist").stat().st_mode & 0o777 == 0o600


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    plugin = str(Path(__file__).parents[3] / "plugin")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, env={"PYTHONPATH": plugin}
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(WindowLockedError), exclusive(Host(tmp_path), "whitelist", 0):
            pass
        holder.send_signal(signal.SIGKILL)
        with exclusive(Host(tmp_path), "whitelist", 5):
            pass


def test_the_commands_of_the_holder_do_not_hold_it(tmp_path: Path) -> None:
    host = Host(tmp_path)
    with exclusive(host, "whitelist", 0):
        child = host.start(["/bin/sleep", "60"])
    try:
        with exclusive(host, "whitelist", 0):
            pass
    finally:
        child.kill()
        child.communicate()


def test_a_symbolic_link_is_no_lock(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.state.mkdir(parents=True)
    host.lock("whitelist").symlink_to("/dev/null")
    with pytest.raises(JournalError), exclusive(host, "whitelist", 0):
        pass
