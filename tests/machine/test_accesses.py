"""install.sh and uninstall.sh access no path that a customer controls, except random names of their own in
/tmp."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.machine.machine import CLONE, WHEELS
from tests.machine.server import INSTALL, UNINSTALL, Server
from tests.tenant.accesses import Access, accesses, traced_with_programs

MALLORY = 4242
HOME = "/home/mallory"
OURS_IN_TMP = re.compile(r"/tmp/(tmp\.\w{10}|(tmp)?\w{8}|pip-[\w-]+)(/.*)?")
"""mktemp's names, Python's and pip's: drawn at random, made with O_EXCL or mkdir."""
HARMLESS = {
    Access("read", HOME): "the shell asks where it is, then leaves",
    Access("read", f"{HOME}/."): "the same",
    Access("read", "/etc/exim.key"): "pip looks which files below /etc tell the distribution; none is opened",
}
WRITABLE = stat.S_IWGRP | stat.S_IWOTH


@pytest.fixture
def customer(server: Server) -> Server:
    """A customer whose home is full of traps, and so are all the folders that anybody may write to."""
    home = server.disk / HOME.lstrip("/")
    home.mkdir(parents=True)
    for name in ("venv", "pip", "ensurepip", "sitecustomize", "sqlite3", "encodings"):
        (home / f"{name}.py").write_text(f"open('{HOME}/sprung', 'a').write(__name__)\n")
    for name in ("python3", "python3.13", "pip", "install", "mktemp", "flock", "systemctl"):
        (home / name).write_text(f"#!/bin/sh\necho {name} >>{HOME}/sprung\n")
        (home / name).chmod(0o755)
    done = server.run("chown", "-R", f"{MALLORY}:{MALLORY}", HOME)
    assert done.returncode == 0, done.stderr
    return server


def run(server: Server, log: Path, script: str) -> set[Access]:
    """Run the script from the customer's home, with all the variables of a customer's liking."""
    environment = {
        "HOME": HOME, "PATH": f"{HOME}:/usr/bin:/bin", "TMPDIR": HOME, "PYTHONPATH": HOME, "PYTHONHOME": HOME,
        "BASH_ENV": f"{HOME}/python3", "ENV": f"{HOME}/python3", "XDG_CACHE_HOME": HOME,
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS,
    }  # fmt: skip
    command = server.inside("/bin/sh", "-c", 'cd "$1" && exec "$2"', "sh", HOME, script)
    traced = [*traced_with_programs(log), *command]
    done = subprocess.run(traced, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return accesses(log, {})


def customers_say(server: Server, path: str) -> bool:
    """Whether somebody besides root controls what the path resolves to, as the disk is now."""
    here = server.disk
    for part in Path(path).parts[1:]:
        here /= part
        try:
            status = here.lstat()
        except OSError:
            return False
        if status.st_uid != 0 or (not stat.S_ISLNK(status.st_mode) and status.st_mode & WRITABLE):
            return True
    return False


def theirs(server: Server, found: Iterable[Access]) -> list[str]:
    return sorted(
        f"{one.how} {one.what}"
        for one in found
        if one.what.startswith("/")
        and not one.what.startswith(("/proc/", "/dev/", f"{CLONE}/", f"{WHEELS}/"))
        and one.what not in ("/tmp", CLONE, WHEELS)
        and one not in HARMLESS
        and not OURS_IN_TMP.fullmatch(one.what)
        and customers_say(server, one.what)
    )


def test_no_path_of_a_customer_is_accessed(customer: Server, tmp_path: Path) -> None:
    seen = run(customer, tmp_path / "install", INSTALL)
    assert Access("write", "/etc/cron.d/.mxverdict-new") in seen
    assert Access("run", "/usr/bin/flock") in seen
    assert not theirs(customer, seen), "\n".join(theirs(customer, seen))
    seen = run(customer, tmp_path / "uninstall", UNINSTALL)
    assert Access("write", "/var/lib/mxverdict") in seen
    assert not theirs(customer, seen), "\n".join(theirs(customer, seen))
    assert not (customer.disk / HOME.lstrip("/") / "sprung").exists()
