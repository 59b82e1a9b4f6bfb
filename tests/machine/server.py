"""A booted cPanel server, and what its owner does to it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

from tests.machine.image import REPOSITORY
from tests.machine.machine import CLONE, WHEELS, Machine
from tests.sandbox import network

TESTER = "18.209.86.113"
INSTALL = f"{CLONE}/install.sh"
UNINSTALL = "/opt/mxverdict/uninstall.sh"
# What a machine writes by itself, and where the repository is mounted.
_VOLATILE = frozenset(
    [
        "clone",
        "wheels",
        "dev",
        "proc",
        "run",
        "sys",
        "tmp",
        "sandbox",
        "root/.cache",
        "etc/.pwd.lock",
        "usr/local/cpanel/logs",
        "var/log",
        "var/tmp",
        "var/cache",
        "var/spool",
        "var/lib/systemd",
    ]
)


class Server(Machine):
    python = "/usr/bin/python3"
    """Runs the stand-ins, and the tests' own questions."""

    def become_cpanel(self) -> None:
        done = self.run(self.python, "-IS", f"{CLONE}/tests/machine/cpanel.py")
        assert done.returncode == 0, done.stdout + done.stderr

    def install(self, *, wheels: str = WHEELS, script: str = INSTALL) -> subprocess.CompletedProcess[str]:
        """Run install.sh as it is; pip takes its files from a folder, for the machine has no network."""
        return self.run(script, env={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels})

    def installed(self) -> None:
        done = self.install()
        assert done.returncode == 0, done.stdout + done.stderr

    def open_window(self, *options: object) -> None:
        done = self.run("mxverdict", "window", "open", *options)
        assert done.returncode == 0, done.stdout + done.stderr

    @contextlib.contextmanager
    def without_cron_line(self) -> Iterator[None]:
        line = self.disk / "etc/cron.d/mxverdict"
        away = line.rename(self.disk / "root/mxverdict.cron")
        try:
            yield
        finally:
            away.rename(line)

    @contextlib.contextmanager
    def without_timer(self) -> Iterator[None]:
        self.run("systemctl", "disable", "--now", "mxverdict-keeper.timer")
        try:
            yield
        finally:
            self.run("systemctl", "enable", "--now", "mxverdict-keeper.timer")

    def product(self, code: str, *arguments: object) -> str:
        """What code prints that runs with the installed product's modules, on the system's Python."""
        path = "import sys; sys.path.insert(0, '/opt/mxverdict/plugin')\n"
        done = self.run(self.python, "-I", "-S", "-B", "-c", path + code, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def let_time_pass(self, seconds: int = 3600) -> None:
        """Make every stored time that much older, as if the windows had been opened earlier."""
        columns = ("opened_at", "armed_at", "deadline", "boot_deadline")
        changes = ", ".join(f"{column} = {column} - {seconds}" for column in columns)
        self.product(
            "import os, sqlite3\n"
            "path = '/var/lib/mxverdict/journal.sqlite'\n"
            "if os.path.exists(path):\n"
            "    with sqlite3.connect(path, timeout=30) as journal:\n"
            "        if journal.execute('PRAGMA user_version').fetchone()[0]:\n"
            f"            journal.execute('UPDATE windows SET {changes}')\n"
        )

    def windows(self) -> list[str]:
        """The states of the windows, oldest first, asked without closing any."""
        reader = (
            "import sqlite3\n"
            "journal = sqlite3.connect('file:/var/lib/mxverdict/journal.sqlite?mode=ro', uri=True)\n"
            "print(*(row[0] for row in journal.execute('SELECT state FROM windows ORDER BY id')))\n"
        )
        return self.run(self.python, "-c", reader).stdout.split()

    def exempt(self) -> list[str]:
        """The lines of the list that a whitelist window writes to, read from outside the machine."""
        return (self.disk / "etc/senderverifybypasshosts").read_text().splitlines()

    def delays(self) -> int:
        """How many delay stanzas the configuration of Exim has: 3 is on, 0 is off."""
        return (self.disk / "etc/exim.conf").read_text().count("# BEGIN INSERT delay_unknown_hosts")

    def greets(self, address: str = TESTER, patience: float = 5.0) -> bool:
        """Whether a visitor from that address is greeted before it loses patience."""
        command = [
            sys.executable, "-m", "tests.sandbox.visit", network.SERVER_IPV4,
            "--source", address, "--patience", patience, "--json",
        ]  # fmt: skip
        visit = subprocess.run(
            network.enter(self.outside, command), capture_output=True, text=True, cwd=REPOSITORY, check=True
        )
        return "220 " in json.loads(visit.stdout)["transcript"]

    def state(self) -> dict[str, tuple[object, ...]]:
        """Every file that is not the running system's own, for a comparison."""
        return dict(self.files(without=_VOLATILE))
