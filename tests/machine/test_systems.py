"""The system's Python changes after install.sh: windows close all the same, and whoever looks is told.

AlmaLinux and its kin cannot be had here. Their tools are stood in for: `alternatives` by its chain of links,
Python 3.6 by a program that refuses our files as that does, other Pythons by Debian's own under their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.machine.conftest import Judge
from tests.machine.machine import WHEELS, wait_for
from tests.machine.server import INSTALL, TESTER, UNINSTALL, Server
from tests.machine.test_install import CGI
from tests.machine.test_keeper import alone, open_both
from tests.machine.trial import Trial
from tests.unit.install.product import OLD_PYTHON

pytestmark = pytest.mark.slow

LINK = "usr/bin/python3"
ALTERNATIVE = "etc/alternatives/python3"
FALLBACK = "usr/local/bin/python3.9"
CHANGED = "Python has changed since MX Verdict was installed"
NONE = "no Python 3.9 or later is installed"
EL8 = 'ID="almalinux"\nVERSION_ID="8.10"\nID_LIKE="rhel centos fedora"\n'
REQUEST = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/cgi/addons/mxverdict/index.cgi",
    "REMOTE_USER": "root",
    "cp_security_token": "/cpsess1234567890",
}


class El8(Server):
    """Has Python 3.6, Debian's own Python by the name it has there, and a link to switch between them."""

    python = "/usr/lib/sandbox/python3"

    def become_el8(self) -> None:
        self.own = self.run("readlink", "-f", f"/{LINK}").stdout.strip().rpartition("/")[2]
        self.run("install", "-D", f"/usr/bin/{self.own}", self.python)
        (self.disk / "etc/os-release").unlink()
        (self.disk / "etc/os-release").write_text(EL8)
        old = self.disk / "usr/libexec/platform-python3.6"
        old.write_text(OLD_PYTHON)
        old.chmod(0o755)
        (self.disk / "usr/bin/python3.6").symlink_to("/usr/libexec/platform-python3.6")
        (self.disk / LINK).unlink()
        (self.disk / LINK).symlink_to(f"/{ALTERNATIVE}")
        (self.disk / ALTERNATIVE).symlink_to(f"/usr/bin/{self.own}")

    def switch_to(self, python: str) -> None:
        """As `alternatives --set python3` does."""
        self.run("ln", "-sfn", f"/usr/bin/{python}", f"/{ALTERNATIVE}")

    def page(self, *, incident: bool = False) -> str:
        done = self.run(f"/{CGI}/index.cgi", env=REQUEST)
        assert done.returncode == 0
        assert re.fullmatch(r"MX Verdict: incident .+\n" if incident else "", done.stderr)
        return done.stdout


@pytest.fixture(scope="module")
def el8() -> Iterator[El8]:
    with El8() as machine:
        machine.become_el8()
        machine.become_cpanel()
        machine.installed()
        yield machine


def test_it_is_installed_with_what_the_link_leads_to(el8: El8) -> None:
    home = el8.disk / "opt/mxverdict/current"
    assert f"\ninstalled_python=/usr/bin/{el8.own}\n" in (home / "bin/python.sh").read_text()
    assert el8.run("readlink", "-f", "/opt/mxverdict/venv/bin/python").stdout.strip() == f"/usr/bin/{el8.own}"


@pytest.mark.parametrize("left", ["timer", "cron line"])
def test_windows_close_after_the_link_was_switched_to_an_old_python(
    el8: El8, judge: Judge, left: str
) -> None:
    trial = Trial(el8)
    try:
        with alone(el8, left):
            open_both(el8, 15)
            assert el8.run("/usr/bin/python3", "-c", "").returncode == 0
            el8.switch_to("python3.6")
            assert el8.run("/usr/bin/python3", "-c", "").returncode != 0
            el8.let_time_pass()
            judge("python3 switched to 3.6", trial)
        listed = el8.run("mxverdict", "window", "list")
        assert (listed.returncode, listed.stderr) == (0, "")
        assert el8.run("mxverdict", "preview", TESTER).returncode == 0
        assert "Content-Type: text/html" in el8.page()
    finally:
        el8.switch_to(el8.own)


@pytest.mark.parametrize("left", ["timer", "cron line"])
def test_windows_close_after_the_interpreter_was_removed(el8: El8, judge: Judge, left: str) -> None:
    trial = Trial(el8)
    own = el8.disk / "usr/bin" / el8.own
    away = own.with_name("away")
    try:
        with alone(el8, left):
            open_both(el8, 15)
            el8.run("cp", el8.python, f"/{FALLBACK}")
            own.rename(away)
            el8.let_time_pass()
            judge("interpreter removed", trial)
        checked = el8.run("mxverdict", "check")
        assert checked.returncode == 3
        assert checked.stderr == f"mxverdict: {CHANGED}. Run install.sh again.\n"
        assert f"{CHANGED}.</strong> Run install.sh again." in el8.page(incident=True)
    finally:
        (el8.disk / FALLBACK).unlink(missing_ok=True)
        if away.exists():
            away.rename(own)


@pytest.mark.parametrize("left", ["timer", "cron line"])
def test_a_keeper_without_any_python_is_in_the_journal_on_page_and_command(
    el8: El8, judge: Judge, left: str
) -> None:
    trial = Trial(el8)
    own = el8.disk / "usr/bin" / el8.own
    away = own.with_name("away")
    written = el8.disk / "var/lib/mxverdict/keeper.error"
    source = ("--unit", "mxverdict-keeper.service") if left == "timer" else ("-t", "mxverdict-keeper")
    try:
        with alone(el8, left):
            open_both(el8, 15)
            own.rename(away)
            el8.let_time_pass()
            wait_for(written.exists, 70, "the keeper to fail")
            journal = ("journalctl", *source, "--priority", "err")
            wait_for(lambda: NONE in el8.run(*journal).stdout, 20, "the journal to say why")
            done = el8.run("mxverdict", "window", "list")
            assert done.returncode == 3
            assert NONE in done.stderr
            page = el8.page()
            assert page.startswith("Status: 500 ")
            assert NONE in page
            away.rename(own)
            judge("no Python for a while", trial)
        assert not written.exists()
    finally:
        if away.exists():
            away.rename(own)


def test_nobody_but_root_can_lend_it_an_interpreter(el8: El8) -> None:
    own = el8.disk / "usr/bin" / el8.own
    away = own.with_name("away")
    lent = "/home/customer/python3.12"
    el8.run("install", "-D", el8.python, lent)
    try:
        own.rename(away)
        el8.run("ln", "-s", lent, "/usr/local/bin/python3.12")
        for change in (
            ("chown", "65534", lent),
            ("chown", "65534", "/home/customer"),
            ("chmod", "o+w", "/home"),
        ):
            el8.run(*change)
            assert NONE in el8.run("/opt/mxverdict/bin/keeper").stderr, change
            el8.run("chown", "0", lent, "/home/customer")
        el8.run("chmod", "o-w", "/home")
        assert el8.run("/opt/mxverdict/bin/keeper").returncode == 0
    finally:
        el8.run("rm", "-rf", "/usr/local/bin/python3.12", "/home/customer")
        away.rename(own)


def test_install_runs_nothing_of_the_folder_and_the_environment_and_waits_for_no_user(el8: El8) -> None:
    """The modules that pip and venv are looked for first, and files that any user can lock."""
    trap = el8.disk / "var/tmp/trap"
    trap.mkdir()
    for name in ("venv", "pip", "ensurepip", "sitecustomize", "sqlite3", "mxverdict"):
        (trap / f"{name}.py").write_text("open('/var/tmp/sprung', 'a').write(__name__ + '\\n')\n")
    (trap / "shell").write_text("echo shell >>/var/tmp/sprung\n")
    (trap / "python").write_text("#!/bin/sh\necho python >>/var/tmp/sprung\n")
    (trap / "python").chmod(0o755)
    environment = {
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS, "PIP_PYTHON": "/var/tmp/trap/python",
        "PIP_CONFIG_FILE": "/var/tmp/trap/pip.conf", "PYTHONPATH": "/var/tmp/trap",
        "PYTHONHOME": "/var/tmp/trap", "HOME": "/var/tmp/trap", "PATH": "/var/tmp/trap:/usr/bin:/bin",
        "BASH_ENV": "/var/tmp/trap/shell", "ENV": "/var/tmp/trap/shell",
        "BASH_FUNC_readlink%%": "() { echo function >>/var/tmp/sprung; }",
    }  # fmt: skip
    (trap / "pip.conf").write_text("[global]\npython = /var/tmp/trap/python\n")
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "flock", "-s")
    holders = [el8.start(*user, file, "sleep", "600") for file in ("/usr/local/cpanel/version", "/usr/sbin")]
    try:
        for script in (INSTALL, UNINSTALL, INSTALL):
            done = el8.run("sh", "-c", f"cd /var/tmp/trap && exec {script}", env=environment)
            assert done.returncode == 0, done.stderr
            assert not (el8.disk / "var/tmp/sprung").exists(), (el8.disk / "var/tmp/sprung").read_text()
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()


def test_a_second_install_waits_a_minute_for_the_first_and_says_so(el8: El8) -> None:
    lock = "/run/mxverdict/install.lock"
    el8.run("install", "-d", "-m", "700", "/run/mxverdict")
    hold = f"exec 9>{lock} && flock 9 && echo $$ >/var/tmp/holder && exec sleep 600"
    holder = el8.start("sh", "-c", hold)
    try:
        wait_for((el8.disk / "var/tmp/holder").exists, 10, "the lock")
        for script in (INSTALL, UNINSTALL):
            done = el8.run(script)
            assert done.returncode == 3
            assert done.stderr.count("\n") == 1
            assert "another install.sh or uninstall.sh has been running for a minute" in done.stderr
    finally:
        el8.run("sh", "-c", "kill $(cat /var/tmp/holder)")
        holder.wait()


def test_uninstall_needs_no_python_but_the_one_that_the_keeper_would_find(el8: El8) -> None:
    el8.open_window("--minutes", 200)
    own = el8.disk / "usr/bin" / el8.own
    own.rename(own.with_name("away"))
    el8.run("cp", el8.python, f"/{FALLBACK}")
    done = el8.run(UNINSTALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert not el8.exempt()
